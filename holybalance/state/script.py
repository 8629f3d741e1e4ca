"""
Owns an exchange as a script that Redis runs, whole and alone.

It does what `tables` and `sums` do. All keys share one hash tag, so that they lie on
one node of a cluster. What money depends on is in one key, the generation included:
a server that evicts it forgets both, and is seen to have forgotten.

Money is written as text, for Redis's JSON shortens numbers to 14 digits; up to 2^53,
Lua's numbers, which are doubles, count it exactly.
"""

from __future__ import annotations

KEYS = ("ledger", "heard", "gone", "buckets", "rests")
"""
What each key holds:

- ledger: a hash of the generation, when it was born, and by prefix "account:" what is
  spent, restored, held and when it was used and whether it is lasting; "holds:" a
  process's holds; "said:" its last number and answer; "returning:" whether it comes
  from another generation.
- heard: processes by when they were heard of; gone: the same of those that are no more.
- buckets: hash of levels and when they were so; rests: of beginnings and seconds.
"""
SCRIPT = """
local ledger, heard, gone, buckets, rests = unpack(KEYS)
local news = cjson.decode(ARGV[1])
local me, rules = news.process, news.rules
local looks = me == ''
local call = redis.call
local now = news.now
if now == cjson.null then
  local time = call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1e6
end

local function whole(number) return string.format('%.0f', number) end
local function exact(number) return string.format('%.17g', number) end
local function numbers(text)
  local found = {}
  for word in string.gmatch(text, '%S+') do found[#found + 1] = tonumber(word) end
  return unpack(found)
end

local function holds_of(process)
  local text = call('HGET', ledger, 'holds:' .. process)
  return text and cjson.decode(text) or {}
end
local function account_of(key)
  local text = call('HGET', ledger, 'account:' .. key)
  if not text then return {spent = 0, restored = 0, held = 0, used = now, lasts = 0} end
  local spent, restored, held, used, lasts = numbers(text)
  return {spent = spent, restored = restored, held = held, used = used, lasts = lasts}
end
local function keep(key, account)
  call('HSET', ledger, 'account:' .. key, table.concat({whole(account.spent),
    whole(account.restored), whole(account.held), exact(account.used), account.lasts},
    ' '))
end

local function let_go(process, is_spent)
  for key, text in pairs(holds_of(process)) do
    local amount, account = tonumber(text), account_of(key)
    if amount > 0 then
      account.held = account.held - amount
      if is_spent then account.spent = account.spent + amount end
      keep(key, account)
    end
  end
  call('HDEL', ledger, 'holds:' .. process, 'returning:' .. process)
  call('ZREM', heard, process)
  call('ZADD', gone, exact(now), process)
end

local function the_dead()
  return call('ZRANGEBYSCORE', heard, '-inf', '(' .. exact(now - rules.lease_s))
end
local function bury_the_dead()
  for _, process in ipairs(the_dead()) do
    if process ~= me then let_go(process, true) end
  end
  -- The server's clock was set back: nobody has been heard of in the future.
  for _, process in ipairs(call('ZRANGEBYSCORE', heard, '(' .. exact(now), '+inf')) do
    call('ZADD', heard, exact(now), process)
  end
end

local function draw(wish)
  local key, per_minute, want, back, lower_to = unpack(wish, 1, 5)
  if looks then return '0' end
  local burst = math.max(1, rules.burst_share * per_minute)
  local level, stamp = burst, now
  local text = call('HGET', buckets, key)
  if text then level, stamp = numbers(text) end
  level = math.min(burst, level + math.max(0, now - stamp) * per_minute / 60)
  level = math.min(burst, level + back)
  if lower_to ~= cjson.null then level = math.min(level, lower_to) end
  local granted = math.min(want, math.max(0, level))
  call('HSET', buckets, key, exact(level - granted) .. ' ' .. exact(now))
  return exact(granted)
end

local function account_seen(key, dead_holds)
  local account = account_of(key)
  local lost = tonumber(dead_holds[key] or 0)
  return {'0', whole(account.spent + lost), whole(account.held - lost), '0'}
end

local function claim(wish, holds, is_returning, withholds)
  local key, limit, need, extra, spent, back, held, seen = unpack(wish, 1, 8)
  local over, lasts = wish[9], wish[10]
  local account, mine = account_of(key), tonumber(holds[key] or 0)
  if is_returning and not holds[key] then
    -- What it holds is in the others' `seen`, and is taken out of what that has become.
    local raised = math.max(0, seen + held - account.restored)
    account.restored = account.restored + raised
    account.spent = math.max(0, account.spent + raised - held)
    account.held, mine = account.held + held, held
  end
  spent = math.min(spent, mine)
  back = math.min(back, mine - spent)
  account.spent = account.spent + spent + over
  account.held, mine = account.held - spent - back, mine - spent - back
  local granted, left = 0, math.max(0, limit - account.spent - account.held)
  if need <= left and not withholds then granted = math.min(need + extra, left) end
  account.held, mine = account.held + granted, mine + granted
  if news.is_leaving then account.held, mine = account.held - mine, 0 end
  account.used, account.lasts = now, lasts
  keep(key, account)
  holds[key] = whole(mine)
  return {whole(granted), whole(account.spent), whole(account.held), holds[key]}
end

local function rests_left()
  local found, stored = {}, call('HGETALL', rests)
  for i = 1, #stored, 2 do
    local begun, seconds = numbers(stored[i + 1])
    local left = seconds - math.max(0, now - begun)
    if left > 0 then found[stored[i]] = left end
    if not looks and left <= 0 then call('HDEL', rests, stored[i]) end
    -- Begun in the future, before the clock was set back: it would never end.
    if not looks and begun > now then
      call('HSET', rests, stored[i], exact(now) .. ' ' .. exact(left))
    end
  end
  return found
end
local function exchange_rests()
  for _, key in ipairs(news.lifted) do call('HDEL', rests, key) end
  local found, longest = rests_left(), 0
  for _, rest in ipairs(news.rests) do
    local key, seconds = rest[1], rest[2]
    if seconds > (found[key] or 0) then
      found[key] = seconds
      call('HSET', rests, key, exact(now) .. ' ' .. exact(seconds))
    end
  end
  for _, left in pairs(found) do longest = math.max(longest, left) end
  call('EXPIRE', rests, math.ceil(longest) + 60)
  return found
end

local function prune()
  local silent = exact(now - rules.lease_s - rules.forget_after_s)
  for _, process in ipairs(call('ZRANGEBYSCORE', gone, '-inf', '(' .. silent)) do
    call('ZREM', gone, process)
    call('HDEL', ledger, 'said:' .. process)
  end
  local last = tonumber(call('HGET', ledger, 'pruned') or 0)
  if now >= last and now - last < rules.prune_every_s then return end
  local is_lasting, stored = false, call('HGETALL', ledger)
  for i = 1, #stored, 2 do
    if string.sub(stored[i], 1, 8) == 'account:' then
      local _, _, held, used, lasts = numbers(stored[i + 1])
      is_lasting = is_lasting or lasts == 1
      if lasts == 0 and held == 0 and now - used > rules.keep_money_s then
        call('HDEL', ledger, stored[i])
      end
    end
  end
  stored = call('HGETALL', buckets)
  for i = 1, #stored, 2 do
    local _, stamp = numbers(stored[i + 1])
    if now - stamp > rules.keep_bucket_s then call('HDEL', buckets, stored[i]) end
  end
  call('HSET', ledger, 'pruned', exact(now))
  call('HSET', ledger, 'lasting', is_lasting and '1' or '0')
end

local function put_off_the_end()
  local is_lasting = call('HGET', ledger, 'lasting') == '1'
  for _, wish in ipairs(news.claims) do is_lasting = is_lasting or wish[10] == 1 end
  if is_lasting then call('HSET', ledger, 'lasting', '1') end
  for _, key in ipairs({ledger, heard, gone}) do
    if is_lasting then call('PERSIST', key)
    else call('EXPIRE', key, rules.keep_money_s) end
  end
  call('EXPIRE', buckets, rules.keep_bucket_s)
end

local function each(wishes, grant)
  local answers = {}
  for i, wish in ipairs(wishes) do answers[i] = grant(wish) end
  return answers
end

local generation = call('HGET', ledger, 'generation')
local function answer(processes, drawn, accounts, left)
  local texts = {}
  for key, seconds in pairs(left) do texts[key] = exact(seconds) end
  return cjson.encode({generation or '', processes, drawn, accounts, texts})
end

if looks then
  local dead_holds, dead = {}, the_dead()
  for _, process in ipairs(dead) do
    for key, text in pairs(holds_of(process)) do
      dead_holds[key] = tonumber(dead_holds[key] or 0) + tonumber(text)
    end
  end
  return answer(call('ZCARD', heard) - #dead, each(news.draws, draw),
    each(news.claims, function(wish) return account_seen(wish[1], dead_holds) end),
    rests_left())
end

if not generation then
  generation = news.new_generation
  call('HSET', ledger, 'generation', generation)
  call('HSET', ledger, 'born', exact(now))
end
local said = call('HGET', ledger, 'said:' .. me)
if said then
  local number, text = string.match(said, '^(%d+) (.*)$')
  if tonumber(number) >= news.number then return text end
elseif news.generation ~= '' and news.generation ~= generation then
  call('HSET', ledger, 'returning:' .. me, '1')
end

bury_the_dead()
local age = now - tonumber(call('HGET', ledger, 'born'))
local withholds = news.is_leaving or (age >= 0 and age < rules.grace_s)
local is_returning = call('HGET', ledger, 'returning:' .. me) == '1'
local holds = holds_of(me)
local drawn = each(news.draws, draw)
local accounts = each(news.claims, function(wish)
  return claim(wish, holds, is_returning, withholds)
end)
if next(holds) then call('HSET', ledger, 'holds:' .. me, cjson.encode(holds)) end
if news.is_leaving then
  let_go(me, false)
else
  call('ZREM', gone, me)
  call('ZADD', heard, exact(now), me)
end
local text = answer(call('ZCARD', heard), drawn, accounts, exchange_rests())
call('HSET', ledger, 'said:' .. me, whole(news.number) .. ' ' .. text)
prune()
put_off_the_end()
return text
"""
