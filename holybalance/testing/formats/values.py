"""Owns what the wire formats have in common: what is asked, what is said, and how."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, Protocol

from holybalance.testing.throttle import Level

Tell = Callable[[int, str], bytes]
"""Makes an event of a piece: of which choice, and its text."""

_UNKNOWN = "unknown"


class Asked(NamedTuple):
    """
    What a reply depends on in a chat request; the defaults are an unreadable one's.

    Args:
        model: the model's name.
        texts: the text of each message, the last one's last.
        is_stream: whether the reply is to come in pieces.
        shows_usage: whether a stream is to tell its usage.
        choices: how many replies are asked for.
        is_result: whether the last message is a tool's result.
    """

    model: str = _UNKNOWN
    texts: Sequence[str] = ("",)
    is_stream: bool = False
    shows_usage: bool = True
    choices: int = 1
    is_result: bool = False


class Said(NamedTuple):
    """
    What a reply says, before it has a format.

    Args:
        request_id: what the ids in it are made of.
        model: the model's name.
        text: the text; "" where a tool is called.
        tool_call: the `name` and the `arguments` of a call; `None`: there is none.
        prompt_tokens: the usage to report.
        completion_tokens: the usage to report, of all choices.
        choices: how often all this is said.
        shows_usage: whether a stream is to tell its usage.
    """

    request_id: str
    model: str
    text: str
    tool_call: Mapping[str, Any] | None
    prompt_tokens: int
    completion_tokens: int
    choices: int = 1
    shows_usage: bool = True

    @property
    def in_one(self) -> str:
        """What a stream tells in pieces: the text, or the arguments of the call."""
        return self.text if self.tool_call is None else arguments_of(self.tool_call)


class Wanted(NamedTuple):
    """
    What the vectors depend on in a request for some; the defaults as in `Asked`.

    Args:
        model: the model's name.
        inputs: what each vector is made of.
        tokens: the usage to report.
        dimensions: how many numbers each vector has; `None`: as many as usual.
        is_base64: whether the numbers are to be packed.
    """

    model: str = _UNKNOWN
    inputs: Sequence[bytes] = (b"",)
    tokens: int = 0
    dimensions: int | None = None
    is_base64: bool = False


class Failure(NamedTuple):
    """
    What an error object tells.

    Args:
        status: the HTTP status, 400 or more.
        message: for people.
        code: for programs, as OpenAI names it.
        request_id: the request's.
        retry_after: seconds to wait, or whatever was chosen in their place.
    """

    status: int
    message: str
    code: str | None = None
    request_id: str = ""
    retry_after: str | None = None


class Telling(NamedTuple):
    """
    A reply as the events of a stream; each is made when it is sent.

    Args:
        opening: what comes before the first piece.
        texts: what the reply consists of; many streams may share them.
        tell: makes an event of a piece: of which choice, and its text.
        closing: what comes after the last piece; the end marker is the last.
        chatter: what says nothing but that the connection lives.
        garbage: an event that is none of the format.
        choices: how often all is told, by turns.
    """

    opening: Sequence[bytes]
    texts: Sequence[str]
    tell: Tell
    closing: Sequence[bytes]
    chatter: bytes
    garbage: bytes
    choices: int = 1

    @property
    def piece_count(self) -> int:
        """How many pieces there are."""
        return len(self.texts) * self.choices

    @property
    def length(self) -> int:
        """How many events there are."""
        return len(self.opening) + self.piece_count + len(self.closing)

    def pieces(self) -> Iterator[bytes]:
        """The events that tell the reply."""
        for text in self.texts:
            for choice in range(self.choices):
                yield self.tell(choice, text)

    def events(self) -> Iterator[bytes]:
        """All of it."""
        return chain(self.opening, self.pieces(), self.closing)


class Format(Protocol):
    """A wire format, as the mock upstream speaks it; a module does."""

    REQUEST_ID: str
    """The header that carries the request's id."""
    WRONG_KEY: tuple[int, str, str]
    """Status, message and code of the answer to a wrong key."""

    def reply(self, said: Said) -> bytes:
        """Write the body of a whole reply."""

    def stream(self, said: Said, texts: Sequence[str]) -> Telling:
        """Tell a reply in these pieces."""

    def error(self, failure: Failure) -> bytes:
        """Write the body of an error."""

    def error_event(self, failure: Failure) -> bytes:
        """Write an error as it comes in the middle of a stream."""

    def limit_headers(self, level: Level) -> tuple[str, ...]:
        """Write the headers that tell how much of the rate limit is left."""

    def wait_headers(self, retry_after: str) -> tuple[str, ...]:
        """Write the headers that tell a throttled client when to come back."""


def arguments_of(tool_call: Mapping[str, Any]) -> str:
    """Write the arguments of a call as JSON, with spaces to break it at."""
    return json.dumps(tool_call["arguments"], ensure_ascii=False)
