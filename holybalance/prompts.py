"""
Owns how what a caller passes becomes a `ChatRequest` or an `EmbedRequest`.

All of it is checked before any call; knows no endpoint.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from holybalance.config import Config
from holybalance.errors import RequestError
from holybalance.messages import ChatRequest, EmbedRequest

Prompt = str | Sequence[Mapping[str, Any]]
Inputs = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]

# OpenAI's parameters of today, and two of OpenRouter's that look like ours. Others
# pass as well, unless they look like a slip: these are never taken for one.
_KNOWN_OPTIONS = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "modalities",
        "models",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "session_id",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
_OURS = (
    "model",
    "system",
    "timeout",
    "session",
    "max_cost",
    "max_latency",
    "tags",
    "max_attempts",
)
_KNOWN_OF_EMBEDDINGS = frozenset({"dimensions", "encoding_format", "user"})
_OURS_OF_EMBEDDINGS = ("model", "timeout", "session", "tags", "max_attempts")
# `input` is what a body calls the inputs, which take its place there.
_NOT_OF_EMBEDDINGS = (
    "system",
    "max_cost",
    "max_latency",
    "messages",
    "input",
    "stream",
    "stream_options",
)
_NOT_OF_A_CALL = frozenset({"ordered", "return_errors"})
# difflib's ratio of "timout" and "timeout" is 0.92, of "mode" and "model" 0.89.
_LIKENESS = 0.8


def make_request(
    config: Config,
    /,
    messages: Prompt,
    *,
    model: str | None = None,
    system: str | None = None,
    timeout: float | None = None,
    session: str | None = None,
    max_cost: float | None = None,
    max_latency: float | None = None,
    tags: Sequence[str] = (),
    max_attempts: int | None = None,
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
        timeout_s=_timeout(config, timeout),
        options=options,
        session=session,
        max_attempts=_attempts(max_attempts),
        max_cost_usd=None
        if max_cost is None
        else _positive("max_cost", max_cost, "US dollars"),
        max_latency_s=None
        if max_latency is None
        else _positive("max_latency", max_latency, "seconds"),
        tags=_tags(tags) if tags else (),
    )


def make_embedding(
    config: Config,
    /,
    inputs: Inputs,
    *,
    model: str | None = None,
    timeout: float | None = None,
    session: str | None = None,
    tags: Sequence[str] = (),
    max_attempts: int | None = None,
    **options: Any,
) -> EmbedRequest:
    """
    Check what a caller passed and freeze it; see `Client.embed` for the arguments.

    Raises:
        RequestError: something in it can never work.
    """
    if options:
        _check_options_of_embeddings(options)
    if model is None:
        raise _wrong("no model given; embed has no default, so pass model=")
    return EmbedRequest(
        model=_model(config, model),
        inputs=_inputs(inputs),
        timeout_s=_timeout(config, timeout),
        options=options,
        session=session,
        tags=_tags(tags) if tags else (),
        max_attempts=_attempts(max_attempts),
    )


def streamed(request: ChatRequest) -> ChatRequest:
    """Ask for the same in pieces."""
    return replace(request, options={**request.options, "stream": True})


def refuse_one_string(prompts: Iterable[Prompt]) -> None:
    """
    Notice a prompt where many are asked for: it would be taken letter by letter.

    Raises:
        RequestError: it is a single one.
    """
    if isinstance(prompts, str | bytes):
        raise _wrong("prompts must be an iterable of prompts, not one string")


def _check_options(options: dict[str, Any]) -> None:
    if options.pop("stream", False):
        raise _wrong(
            "stream is not an option here: leave it out, and call Client.stream for a "
            "reply in pieces"
        )
    for name in options.keys() - _KNOWN_OPTIONS:
        _check_unknown(name, _OURS)


def _check_options_of_embeddings(options: dict[str, Any]) -> None:
    # As for chats: a stream that is not wanted is no option.
    if options.get("stream", True) is False:
        del options["stream"]
    for name in options.keys() & set(_NOT_OF_EMBEDDINGS):
        raise _wrong(
            f"{name} is not an option of embeddings: leave it out; they take "
            f"{', '.join(_OURS_OF_EMBEDDINGS)}, and parameters of the upstream's "
            f"({', '.join(sorted(_KNOWN_OF_EMBEDDINGS))} …)"
        )
    for name in options.keys() - _KNOWN_OF_EMBEDDINGS:
        _check_unknown(name, _OURS_OF_EMBEDDINGS)


def _check_unknown(name: str, ours: Sequence[str]) -> None:
    if name in _NOT_OF_A_CALL:
        raise _wrong(f'unknown option "{name}"; it is no parameter of a call')
    # Imported here: most calls have no such option.
    import difflib  # noqa: PLC0415

    for meant in difflib.get_close_matches(name, ours, n=1, cutoff=_LIKENESS):
        raise _wrong(f'unknown option "{name}"; did you mean "{meant}"?')


def _inputs(inputs: Any) -> Any:
    if isinstance(inputs, str):
        if not inputs:
            raise _wrong("the text to embed is empty")
        return inputs
    if not isinstance(inputs, Sequence) or isinstance(inputs, bytes) or not inputs:
        raise _wrong(
            "inputs must be a text, or a list of at least one text (or of token ids), "
            f"not {type(inputs).__name__}"
        )
    if "" in inputs:
        raise _wrong(f"inputs[{inputs.index('')}] is empty")
    return inputs


def _timeout(config: Config, timeout: float | None) -> float:
    seconds = config.defaults.timeout if timeout is None else timeout
    return _positive("timeout", seconds, "seconds")


def _attempts(most: int | None) -> int | None:
    is_count = isinstance(most, int) and not isinstance(most, bool)
    if most is not None and (not is_count or most < 1):
        raise _wrong(f"max_attempts must be a whole number from 1 up, not {most!r}")
    return most


def _model(config: Config, model: str | None) -> str:
    chosen = config.default_model if model is None else model
    if chosen is None:
        raise _wrong("no model given and none configured; pass model= or set it")
    if not isinstance(chosen, str) or not chosen:
        raise _wrong(f"model must be a name, not {chosen!r}")
    return chosen


def _positive(name: str, value: float, unit: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        number = float(value) if is_number else math.nan
    except OverflowError:
        raise _wrong(f"{name} must be {unit} above 0, not so huge a number") from None
    if not math.isfinite(number) or number <= 0:
        raise _wrong(f"{name} must be {unit} above 0, not {value!r}")
    return number


def _tags(tags: Any) -> tuple[str, ...]:
    given = (tags,) if isinstance(tags, str) else tags
    is_list = isinstance(given, list | tuple | set | frozenset)
    if not is_list or not all(isinstance(tag, str) and tag for tag in given):
        raise _wrong(f"tags must be a list of words, not {tags!r}")
    return tuple(given)


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
    # `dict` first: asking an abstract class costs twice as much.
    return isinstance(message, (dict, Mapping)) and isinstance(message.get("role"), str)


def _wrong(message: str) -> RequestError:
    return RequestError(message, code="invalid_request")
