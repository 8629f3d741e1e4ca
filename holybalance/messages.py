"""Owns the frozen values that cross seams; knows no socket, clock or policy."""

from __future__ import annotations

import array
import base64
import enum
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple


class Verdict(enum.Enum):
    """
    What one attempt came to, and so who is to blame for it.

    `holybalance.balancing.verdict.judge` is the only place that decides on one;
    retries, breakers, cool-downs, metrics and exit codes obey it.
    """

    OK = "ok"
    CALLER = "caller"
    TOO_LONG = "too_long"
    REFUSED = "refused"
    NO_MODEL = "no_model"
    DENIED = "denied"
    EXHAUSTED = "exhausted"
    THROTTLED = "throttled"
    SICK = "sick"
    MALFORMED = "malformed"
    LOST = "lost"
    LATE = "late"
    BUDGET = "budget"
    LOCAL = "local"

    # Every attempt looks verdicts up in tables; members are singletons, so identity
    # will do, and it spares each look-up a call of Enum's own `__hash__`.
    __hash__ = object.__hash__


class Fault(enum.Enum):
    """How an exchange failed where HTTP has no status for it."""

    UNREACHABLE = "unreachable"
    """Nothing was sent: DNS, connect, proxy or TLS failed, or connect timed out."""
    BROKEN = "broken"
    """The connection broke while the request was still being sent."""
    NO_ANSWER = "no_answer"
    """The request was sent whole, then came a reset, an end or a long silence."""
    CUT = "cut"
    """The answer began and then ended before it was complete."""
    GARBLED = "garbled"
    """The answer broke HTTP or the wire format, or went over a byte cap."""
    DEADLINE = "deadline"
    """The caller's own deadline came first."""
    CONNECTING = "connecting"
    """The caller's own deadline came while connecting: nothing was sent."""
    OUTRUN = "outrun"
    """Another attempt at the same call was faster."""
    LOCAL = "local"
    """This machine could not: no file descriptor, no port, no memory."""
    GIVEN_UP = "given_up"
    """The client was closed, or the interpreter is ending."""


class Problem(enum.Enum):
    """What an upstream's error is about, where its status alone does not tell."""

    CONTEXT_LENGTH = "context_length"
    """The prompt does not fit the model's context window."""
    CONTENT_POLICY = "content_policy"
    """The upstream refuses the content."""
    QUOTA = "quota"
    """The key's money or long-term quota is used up."""
    NO_MODEL = "no_model"
    """The endpoint does not have the model."""


class Extras(NamedTuple):
    """What one request is sent with besides its body: headers, and query parameters."""

    headers: Mapping[str, str] = {}
    query: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What every call has, whatever it asks for.

    Args:
        model: the caller's name for the model, not yet an upstream's.
        timeout_s: seconds for the whole call, retries and waiting included.
        options: further OpenAI parameters, passed through as they are.
        session: calls of one session prefer one endpoint (prompt caches).
        tags: the user's own words for the call, for routes and budgets.
        max_attempts: tries, the first included; `None` for the configured number.
        extras: sent with each try; they may hold secrets.
    """

    model: str
    timeout_s: float
    options: Mapping[str, Any] = field(default_factory=dict)
    session: str | None = None
    tags: tuple[str, ...] = ()
    max_attempts: int | None = None
    extras: Extras | None = field(default=None, repr=False)

    operation: ClassVar[str]
    """What is asked for, as wire formats name it."""

    @property
    def is_stream(self) -> bool:
        """Whether the answer is to come in pieces."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest(Request):
    """
    One chat call as the caller meant it; a stream where `options` say `stream`.

    Args:
        messages: OpenAI-shaped messages, at least one.
        max_cost_usd: models that are expected to cost more are left out.
        max_latency_s: models that are expected to take longer are left out.
    """

    messages: tuple[Mapping[str, Any], ...]
    max_cost_usd: float | None = None
    max_latency_s: float | None = None

    operation: ClassVar[str] = "chat"

    @property
    def is_stream(self) -> bool:
        """Whether the answer is to come in pieces."""
        return bool(self.options.get("stream"))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedRequest(Request):
    """
    One call for embeddings.

    Args:
        inputs: as OpenAI takes them: a text, several texts, a text as a list of token
            ids, or several of those.
    """

    inputs: str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]

    operation: ClassVar[str] = "embeddings"

    @property
    def count(self) -> int:
        """How many vectors are asked for."""
        if isinstance(self.inputs, str) or isinstance(self.inputs[0], int):
            return 1
        return len(self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """
    Tokens of one reply, as the upstream counted them.

    `cached_tokens`, read from a prompt cache, and `cache_write_tokens`, written to one,
    are part of `input_tokens`; `reasoning_tokens` are part of `output_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


class RateLimits(NamedTuple):
    """
    What an upstream's headers say is left; `None` where they say nothing.

    `wait_s` is for how long to stay away, in seconds from the moment of the reply,
    since a window is empty; 0 when none is.
    """

    requests_left: int | None = None
    tokens_left: int | None = None
    wait_s: float = 0.0


class Outcome(NamedTuple):
    """
    One attempt as the wire saw it, in terms that no provider owns.

    Either `fault` is set, or `status` is. `body` is the OpenAI-shaped reply and is
    set only when the answer was whole and well-formed; a `problem` beside it is that
    the model refused the content. `error` is what the upstream says of a
    failure, in OpenAI's shape. `connect_s` are seconds spent on a new connection, 0 on
    a kept-alive one; `first_token_s`, those from the attempt's begin to a stream's
    first token.
    """

    # A named tuple, for one is made with every attempt, and a frozen dataclass takes
    # five times as long to make.

    status: int | None = None
    fault: Fault | None = None
    body: Mapping[str, Any] | None = None
    usage: Usage | None = None
    problem: Problem | None = None
    code: str | None = None
    message: str = ""
    retry_after_s: float | None = None
    rate_limits: RateLimits | None = None
    request_id: str | None = None
    connect_s: float = 0.0
    headers: Mapping[bytes, bytes] = {}
    error: Mapping[str, Any] | None = None
    first_token_s: float | None = None


class Rejection(NamedTuple):
    """
    What an upstream said that gave no reply.

    Args:
        error: OpenAI-shaped, with `message`, `type`, `param` and `code` as far as it
            said them, and what it said besides.
        head: its HTTP headers as they came.
    """

    status: int
    error: Mapping[str, Any]
    head: Mapping[bytes, bytes] = {}

    @property
    def headers(self) -> dict[str, str]:
        """Its HTTP headers, their names in lower case."""
        return texts_of(self.head)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at one endpoint, for people who want to know what happened."""

    endpoint: str
    verdict: Verdict
    latency_s: float
    status: int | None = None
    code: str | None = None
    message: str = ""
    request_id: str | None = None

    def __str__(self) -> str:
        status = f" {self.status}" if self.status is not None else ""
        message = f": {self.message}" if self.message else ""
        return (
            f"{self.endpoint} {self.verdict.value}{status} "
            f"after {self.latency_s:.3f} s{message}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    A whole, well-formed answer.

    Args:
        body: the answer in OpenAI's chat-completion shape, nothing left out.
        model: the model's name as the caller knows it.
        endpoint: the name of the endpoint that answered.
        usage: tokens, or `None` where the upstream did not say.
        cost_usd: US dollars, or `None` where usage or price is unknown.
        latency_s: seconds for the whole call, waiting and retries included.
        first_token_s: seconds to the first token; `None` for a whole reply.
        attempts: every try, the last one being the answer.
        request_id: the upstream's id for the request, if it sent one.
        index: the place of the prompt in what `Client.map` was given, from 0.
        head: the answer's HTTP headers as they came; see `headers`.
    """

    body: Mapping[str, Any]
    model: str
    endpoint: str
    usage: Usage | None
    cost_usd: float | None
    latency_s: float
    first_token_s: float | None = None
    attempts: tuple[Attempt, ...] = ()
    request_id: str | None = None
    index: int | None = None
    head: Mapping[bytes, bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def headers(self) -> dict[str, str]:
        """The answer's HTTP headers, their names in lower case."""
        return texts_of(self.head)

    @property
    def _message(self) -> Mapping[str, Any]:
        message: Mapping[str, Any] = self.body["choices"][0]["message"]
        return message

    @property
    def text(self) -> str:
        """The first choice's text; empty when it has none, as with tool calls."""
        content = self._message.get("content") or ""
        return content if isinstance(content, str) else "".join(_texts(content))

    @property
    def tool_calls(self) -> list[Mapping[str, Any]]:
        """The first choice's tool calls, OpenAI-shaped; empty when it has none."""
        return self._message.get("tool_calls") or []

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped: stop, length, tool_calls, content_filter …"""
        reason: str | None = self.body["choices"][0].get("finish_reason")
        return reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """
    One vector for each input; see `Reply` for what both have.

    Args:
        body: the answer in OpenAI's shape of a list of embeddings, nothing left out.
    """

    body: Mapping[str, Any]
    model: str
    endpoint: str
    usage: Usage | None
    cost_usd: float | None
    latency_s: float
    attempts: tuple[Attempt, ...] = ()
    request_id: str | None = None
    index: int | None = None
    head: Mapping[bytes, bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def headers(self) -> dict[str, str]:
        """The answer's HTTP headers, their names in lower case."""
        return texts_of(self.head)

    @property
    def vectors(self) -> list[list[float]]:
        """The vectors in the order of the inputs; base64 is decoded."""
        entries = sorted(self.body["data"], key=_place)
        return [floats_of(entry["embedding"]) for entry in entries]


class Delta(NamedTuple):
    """A piece of a stream, in the shape of OpenAI's `chat.completion.chunk`."""

    chunk: Mapping[str, Any]

    @property
    def text(self) -> str:
        """What it adds to the first choice's text; often nothing."""
        return self._said("content")

    @property
    def reasoning(self) -> str:
        """What it adds to the first choice's reasoning, where that is shown."""
        return self._said("reasoning_content") or self._said("reasoning")

    @property
    def tool_calls(self) -> list[Mapping[str, Any]]:
        """Pieces of the first choice's tool calls, each with its `index`."""
        return self._delta.get("tool_calls") or []

    @property
    def finish_reason(self) -> str | None:
        """Why the first choice ends here; `None` as long as it goes on."""
        reason: str | None = self._first.get("finish_reason")
        return reason

    @property
    def _first(self) -> Mapping[str, Any]:
        for choice in self.chunk.get("choices") or ():
            if isinstance(choice, Mapping) and not choice.get("index"):
                return choice
        return {}

    @property
    def _delta(self) -> Mapping[str, Any]:
        delta = self._first.get("delta")
        return delta if isinstance(delta, Mapping) else {}

    def _said(self, name: str) -> str:
        text = self._delta.get(name)
        return text if isinstance(text, str) else "".join(_texts(text))


def _place(entry: Mapping[str, Any]) -> int:
    """Give an embedding's place; those of servers that tell none stay as they came."""
    index = entry.get("index")
    return index if isinstance(index, int) else 0


def texts_of(head: Mapping[bytes, bytes]) -> dict[str, str]:
    """Read HTTP headers as texts."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in head.items()
    }


def floats_of(embedding: Any) -> list[float]:
    """Read a vector: a list of numbers, or the base64 of little-endian float32s."""
    if not isinstance(embedding, str):
        return list(embedding)
    floats = array.array("f", base64.b64decode(embedding))
    if sys.byteorder == "big":
        floats.byteswap()
    return floats.tolist()


def _texts(parts: Any) -> Iterator[str]:
    """Give the texts in a message's content that is a list of parts."""
    for part in parts if isinstance(parts, list) else ():
        if isinstance(part, Mapping) and isinstance(part.get("text"), str):
            yield part["text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCheck:
    """
    What came of asking one endpoint for its models.

    Args:
        is_ok: it answered and took the key.
        status: the HTTP status, `None` when there was no answer.
        latency_s: seconds to the answer or to the failure, connecting included.
        message: what is wrong, or worth knowing; empty when all is well.
        missing: configured models that the endpoint does not list.
    """

    name: str
    base_url: str
    is_ok: bool
    status: int | None
    latency_s: float
    message: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    A model that a call may go to.

    Args:
        score: from 0 to 1 by the decision's strategy; `None` where an order was given.
        cost_usd: what the call is expected to cost there; `None` when unknown.
        latency_s: the seconds that it is expected to take; `None` when unknown.
        reasons: what spoke for its place, or is worth knowing, for people.
    """

    model: str
    score: float | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A model that a call may not go to, and why not, for people."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    Which models a call goes to, and why.

    Args:
        requested: the model, alias or "auto" that the caller named.
        decided_by: what the choice was made by, for people: "the caller", "alias fast",
            'route 1 (task "code")', "budget daily", "strategy balanced".
        strategy: what ordered the choices; `None` where an order was given.
        task: what the prompt is about; `None` where nobody asked.
        evidence: what spoke for that task.
        input_tokens: estimated.
        output_tokens: what the request allows, or what is usual.
        choices: in the order in which they are tried; the first is chosen.
        rejected: the others, with the reason of each.
        budgets: a line about each budget that the call falls under.
    """

    requested: str
    decided_by: str
    strategy: str | None
    task: str | None
    evidence: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    choices: tuple[Choice, ...]
    rejected: tuple[Rejected, ...]
    budgets: tuple[str, ...] = ()

    @property
    def model(self) -> str | None:
        """The chosen model; `None` where none is left."""
        return self.choices[0].model if self.choices else None
