"""Owns how the events of Anthropic's streams become OpenAI's chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from holybalance.wire.anthropic.assistant import (
    THINKING,
    call_of,
    message_of,
    text_of,
    without_nones,
)
from holybalance.wire.anthropic.errors import read_in_band
from holybalance.wire.anthropic.reply import finish_of, shaped
from holybalance.wire.failures import garbled, parse
from holybalance.wire.formats import Chunk, ChunkReader, InBandError
from holybalance.wire.shape import Json
from holybalance.wire.sse import Event


def reader() -> ChunkReader:
    """Make what reads a stream of events, up to its `message_stop`."""
    return Reader()


class Reader:
    """
    Reads one stream.

    Args:
        wall_clock: seconds since the epoch.
    """

    HAS_MARKER = True

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        self.is_ended = False
        self._wall_clock = wall_clock
        self._head: Json | None = None
        self._usage: Json = {}
        self._stop: Json = {}
        # By the number that the stream gives to each, in the order in which they came.
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._thoughts = 0
        self._handlers: dict[str, Callable[[Json], list[Chunk]]] = {
            "message_start": self._start,
            "content_block_start": self._start_block,
            "content_block_delta": self._grow_block,
            "content_block_stop": self._stop_block,
            "message_delta": self._end,
            "message_stop": self._finish,
        }

    def read(self, event: Event) -> Sequence[Chunk]:
        """
        Give the chunks that an event comes to; one of an unknown kind, to none.

        Raises:
            InBandError: it is an error, or is not of this format.
        """
        if self.is_ended:
            return ()
        document = parse(event.data)
        if not isinstance(document, dict):
            raise InBandError(garbled("an event of the stream is no JSON object"))
        kind = document.get("type")
        if kind == "error" or document.get("error"):
            raise InBandError(read_in_band(document, event.data))
        handle = self._handlers.get(kind) if isinstance(kind, str) else None
        return () if handle is None else handle(document)

    def _start(self, document: Json) -> list[Chunk]:
        message = _object(document, "message")
        self._head = {
            "id": text_of(message, "id"),
            "object": "chat.completion.chunk",
            "created": int(self._wall_clock()),
            "model": text_of(message, "model"),
        }
        self._stop = without_nones(message)
        self._count(message)
        return [self._chunk({"role": "assistant"})]

    def _start_block(self, document: Json) -> list[Chunk]:
        block = _Block(_object(document, "content_block"))
        self._blocks[_number(document)] = block
        if block.kind == "tool_use":
            block.place = self._calls
            self._calls += 1
            call = call_of(block.value)
            call["function"]["arguments"] = ""
            return [self._chunk({"tool_calls": [{"index": block.place, **call}]})]
        if block.kind == "text":
            return self._said("content", text_of(block.value, "text"))
        if block.kind == "thinking":
            return self._said("reasoning_content", text_of(block.value, "thinking"))
        return []

    def _grow_block(self, document: Json) -> list[Chunk]:
        block = self._block(document)
        delta = _object(document, "delta")
        kind = delta.get("type")
        if kind == "text_delta":
            return self._said("content", block.add(delta, "text"))
        if kind == "thinking_delta":
            return self._said("reasoning_content", block.add(delta, "thinking"))
        if kind == "signature_delta":
            block.add(delta, "signature")
        elif kind == "citations_delta":
            block.citations.append(delta.get("citation"))
        elif kind == "input_json_delta":
            piece = block.add(delta, "partial_json")
            if piece and block.kind == "tool_use":
                return [self._arguments(block, piece)]
        return []

    def _stop_block(self, document: Json) -> list[Chunk]:
        return self._close(self._block(document))

    def _end(self, document: Json) -> list[Chunk]:
        delta = _object(document, "delta")
        self._stop |= without_nones(delta)
        self._count(document)
        return []

    def _finish(self, _: Json) -> list[Chunk]:
        """Bring the reason to finish, and then what it all took."""
        chunks = [c for block in self._blocks.values() for c in self._close(block)]
        chunks.append(self._chunk(self._kept(), finish_of(self._stop)))
        usage = shaped(self._usage) if self._usage else None
        if usage is not None:
            chunks.append({**self._begun(), "choices": [], "usage": usage})
        self.is_ended = True
        return chunks

    def _close(self, block: _Block) -> list[Chunk]:
        """Bring what can be told of a block only when it is whole."""
        if block.is_closed:
            return []
        block.is_closed = True
        if block.kind in THINKING:
            number = self._thoughts
            self._thoughts += 1
            whole = {"index": number, **block.whole()}
            return [self._chunk({"thinking_blocks": [whole]})]
        if block.kind == "tool_use" and not block.has_json:
            # Arguments have to be JSON, where there are none as well.
            call = call_of(block.value)
            return [self._arguments(block, call["function"]["arguments"])]
        return []

    def _kept(self) -> Json:
        """Give all blocks once more where the chunks do not bring them back."""
        blocks = [block.whole() for block in self._blocks.values()]
        if not all(block.is_json for block in self._blocks.values()):
            # A tool's input was cut, and what is not whole cannot be sent back.
            return {}
        kept = message_of(blocks).get("content_blocks")
        return {} if kept is None else {"content_blocks": kept}

    def _count(self, document: Json) -> None:
        """Take the counts so far; they are sums, and the later ones are right."""
        usage = document.get("usage")
        if isinstance(usage, dict):
            self._usage |= without_nones(usage)

    def _said(self, name: str, text: str) -> list[Chunk]:
        return [self._chunk({name: text})] if text else []

    def _arguments(self, block: _Block, piece: str) -> Chunk:
        call = {"index": block.place, "function": {"arguments": piece}}
        return self._chunk({"tool_calls": [call]})

    def _chunk(self, delta: Json, finish: Json | None = None) -> Chunk:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        return {**self._begun(), "choices": [{**choice, **(finish or {})}]}

    def _begun(self) -> Json:
        if self._head is None:
            raise InBandError(garbled("the stream does not begin with message_start"))
        return self._head

    def _block(self, document: Json) -> _Block:
        block = self._blocks.get(_number(document))
        if block is None:
            raise InBandError(garbled("a piece of a content block that never began"))
        return block


class _Block:
    """A content block, put together from its pieces."""

    def __init__(self, value: Json) -> None:
        self.value = without_nones(value)
        self.kind = value.get("type")
        self.citations: list[Any] = []
        self.is_closed = False
        # Among the tool calls.
        self.place = 0
        self._pieces: dict[str, list[str]] = {}

    @property
    def has_json(self) -> bool:
        """Whether an input came in pieces."""
        return any(self._pieces.get("partial_json", ()))

    @property
    def is_json(self) -> bool:
        """Whether the input, if it came in pieces, is whole."""
        return not self.has_json or isinstance(self._input(), dict)

    def add(self, delta: Json, name: str) -> str:
        """
        Take the next piece, and give it.

        Raises:
            InBandError: it is no text.
        """
        piece = delta.get(name)
        if not isinstance(piece, str):
            raise InBandError(garbled(f"a piece of the stream without its {name}"))
        self._pieces.setdefault(name, []).append(piece)
        return piece

    def whole(self) -> Json:
        """Give the block as it would have come in a whole reply."""
        value = dict(self.value)
        for name, pieces in self._pieces.items():
            if name != "partial_json":
                value[name] = text_of(value, name) + "".join(pieces)
        if self.has_json:
            value["input"] = self._input()
        if self.citations:
            known = value.get("citations")
            value["citations"] = [*(known or ()), *self.citations]
        return value

    def _input(self) -> Any:
        return parse("".join(self._pieces["partial_json"]).encode())


def _object(document: Json, name: str) -> Json:
    value = document.get(name)
    if not isinstance(value, dict):
        raise InBandError(garbled(f"an event of the stream without its {name}"))
    return value


def _number(document: Json) -> int:
    number = document.get("index")
    if not isinstance(number, int):
        raise InBandError(garbled("an event of the stream without its index"))
    return number
