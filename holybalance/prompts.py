"""Owns how what a caller passes becomes a `ChatRequest`, checked before any call."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from holybalance.config import Config
from holybalance.errors import RequestError
from holybalance.messages import ChatRequest

Prompt = str | Sequence[Mapping[str, Any]]

# Parameters that would change what the call is, not how the model answers it.
_NOT_OPTIONS = {
    "stream": "chat gives whole replies; leave it out",
    "messages": "give them as the first argument",
}


def make_request(
    config: Config,
    /,
    messages: Prompt,
    *,
    model: str | None = None,
    system: str | None = None,
    timeout: float | None = None,
    session: str | None = None,
    **options: Any,
) -> ChatRequest:
    """
    Check what a caller passed and freeze it; see `Client.chat` for the arguments.

    Raises:
        RequestError: something in it can never work.
    """
    if options:
        _check_options(options)
    return ChatRequest(
        model=_model(config, model),
        messages=_messages(messages, system),
        timeout_s=_timeout(config.defaults.timeout if timeout is None else timeout),
        options=options,
        session=session,
    )


def _check_options(options: dict[str, Any]) -> None:
    for name in _NOT_OPTIONS.keys() & options.keys():
        if options[name]:
            raise _wrong(f"{name} is not an option here: {_NOT_OPTIONS[name]}")
        del options[name]


def _model(config: Config, model: str | None) -> str:
    chosen = config.default_model if model is None else model
    if chosen is None:
        raise _wrong("no model given and none configured; pass model= or set it")
    if not isinstance(chosen, str) or not chosen:
        raise _wrong(f"model must be a name, not {chosen!r}")
    return chosen


def _timeout(timeout: float) -> float:
    is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if not is_number or not math.isfinite(timeout) or timeout <= 0:
        raise _wrong(f"timeout must be seconds above 0, not {timeout!r}")
    return float(timeout)


def _messages(messages: Prompt, system: str | None) -> tuple[Mapping[str, Any], ...]:
    if isinstance(messages, str):
        if not messages.strip():
            raise _wrong("the prompt is empty")
        return _messages([{"role": "user", "content": messages}], system)
    if not isinstance(messages, Sequence) or isinstance(messages, bytes):
        kind = type(messages).__name__
        raise _wrong(f"messages must be a string or a list of messages, not {kind}")
    if not messages:
        raise _wrong("messages are empty; at least one is needed")
    for position, message in enumerate(messages):
        if not _is_message(message):
            raise _wrong(
                f"messages[{position}] must be a mapping with a role and content, "
                'as in {"role": "user", "content": "hi"}'
            )
    if system is None:
        return (*messages,)
    if not isinstance(system, str):
        raise _wrong(f"system must be a string, not {type(system).__name__}")
    return ({"role": "system", "content": system}, *messages)


def _is_message(message: Any) -> bool:
    # `dict` first: asking an abstract class costs ten times as much.
    return isinstance(message, (dict, Mapping)) and isinstance(message.get("role"), str)


def _wrong(message: str) -> RequestError:
    return RequestError(message, code="invalid_request")
