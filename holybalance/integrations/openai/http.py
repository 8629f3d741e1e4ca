"""Owns what callers may see of HTTP: headers, request and response; sends nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import orjson

from holybalance.messages import Embeddings, Reply

T = TypeVar("T")


class Headers(Mapping[str, str]):
    """HTTP headers, whose names are the same in any case."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        given = {} if headers is None else headers
        self._by_name = {name.lower(): value for name, value in given.items()}

    def __getitem__(self, name: str) -> str:
        return self._by_name[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"Headers({self._by_name!r})"


class Request:
    """
    What was asked for, without its body and headers, which may hold secrets.

    Args:
        url: as far as it is known; a call of a pool may have gone anywhere.
    """

    def __init__(self, method: str = "POST", url: str = "") -> None:
        self.method = method
        self.url = url
        self.headers = Headers()

    def __repr__(self) -> str:
        return f"<Request({self.method!r}, {self.url!r})>"


class Response:
    """
    What was answered; of a body only what has been understood.

    Args:
        document: the body as JSON has it.
    """

    def __init__(
        self,
        status_code: int,
        headers: Mapping[str, str] | None = None,
        document: Any = None,
        request: Request | None = None,
    ) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)
        self.request = Request() if request is None else request
        self._document = document

    def __repr__(self) -> str:
        return f"<Response [{self.status_code} {self.reason_phrase}]>"

    @property
    def reason_phrase(self) -> str:
        """What the status means, in words."""
        try:
            return HTTPStatus(self.status_code).phrase
        except ValueError:
            return ""

    @property
    def url(self) -> str:
        """Where the request went, as far as that is known."""
        return self.request.url

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return HTTPStatus.OK <= self.status_code < HTTPStatus.MULTIPLE_CHOICES

    @property
    def content(self) -> bytes:
        """The body, written anew: the same document, if not byte for byte."""
        if isinstance(self._document, str):
            return self._document.encode()
        return b"" if self._document is None else orjson.dumps(self._document)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:
        """Give the body as JSON has it."""
        return orjson.loads(self.content)

    def read(self) -> bytes:
        """Give the body."""
        return self.content


class RawResponse(Generic[T]):
    """
    What `with_raw_response` gives: headers and status, and the answer on request.

    Args:
        parsed: the answer.
        reply: the library's own, where there is one already; a stream has none yet.
    """

    def __init__(
        self,
        http_response: Response,
        parsed: T,
        reply: Reply | Embeddings | None,
        read: Callable[[], Any],
    ) -> None:
        self.http_response = http_response
        self._parsed = parsed
        self._reply = reply
        self._read = read

    def __repr__(self) -> str:
        response = self.http_response
        return f"<APIResponse [{response.status_code} {response.reason_phrase}]>"

    def parse(self) -> T:
        """Give what the call without `with_raw_response` would have given."""
        return self._parsed

    @property
    def headers(self) -> Headers:
        """The answer's headers."""
        return self.http_response.headers

    @property
    def status_code(self) -> int:
        """The answer's status."""
        return self.http_response.status_code

    @property
    def request_id(self) -> str | None:
        """The upstream's id for the request."""
        return self.headers.get("x-request-id")

    @property
    def http_request(self) -> Request:
        """What was asked for."""
        return self.http_response.request

    @property
    def method(self) -> str:
        """How it was asked for."""
        return self.http_request.method

    @property
    def url(self) -> str:
        """Where it went."""
        return self.http_request.url

    @property
    def retries_taken(self) -> int:
        """How many attempts came before the one that was answered."""
        return 0 if self._reply is None else len(self._reply.attempts) - 1

    @property
    def elapsed(self) -> dt.timedelta:
        """How long the call took, waiting and retries included."""
        return dt.timedelta(seconds=self._reply.latency_s if self._reply else 0.0)

    @property
    def content(self) -> bytes:
        """The body, written anew: the same document, if not byte for byte."""
        return orjson.dumps(self._read())

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:
        """Give the body as JSON has it."""
        return orjson.loads(self.content)

    def read(self) -> bytes:
        """Give the body."""
        return self.content
