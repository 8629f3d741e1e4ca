"""Owns how OpenAI's messages become Anthropic's `system` and `messages`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holybalance.wire.anthropic.assistant import blocks_of, tool_id
from holybalance.wire.anthropic.blocks import Notes, blocks, text_block
from holybalance.wire.anthropic.checks import (
    a_text,
    an_object,
    mistake,
    shown,
)
from holybalance.wire.formats import Gaps
from holybalance.wire.shape import Json

_BETWEEN_SYSTEM_TEXTS = "\n\n"
_PLAIN = frozenset({"type", "text"})
# What a tool's result can hold besides, by anthropic: types/tool_result_block_param.py.
_IN_RESULT = ("is_error", "toolset_name")
_MARKED = "<system>\n{}\n</system>"


class Conversation:
    """
    Takes a request's messages in their order.

    System messages before all others become `system`. Claude's thoughts are bound to
    all that came before them, `system` first, so that a later one must stay where it
    is (platform.claude.com, "Preserved thinking"): after the user's turn, which is
    where Anthropic takes them, or, where there is none, as a marked text of the user.
    Models that do not take them get them in `system`, and do not mind.

    Args:
        gaps: takes note of what Anthropic cannot do.
        hears_late: the model takes system messages among the others.
    """

    def __init__(self, gaps: Gaps, *, hears_late: bool = False) -> None:
        self._notes = Notes(gaps)
        self._hears_late = hears_late
        self._system: list[Json] = []
        # System messages whose place comes with the end of the user's turn.
        self._late: list[Json] = []
        self._messages: list[tuple[str, list[Json]]] = []

    def add(self, message: Any, where: str) -> None:
        """
        Take the next message.

        Raises:
            RequestError: something in it is not as it must be.
        """
        message = an_object(message, where)
        role = message.get("role")
        if role in ("system", "developer"):
            self.add_system(message.get("content"), f"{where}.content", message)
        elif role == "tool":
            # Its name, where it has one, is the function's, which the id tells.
            self._append("user", [self._tool_result(message, where)], message)
            return
        elif role == "user":
            found = blocks(message.get("content"), f"{where}.content", self._notes)
            self._append("user", found, message)
        elif role == "assistant":
            found = blocks_of(message, where, self._notes)
            self._append("assistant", found, message)
        elif role == "function":
            self._notes.content("messages of the role function")
        else:
            raise mistake(
                f"{where}.role is {shown(role)}; it must be one of system, developer, "
                "user, assistant and tool"
            )
        if message.get("name") is not None:
            self._notes.option("name in messages")

    def add_system(
        self, content: Any, where: str, message: Mapping[str, Any] | None = None
    ) -> None:
        """
        Take a text for `system`, or a list of them.

        Raises:
            RequestError: something in it is not as it must be.
        """
        found = blocks(content, where, self._notes)
        for block in found:
            if block.get("type") != "text":
                self._notes.content(f"{shown(block.get('type'))} in system messages")
        is_late = self._hears_late and bool(self._messages)
        (self._late if is_late else self._system).extend(_cached(found, message))

    def told(self) -> Json:
        """
        Give what the messages become.

        Raises:
            RequestError: there is nothing to answer.
        """
        if not self._messages:
            raise mistake(
                "messages has nothing to answer; Anthropic needs a message of the user "
                "with a text or other content"
            )
        self._place_late()
        messages = [
            {
                "role": role,
                "content": _joined(content) if role == "system" else _shortest(content),
            }
            for role, content in self._messages
        ]
        system = _joined(self._system)
        return {**({"system": system} if system else {}), "messages": messages}

    def _append(self, role: str, found: list[Json], message: Mapping[str, Any]) -> None:
        """Add to the last message where it is of the same role."""
        found = _cached(found, message)
        if not found:
            return
        if role == "assistant":
            self._place_late()
        if self._messages and self._messages[-1][0] == role:
            self._messages[-1][1].extend(found)
        else:
            self._messages.append((role, found))

    def _place_late(self) -> None:
        """
        Put late system messages after the user's turn, which ends here.

        What comes later never changes their place: all up to here was sent before.
        """
        late, self._late = self._late, []
        if not late:
            return
        if self._messages[-1][0] == "user":
            self._messages.append(("system", late))
        else:
            self._messages.append(("user", [_marked(block) for block in late]))

    def _tool_result(self, message: Mapping[str, Any], where: str) -> Json:
        content = message.get("content")
        found = blocks(content, f"{where}.content", self._notes)
        result = {
            "type": "tool_result",
            "tool_use_id": tool_id(
                message.get("tool_call_id"), f"{where}.tool_call_id"
            ),
            **{name: message[name] for name in _IN_RESULT if name in message},
        }
        return {**result, "content": _shortest(found)} if found else result


def _marked(block: Json) -> Json:
    """Make a system text one of the user's, and say what it was."""
    return {**block, "text": _MARKED.format(block.get("text"))}


def _cached(found: list[Json], message: Mapping[str, Any] | None) -> list[Json]:
    """Move a message's own `cache_control` to its last block, as Anthropic has it."""
    mark = None if message is None else message.get("cache_control")
    if mark is None or not found:
        return found
    return [*found[:-1], {**found[-1], "cache_control": mark}]


def _shortest(content: list[Json]) -> str | list[Json]:
    if len(content) == 1 and _is_plain(content[0]):
        return a_text(content[0]["text"], "text")
    return content


def _joined(texts: list[Json]) -> str | list[Json]:
    """Join neighbours that are plain; what is marked in some way stays a block."""
    joined: list[Json] = []
    for block in texts:
        if joined and _is_plain(block) and _is_plain(joined[-1]):
            text = joined[-1]["text"] + _BETWEEN_SYSTEM_TEXTS + block["text"]
            joined[-1] = text_block(text)
        else:
            joined.append(block)
    return _shortest(joined)


def _is_plain(block: Json) -> bool:
    return block.get("type") == "text" and block.keys() == _PLAIN
