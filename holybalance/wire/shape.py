"""Owns OpenAI's shape of replies, into which every format's answers are turned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holybalance.messages import Usage

Json = dict[str, Any]

REFUSED = "content_filter"
"""The finish reason of an answer that the model or its guards broke off."""

# What a delta says once, though some servers say it with every piece.
_SAID_ONCE = frozenset({"role", "id", "type", "index", "name", "format"})
# What makes a message an answer; thoughts before it do not.
_ANSWERS = ("content", "refusal", "tool_calls", "function_call", "audio", "images")


def usage_of(document: Mapping[str, Any]) -> Usage | None:
    """Read the usage in a reply or in a piece of a stream; `None` without one."""
    usage = document.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt = usage.get("prompt_tokens_details")
    answer = usage.get("completion_tokens_details")
    return Usage(
        input_tokens=_count(usage, "prompt_tokens"),
        output_tokens=_count(usage, "completion_tokens"),
        cached_tokens=(
            (prompt and _count(prompt, "cached_tokens"))
            # DeepSeek's own name for it.
            or _count(usage, "prompt_cache_hit_tokens")
        ),
        reasoning_tokens=_count(answer, "reasoning_tokens") if answer else 0,
        cache_write_tokens=_count(prompt, "cache_write_tokens") if prompt else 0,
    )


def shaped_usage(usage: Usage) -> Json:
    """Write a usage in OpenAI's shape."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def flaw_of_vectors(body: Mapping[str, Any], count: int) -> str | None:
    """Say what keeps embeddings from being one for each input; `None` if nothing."""
    entries = body["data"]
    numbers = sorted(
        entry["index"] for entry in entries if isinstance(entry.get("index"), int)
    )
    if numbers != list(range(count)):
        return f"status 200 with {len(entries)} embeddings, not numbered as the inputs"
    if not all(map(_is_vector, (entry["embedding"] for entry in entries))):
        return "status 200 with an embedding that is no vector"
    return None


def _is_vector(embedding: Any) -> bool:
    if isinstance(embedding, str):
        return len(embedding) % 4 == 0
    return isinstance(embedding, list) and isinstance(embedding[0], int | float)


def is_refused(choices: Iterable[Any]) -> bool:
    """Tell whether a reply was broken off for its content, with nothing answered."""
    return all(
        isinstance(choice, dict)
        and choice.get("finish_reason") == REFUSED
        and not _answers(choice.get("message"))
        for choice in choices
    )


def says(message: Any) -> bool:
    """Tell whether a message or a delta holds anything of an answer."""
    return isinstance(message, dict) and any(
        value for name, value in message.items() if name not in _SAID_ONCE
    )


def _answers(message: Any) -> bool:
    return isinstance(message, dict) and any(map(message.get, _ANSWERS))


def text_in(content: Any) -> str:
    """Read a message's content: a text, or a list of parts with texts among them."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def has_content(chunk: Mapping[str, Any]) -> bool:
    """Tell whether a piece of a stream brings anything of an answer."""
    return any(
        says(choice.get("delta"))
        for choice in chunk.get("choices") or ()
        if isinstance(choice, dict)
    )


class Assembled:
    """A whole reply, put together from the pieces of a stream."""

    def __init__(self) -> None:
        self._head: Json = {}
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Take the next piece."""
        for name, value in chunk.items():
            if name != "choices" and (value is not None or name not in self._head):
                self._head[name] = value
        for choice in chunk.get("choices") or ():
            if isinstance(choice, dict):
                self._choice(choice.get("index")).add(choice)

    @property
    def has_choices(self) -> bool:
        """Whether there is anything that could be a reply."""
        return bool(self._choices)

    def text(self) -> str:
        """Give the first choice's text so far."""
        if not self._choices:
            return ""
        return text_in(self._choices[min(self._choices)].message.part("content"))

    def characters(self) -> int:
        """Count the characters of all that was said: texts, arguments, reasoning."""
        return sum(choice.message.characters() for choice in self._choices.values())

    def body(self) -> Json:
        """Give the reply so far, in the shape of a `chat.completion`."""
        choices = [self._choices[index].whole() for index in sorted(self._choices)]
        return {**self._head, "object": "chat.completion", "choices": choices}

    def _choice(self, index: Any) -> _Choice:
        place = index if isinstance(index, int) else 0
        choice = self._choices.get(place)
        if choice is None:
            choice = self._choices[place] = _Choice(place)
        return choice


class _Choice:
    def __init__(self, index: int) -> None:
        self._rest: Json = {"index": index, "finish_reason": None}
        self._logprobs: _Growing | None = None
        self.message = _Growing()

    def add(self, choice: Json) -> None:
        for name, value in choice.items():
            if name == "delta":
                self.message.add(value if isinstance(value, dict) else {})
            elif name == "logprobs":
                if isinstance(value, dict):
                    self._logprobs = self._logprobs or _Growing()
                    self._logprobs.add(value)
            elif value is not None:
                self._rest[name] = value

    def whole(self) -> Json:
        message = {"role": "assistant", "content": None} | self.message.whole()
        logprobs = None if self._logprobs is None else self._logprobs.whole()
        return {**self._rest, "message": message, "logprobs": logprobs}


class _Growing:
    """An object of which pieces come: texts and lists grow, the rest is replaced."""

    def __init__(self) -> None:
        # Texts as lists of their pieces.
        self.value: Json = {}
        self._lists: dict[str, _List] = {}

    def add(self, piece: Json) -> None:
        for name, value in piece.items():
            if value is None:
                self.value.setdefault(name, None)
            elif isinstance(value, str) and name not in _SAID_ONCE:
                self._add_text(name, value)
            elif isinstance(value, list):
                self._add_list(name, value)
            elif isinstance(value, dict):
                self._add_object(name, value)
            elif name not in _SAID_ONCE or self.value.get(name) is None:
                self.value[name] = value

    def whole(self) -> Json:
        return {name: self._whole(name, value) for name, value in self.value.items()}

    def characters(self) -> int:
        listed = (item for items in self._lists.values() for item in items.all())
        grown = (one for one in (*self.value.values(), *listed))
        count = 0
        for one in grown:
            if isinstance(one, _Growing):
                count += one.characters()
            elif isinstance(one, list):
                count += sum(map(len, one))
        return count

    def part(self, name: str) -> Any:
        """Give what one name has come to so far."""
        return self._whole(name, self.value.get(name))

    def _add_text(self, name: str, text: str) -> None:
        known = self.value.get(name)
        if name in self._lists:
            # Some models think in lists of parts, and then answer in texts.
            self._lists[name].add_text(text)
        elif isinstance(known, list):
            known.append(text)
        else:
            self.value[name] = [text]

    def _add_object(self, name: str, piece: Json) -> None:
        known = self.value.get(name)
        if not isinstance(known, _Growing):
            known = self.value[name] = _Growing()
        known.add(piece)

    def _add_list(self, name: str, items: list[Any]) -> None:
        before = self.value.get(name)
        self.value[name] = None
        known = self._lists.setdefault(name, _List())
        if isinstance(before, list):
            known.add_text("".join(before))
        for item in items:
            known.add(item)

    def _whole(self, name: str, value: Any) -> Any:
        if name in self._lists:
            return [_item(item) for item in self._lists[name].all()]
        if isinstance(value, _Growing):
            return value.whole()
        return "".join(value) if isinstance(value, list) else value


class _List:
    """A list of which whole items come, or pieces of items with their numbers."""

    def __init__(self) -> None:
        # By place or number; several only where a server gives all the same number.
        self._items: dict[int, list[Any]] = {}
        # The last item, as long as it is a text that goes on.
        self._text: _Growing | None = None

    def add_text(self, text: str) -> None:
        """Take a text where parts came before; texts in a row are one part."""
        if self._text is None:
            self._text = _Growing()
            self._items.setdefault(len(self._items), []).append(self._text)
        self._text.add({"type": "text", "text": text})

    def add(self, item: Any) -> None:
        self._text = None
        number = item.get("index") if isinstance(item, dict) else None
        if not isinstance(number, int):
            self._items.setdefault(len(self._items), []).append(item)
            return
        known = self._items.setdefault(number, [])
        growing = _continued(known, item)
        if growing is None:
            growing = _Growing()
            known.append(growing)
        growing.add(item)

    def all(self) -> list[Any]:
        """Give the items in order."""
        return [one for number in sorted(self._items) for one in self._items[number]]


def _continued(known: list[Any], piece: Json) -> _Growing | None:
    """Find the item that a piece goes on with; `None` where it begins another."""
    growing = [one for one in known if isinstance(one, _Growing)]
    name = piece.get("id")
    for one in growing if name else ():
        if one.value.get("id") == name:
            return one
    return None if not growing or _is_another(growing[-1], piece) else growing[-1]


def _is_another(growing: _Growing, piece: Json) -> bool:
    """Tell by id or type that a piece is not of the item before it."""
    name, before = piece.get("id"), growing.value.get("id")
    if name and before:
        # Some servers make up a new id with each piece, but say the function's name
        # with the first one alone.
        function = piece.get("function")
        return not isinstance(function, dict) or bool(function.get("name"))
    kind, before = piece.get("type"), growing.value.get("type")
    return bool(kind and before and kind != before)


def _item(item: Any) -> Any:
    if not isinstance(item, _Growing):
        return item
    # Its number was the stream's, to tell which item a piece belongs to.
    return {name: value for name, value in item.whole().items() if name != "index"}


def _count(counts: Any, name: str) -> int:
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
