"""
Owns what a wire format is: what it is given to write, and what it makes of answers.

Each format is a package with the attributes of `WireFormat`. Inside the library all
requests, replies and pieces of streams have OpenAI's shape; a format translates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from holybalance.messages import Outcome
from holybalance.wire.sse import Event
from holybalance.wire.transport import Response

Chunk = dict[str, Any]
"""A piece of a stream, in the shape of OpenAI's `chat.completion.chunk`."""


class Manner(NamedTuple):
    """
    How a request is to be written for one endpoint.

    Args:
        model: what the upstream calls the model.
        max_output: tokens that an answer of it has at most; `None` where unknown.
        drops: leave out the options that the provider does not have; else refuse them.
        asks_usage: a stream asks for its usage, where it would not come by itself.
        dialect: whose variety of OpenAI's format it is; empty where nobody knows.
    """

    model: str
    max_output: int | None = None
    drops: bool = False
    asks_usage: bool = True
    dialect: str = ""


class Written(NamedTuple):
    """
    A request as it is sent.

    Args:
        path: appended to the endpoint's base URL.
        dropped: what was left out since the provider cannot do it, for people.
    """

    path: str
    body: bytes
    dropped: tuple[str, ...] = ()


class UnsupportedError(Exception):
    """
    A request asks for what a provider cannot do; says so for people.

    Args:
        why: such as "Anthropic has no seed".
        may_drop: whether it would go without, with `on_unsupported = "drop"`.
    """

    def __init__(self, why: str, *, may_drop: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.may_drop = may_drop


class InBandError(Exception):
    """A stream told of an error, or was no stream of its format."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


class ChunkReader(Protocol):
    """Reads one stream; made anew for each."""

    HAS_MARKER: bool
    """Whether nothing of an answer comes after the format's end marker."""

    @property
    def is_ended(self) -> bool:
        """
        Whether nothing is missing, as far as the stream itself tells.

        Without a marker of its own, the end of HTTP has to come as well.
        """

    def read(self, event: Event) -> Sequence[Chunk]:
        """
        Translate an event into none, one or several pieces.

        Raises:
            InBandError: the event is an error, or is not of this format.
        """


class Chat(Protocol):
    """How a format chats; a module does."""

    def encode(self, request: Any, manner: Manner) -> Written:
        """
        Write a `ChatRequest`, for a stream where its options say so.

        Raises:
            UnsupportedError: it asks for what the provider cannot do.
            RequestError: something in it is not as it must be.
        """

    def decode(self, response: Response, now: float | None = None) -> Outcome:
        """
        Read a whole answer, good or bad.

        Args:
            now: the wall clock, seconds since the epoch; `None` reads it if needed.
        """

    def reader(self) -> ChunkReader:
        """Make what reads a stream."""


class Embeddings(Protocol):
    """How a format embeds; a module does."""

    def encode(self, request: Any, manner: Manner) -> Written:
        """Write an `EmbedRequest`; raises as `Chat.encode`."""

    def decode(self, response: Response, now: float | None = None) -> Outcome:
        """Read a whole answer, good or bad."""


class WireFormat(Protocol):
    """
    A provider's wire format; a package does.

    `chat` and `embeddings` are modules; `embeddings` is `None` where there are none.
    """

    PROVIDER: str
    """What people call whoever made the format."""
    MODELS_PATH: str
    chat: Chat
    embeddings: Embeddings | None

    def headers(self) -> dict[str, str]:
        """Give the headers that say what we speak; logging in is not the format's."""

    def decode_models(self, response: Response) -> frozenset[str] | None:
        """Read the names in a list of models; `None` where there is no such list."""


class Gaps:
    """
    Gathers what a provider cannot do of one request, so that all is said at once.

    Args:
        provider: what people call it.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._options: list[str] = []
        self._contents: list[str] = []

    def note_option(self, name: str) -> None:
        """Take note of an option, which may be left out where that is wanted."""
        self._options.append(name)

    def note_content(self, what: str) -> None:
        """Take note of a part of the messages, which mean another thing without it."""
        self._contents.append(what)

    def settle(self, *, drops: bool) -> tuple[str, ...]:
        """
        Give the options to be left out.

        Raises:
            UnsupportedError: there are some that may not be.
        """
        lacking = dict.fromkeys(self._contents + ([] if drops else self._options))
        if lacking:
            why = f"{self._provider} has no {', '.join(lacking)}"
            raise UnsupportedError(why, may_drop=not self._contents)
        return tuple(dict.fromkeys(self._options))


def without_nones(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not set."""
    return {name: value for name, value in values.items() if value is not None}
