"""Owns what one row takes: where its call may go, and its tokens, as an estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from holybalance import tokens
from holybalance.batch.rows import Row
from holybalance.batch.targets import Places, places_of, why_not_embedded
from holybalance.config import AUTO, Config, Price
from holybalance.errors import RequestError

_NO_MODEL = "no model given: it names none, and no default is set"
_NO_NAME = "model must be a string"


class Size(NamedTuple):
    """
    What one call takes.

    Args:
        output_tokens: at the most; none, at the least.
    """

    places: Places
    input_tokens: int
    output_tokens: int

    @property
    def tokens(self) -> int:
        """What it counts for where tokens a minute are limited."""
        return self.input_tokens + self.output_tokens

    def range_usd(self, prices: Sequence[Price]) -> tuple[float, float] | None:
        """Give the least and the most that it costs by one of some prices."""
        if not prices:
            return None
        read, written = self.input_tokens, self.output_tokens
        return (
            min(price.usual_usd(read, 0) for price in prices),
            max(price.usual_usd(read, written) for price in prices),
        )


class Sizes:
    """
    Sizes up rows; knows the places of each model after its first row.

    Args:
        tags: of every call.
    """

    def __init__(self, config: Config, tags: Sequence[str]) -> None:
        self._config = config
        self._tags = tags
        self._places: dict[str, Places] = {}

    def of(self, row: Row) -> Size | str:
        """Say what a row's call takes, or why there can be none."""
        model = row.call.get("model")
        if model is None:
            model = self._config.default_model
        if not isinstance(model, str):
            return _NO_MODEL if model is None else _NO_NAME
        if row.is_embedding and (why := why_not_embedded(self._config, model)):
            return why
        places = self._places_of(model)
        if not places.endpoints:
            return _unserved(model)
        try:
            row.request(self._config)
        except RequestError as error:
            return str(error)
        if row.is_embedding:
            return Size(places, _of_inputs(row.call["inputs"]), 0)
        return Size(places, _of_prompt(row.call), _of_answer(row.call))

    def _places_of(self, model: str) -> Places:
        found = self._places.get(model)
        if found is None:
            found = self._places[model] = places_of(self._config, model, self._tags)
        return found


def _unserved(model: str) -> str:
    if model == AUTO:
        return f'no model is listed that "{AUTO}" could choose from'
    return f'no endpoint serves the model "{model}"'


def _of_answer(call: Mapping[str, Any]) -> int:
    bound = tokens.output_bound(call)
    return tokens.choices(call) * tokens.USUAL_ANSWER_TOKENS if bound is None else bound


def _of_prompt(call: Mapping[str, Any]) -> int:
    prompt, system = call["messages"], call.get("system")
    messages = [prompt] if isinstance(prompt, str) else list(prompt)
    return tokens.of_input([system, *messages] if system else messages, call)


def _of_inputs(inputs: str | list[Any]) -> int:
    """Count texts by their characters, and token ids as they are."""
    return sum(map(_of_input, [inputs] if isinstance(inputs, str) else inputs))


def _of_input(each: Any) -> int:
    if isinstance(each, str):
        return math.ceil(len(each) / tokens.CHARACTERS_PER_TOKEN)
    return len(each) if isinstance(each, list) else 1
