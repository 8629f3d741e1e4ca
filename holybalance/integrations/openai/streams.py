"""Owns a stream as the official package gives it: chunks, and nothing unasked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import holybalance.balancing.stream as balanced
from holybalance.errors import CallError
from holybalance.integrations.openai.calls import Calls
from holybalance.integrations.openai.http import Response
from holybalance.integrations.openai.types.chat.chat_completion_chunk import (
    ChatCompletionChunk,
)

_OK = 200


class Stream:
    """
    The chunks of one answer as they come; a context manager that frees what it holds.

    Args:
        hides_usage: the usage has been asked for without the caller's knowing.
    """

    def __init__(
        self, stream: balanced.Stream, calls: Calls, path: str, *, hides_usage: bool
    ) -> None:
        self.holybalance = stream
        self._calls = calls
        self._path = path
        self._hides_usage = hides_usage

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        """
        Wait for the next chunk.

        Raises:
            APIError: the stream broke off.
        """
        try:
            while True:
                chunk: Any = next(self.holybalance).chunk
                if not self._hides_usage:
                    return ChatCompletionChunk(chunk)
                if not _is_usage(chunk):
                    return ChatCompletionChunk(_without_null(chunk))
        except CallError as error:
            raise self._calls.translated(self._path, error) from None

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self.holybalance)

    @property
    def response(self) -> Response:
        """The answer's status and headers."""
        endpoint = self._calls.endpoint(self.holybalance.endpoint)
        request = self._calls.told(self._path)
        if endpoint is not None:
            request.url = endpoint.base_url + self._path
        return Response(_OK, self.holybalance.headers, None, request)

    def close(self) -> None:
        """End it now, whatever is missing; may be called again."""
        self.holybalance.close()


def hides_usage(calls: Calls, endpoint: str, options: Mapping[str, Any]) -> bool:
    """Tell whether a stream brings a usage that only the library has asked for."""
    asked = options.get("stream_options")
    if isinstance(asked, dict) and asked.get("include_usage"):
        return False
    settings = calls.endpoint(endpoint)
    # What an upstream tells by itself is the caller's.
    return settings is None or settings.format != "openai" or settings.stream_usage


def _is_usage(chunk: Mapping[str, Any]) -> bool:
    return not chunk.get("choices") and isinstance(chunk.get("usage"), dict)


def _without_null(chunk: dict[str, Any]) -> dict[str, Any]:
    if "usage" in chunk and chunk["usage"] is None:
        return {name: value for name, value in chunk.items() if name != "usage"}
    return chunk
