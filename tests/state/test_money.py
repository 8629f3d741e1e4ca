"""Accounts of money that processes share: claims, holds, deaths, lost memories."""

from __future__ import annotations

import random

import pytest

from holybalance.state.rules import MOST, Rules
from holybalance.state.store import Account, Claim, News
from tests.state.places import Place, Process, look


def test_a_claim_is_held(place: Place) -> None:
    """What is granted is held, and not yet spent."""
    assert Account(100, 0, 100, 100) == place.process().claim(100)


def test_a_need_is_granted_whole_or_not_at_all(place: Place) -> None:
    """Less than the need is of no use, and stays for others."""
    process = place.process()
    assert 0 == process.claim(1001, extra=5).granted
    assert 1000 == process.claim(1000).granted


def test_of_what_is_extra_a_part_is_granted(place: Place) -> None:
    """Beyond the need, what there is is given."""
    assert 1000 == place.process().claim(100, extra=5000).granted


def test_extra_needs_no_need(place: Place) -> None:
    """Who needs nothing may still stock up."""
    assert 300 == place.process().claim(extra=300).granted


def test_what_is_spent_moves_out_of_the_hold(place: Place) -> None:
    """Spent money is spent for good, and the rest is still held."""
    process = place.process()
    process.claim(100)
    assert Account(0, 30, 70, 70) == process.claim(spent=30)


def test_what_goes_back_is_there_for_others(place: Place) -> None:
    """Money that is not wanted any more is left again."""
    one, other = place.process(), place.process()
    one.claim(1000)
    assert 0 == other.claim(400).granted
    one.claim(spent=100, back=500)
    assert Account(400, 100, 800, 400) == other.claim(400)


def test_nobody_spends_or_gives_what_it_does_not_hold(place: Place) -> None:
    """More than the hold is not believed, spent before given back."""
    process = place.process()
    process.claim(100)
    assert Account(0, 100, 0, 0) == process.claim(spent=150, back=50)


def test_a_lowered_limit_grants_no_more(place: Place) -> None:
    """A limit below what is in use grants nothing and breaks nothing."""
    process = place.process()
    process.claim(600)
    assert Account(0, 0, 600, 600) == process.claim(1, limit=500)
    assert Account(0, 0, 600, 600) == process.claim(0, limit=500, extra=10)


def test_a_limit_beyond_counting_is_the_highest_that_counts(place: Place) -> None:
    """Nine million dollars are counted to the nano-dollar; more is not granted."""
    one, other = place.process(), place.process()
    assert MOST - 1 == one.claim(MOST - 1, limit=10**18).granted
    assert Account(1, 0, MOST, 1) == other.claim(extra=10**17, limit=10**18)
    assert Account(0, 1, MOST - 1, 0) == other.claim(spent=1, limit=10**18)


def test_accounts_are_apart(place: Place) -> None:
    """Claims are answered in their order, each from its own account."""
    process = place.process()
    claims = (Claim("a", 10, need=4), Claim("b", 10, need=20), Claim("a", 10, need=6))
    granted = [account.granted for account in process.say(claims=claims).accounts]
    assert [4, 0, 6] == granted


def test_namespaces_are_apart(shared_place: Place) -> None:
    """Users of one store with other namespaces see nothing of each other."""
    one = shared_place.process()
    one.claim(1000)
    other = shared_place.process(shared_place.rules._replace(namespace="oth{er}s é"))
    assert Account(1000, 0, 1000, 1000) == other.claim(1000)
    assert 1 == other.say().processes


def test_a_dead_process_has_spent_what_it_held(place: Place) -> None:
    """What was held by one not heard of for a lease is spent for good."""
    one, other = place.process(), place.process()
    one.claim(300)
    place.clock.now += 9
    assert Account(0, 0, 300, 0) == other.claim()
    place.clock.now += 2
    assert Account(0, 300, 0, 0) == other.claim()


def test_a_death_concerns_all_accounts_of_the_dead_alone(place: Place) -> None:
    """What others hold of them stays held, and other accounts stay as they are."""
    one, other = place.process(), place.process()
    names = ("a", "b", "c")
    one.say(claims=tuple(Claim(name, 1000, need=100) for name in names[:2]))
    other.say(claims=tuple(Claim(name, 1000, need=10) for name in names[1:]))
    place.clock.now += 11
    accounts = other.say(claims=tuple(Claim(name, 1000) for name in names)).accounts
    assert [(100, 0), (100, 10), (0, 10)] == [(a.spent, a.held) for a in accounts]


def test_one_given_up_reports_in_vain(place: Place) -> None:
    """Who was written off has nothing left, and its spending counts once."""
    one, other = place.process(), place.process()
    one.claim(300)
    place.clock.now += 11
    other.claim()
    assert Account(0, 300, 0, 0) == one.claim(spent=200, back=100, held=300)
    assert 50 == one.claim(50).granted


def test_one_that_is_late_and_not_missed_keeps_its_hold(place: Place) -> None:
    """Nobody was given what it holds, so nothing is lost."""
    process = place.process()
    process.claim(300)
    place.clock.now += 3600
    assert Account(0, 100, 200, 200) == process.claim(spent=100)


def test_a_leaving_process_gives_all_back(place: Place) -> None:
    """What it spent stays spent, what it held of any account goes back."""
    one, other = place.process(), place.process()
    one.say(claims=(Claim("elsewhere", 50, need=50),))
    one.claim(300)
    gone = one.say(claims=(Claim("account", 1000, need=9, spent=100),), is_leaving=True)
    assert (0, (Account(0, 100, 0, 0),)) == (gone.processes, gone.accounts)
    claims = (Claim("account", 1000), Claim("elsewhere", 50, need=50))
    answer = other.say(claims=claims)
    assert (Account(0, 100, 0, 0), Account(50, 0, 50, 50)) == answer.accounts


def test_the_living_are_counted(place: Place) -> None:
    """The dead and those who left are not among them."""
    one, other, third = place.process(), place.process(), place.process()
    assert [1, 2, 3] == [p.say().processes for p in (one, other, third)]
    assert 2 == third.say(is_leaving=True).processes
    place.clock.now += 9
    assert 2 == other.say().processes
    place.clock.now += 2
    assert (1, 1) == (look(place.store()).processes, other.say().processes)


def test_a_repeated_exchange_is_answered_as_before(place: Place) -> None:
    """The same number is the same exchange, whatever has happened since."""
    one, other = place.process(), place.process()
    one.claim(100, extra=50)
    first = one.repeat()
    other.claim(200)
    assert first == one.repeat()
    assert Account(0, 0, 350, 150) == one.claim()


def test_a_repeated_goodbye_is_answered_as_before(place: Place) -> None:
    """Also one who has left may not have heard the answer."""
    process = place.process()
    process.claim(100)
    answer = process.say(is_leaving=True)
    assert answer == process.repeat()
    assert Account(0, 0, 0, 0) == look(place.store()).accounts[0]


def test_an_old_exchange_comes_too_late(place: Place) -> None:
    """One that was on its way for long, and has been followed, is not made."""
    process = place.process()
    process.claim(100)
    old = process.last
    assert old is not None
    process.claim(spent=40)
    process.store.exchange(old)
    assert Account(0, 40, 60, 60) == process.claim()


def test_who_looks_changes_nothing(place: Place) -> None:
    """An observer sees what is spent and held, is granted nothing, and not counted."""
    process = place.process()
    process.claim(100)
    process.claim(spent=30)
    seen = look(place.store())
    assert (1, (Account(0, 30, 70, 0),)) == (seen.processes, seen.accounts)
    assert seen == look(place.store())
    assert Account(0, 30, 70, 70) == process.claim()


def test_who_looks_sees_the_dead_as_spent(place: Place) -> None:
    """Without anybody alive, too, a dead process's money is shown as lost."""
    place.process().claim(100)
    place.clock.now += 11
    assert (Account(0, 100, 0, 0),) == look(place.store()).accounts


def test_who_looks_first_finds_nothing(shared_place: Place) -> None:
    """Looking at a store that is not there yet does not make it."""
    store = shared_place.store()
    assert ("", 0, (Account(0, 0, 0, 0),)) == (
        look(store).generation,
        look(store).processes,
        look(store).accounts,
    )


def test_a_generation_stays(place: Place) -> None:
    """All processes hear of one generation, now and later."""
    one, other = place.process(), place.process()
    assert one.say().generation == other.say().generation == one.say().generation != ""


def test_a_lost_memory_is_another_generation(place: Place) -> None:
    """Who has forgotten says so."""
    process = place.process()
    before = process.say().generation
    place.forget()
    assert before != process.say().generation


def test_after_a_lost_memory_processes_put_back_what_they_know(place: Place) -> None:
    """What was spent and held is so again, and nothing is counted twice."""
    one, other = place.process(), place.process()
    one.claim(300)
    one.claim(spent=100)  # 100 spent, 200 held
    other.claim(50)
    one.claim()
    place.forget()
    assert Account(0, 150, 200, 200) == one.claim(held=200, seen=150)
    assert Account(0, 110, 240, 40) == other.claim(spent=10, held=50, seen=300)
    assert Account(650, 110, 890, 850) == one.claim(650)


def test_the_one_who_knows_most_is_believed(place: Place) -> None:
    """One that was asleep while others spent does not make less of it."""
    one, other = place.process(), place.process()
    one.claim(10)
    other.claim(500)
    other.claim(spent=500)
    place.forget()
    one.claim(held=10)
    assert Account(0, 500, 10, 0) == other.claim(held=0, seen=510)


def test_an_account_may_be_put_back_later(place: Place) -> None:
    """A process that first says other things is still believed, once."""
    process = place.process()
    process.claim(300)
    place.forget()
    process.say()
    assert Account(0, 100, 200, 200) == process.claim(spent=100, held=300)
    assert Account(0, 100, 200, 200) == process.claim(held=900, seen=900)


def test_what_was_put_back_and_given_up_is_not_put_back_again(place: Place) -> None:
    """Who is given up in a new generation reports in vain there, too."""
    one, other = place.process(), place.process()
    one.claim(300)
    place.forget()
    one.claim(held=300)
    place.clock.now += 11
    other.claim()
    assert Account(0, 300, 0, 0) == one.claim(held=300, seen=300)


def test_without_a_lost_memory_nothing_is_put_back(place: Place) -> None:
    """What a process says to know counts for nothing in the same generation."""
    process = place.process()
    process.say()
    assert Account(0, 0, 0, 0) == process.claim(held=100, seen=100)


@pytest.mark.parametrize("seed", range(10))
def test_whoever_returns_first_nothing_spent_is_forgotten(
    place: Place, seed: int
) -> None:
    """After many exchanges and a lost memory, no less is in use than before."""
    rng = random.Random(seed)
    ledgers = {place.process(): Account(0, 0, 0, 0) for _ in range(3)}

    def exchange(process: Process, need: int, spent: int = 0, back: int = 0) -> None:
        known = ledgers[process]
        seen = known.spent + known.held - known.mine
        ledgers[process] = process.claim(
            need, spent=spent, back=back, held=known.mine, seen=seen
        )

    for _ in range(20):
        process = rng.choice(list(ledgers))
        spent = rng.randint(0, ledgers[process].mine)
        back = rng.randint(0, ledgers[process].mine - spent)
        exchange(process, rng.randint(0, 200), spent, back)
    before = look(place.store()).accounts[0]
    place.forget()
    for process in rng.sample(list(ledgers), 3):
        exchange(process, 0)
    after = look(place.store()).accounts[0]
    assert before.held == after.held
    assert before.spent <= after.spent <= 1000 - after.held


def test_a_new_generation_gives_no_money_at_first(shared_place: Place) -> None:
    """Those who knew the one before come first; then money flows."""
    rules = Rules("grace", grace_s=0.5)
    process = shared_place.process(rules)
    assert Account(0, 0, 0, 0) == process.claim(100, extra=10)
    shared_place.clock.now += 0.4
    assert 0 == process.claim(100).granted
    shared_place.clock.now += 0.2
    assert 100 == process.claim(100).granted


def test_a_clock_that_begins_anew_withholds_nothing(shared_place: Place) -> None:
    """After a restart of the machine a store is not new for ever."""
    process = shared_place.process(Rules("grace", grace_s=0.5))
    process.say()
    shared_place.clock.now = 5.0
    assert 100 == process.claim(100).granted


def test_a_clock_that_begins_anew_ends_no_process(place: Place) -> None:
    """After a restart of the machine everybody counts as just heard of, once."""
    one, other = place.process(), place.process()
    one.claim(100)
    place.clock.now = 5.0
    assert Account(0, 0, 100, 0) == other.claim()
    place.clock.now += 9
    assert Account(0, 0, 100, 0) == other.claim()
    place.clock.now += 2
    assert Account(0, 100, 0, 0) == other.claim()


def test_old_accounts_are_forgotten_and_lasting_ones_are_not(place: Place) -> None:
    """After forty days without a claim an hour's account is gone, a total's is not."""
    process = place.process()
    hour, total = Claim("hour", 10, need=5), Claim("total", 10, need=5, is_lasting=True)
    process.say(claims=(hour, total))
    process.say(claims=(hour._replace(need=0, spent=5), total._replace(spent=5)))
    place.clock.now += 41 * 86400
    process.say()
    accounts = process.say(claims=(Claim("hour", 10), Claim("total", 10))).accounts
    assert (0, 5) == (accounts[0].spent, accounts[1].spent)


def test_an_account_in_use_is_kept(place: Place) -> None:
    """Money that is held is not forgotten, however old."""
    process = place.process()
    process.claim(5)
    for _ in range(2):
        place.clock.now += 41 * 86400
        process.say()
    assert Account(0, 0, 5, 5) == process.claim()


def test_odd_names_are_names(place: Place) -> None:
    """Spaces, quotes, braces and other scripts are no trouble; 7 is not a place."""
    store = place.store()
    for name in ("7", "a b", "q'\"uo;te", "{x}", "日本", "\0zero", "%s%d"):
        news = News(f"p {name}", 1, claims=(Claim(name, 10, need=1),), rests={name: 5})
        answer = store.exchange(news)
        assert (Account(1, 0, 1, 1),) == answer.accounts
        assert 5.0 == answer.rests[name]
