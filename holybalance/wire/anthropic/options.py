"""Owns how OpenAI's parameters become Anthropic's, and which of them have no like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holybalance.wire.anthropic.blocks import says_something
from holybalance.wire.anthropic.checks import (
    a_list,
    a_text,
    an_object,
    mistake,
    shown,
)
from holybalance.wire.anthropic.models import Traits, traits
from holybalance.wire.anthropic.output import adaptive, output_of
from holybalance.wire.anthropic.tools import tools_of
from holybalance.wire.formats import Gaps, Manner, without_nones
from holybalance.wire.shape import Json

DEFAULT_MAX_TOKENS = 4096
"""Anthropic wants a limit; this one is taken where nobody knows a better one."""

# OpenAI's parameters without a like, and the values of theirs that ask for nothing.
# From openai: types/chat/completion_create_params.py.
LACKING: Mapping[str, tuple[Any, ...]] = {
    "audio": (),
    "frequency_penalty": (0,),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"], ("text",)),
    "moderation": (),
    "n": (1,),
    "prediction": (),
    "presence_penalty": (0,),
    "prompt_cache_key": (),
    "prompt_cache_options": (),
    "prompt_cache_retention": (),
    "seed": (),
    "store": (False,),
    "top_logprobs": (0,),
    "verbosity": (),
    "web_search_options": (),
}
# Read below or elsewhere in this package, and not passed on by their names.
TRANSLATED = frozenset(
    {
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "service_tier",
        "stop",
        "stream",
        # Its usage comes by itself.
        "stream_options",
        "system",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
        "user",
    }
)
_TIERS = {
    "auto": "auto",
    "default": "standard_only",
    "standard_only": "standard_only",
}
_SAMPLING = ("temperature", "top_p")
_SAMPLING_DEFAULT = 1


def told(options: Mapping[str, Any], manner: Manner, gaps: Gaps) -> Json:
    """
    Translate the parameters beside the messages.

    Those that are no parameter of OpenAI's are Anthropic's own, pass through, and win.

    Raises:
        RequestError: something in them is not as it must be.
    """
    _note_lacking(options, gaps)
    own = without_nones(
        {
            name: value
            for name, value in options.items()
            if name not in TRANSLATED and name not in LACKING
        }
    )
    model, known = manner.model, traits(manner.model)
    body: Json = {"max_tokens": _max_tokens(options, manner)}
    for translate in _TRANSLATIONS:
        body |= translate(options, gaps)
    body |= tools_of(options, model, known, gaps)
    body |= output_of(options, model, known, gaps)
    body |= _sampling(options, model, known, gaps)
    derived = body.get("output_config")
    if derived and isinstance(own.get("output_config"), Mapping):
        own["output_config"] = {**derived, **own["output_config"]}
    return {**adaptive(body, own, known), **body, **own}


def _note_lacking(options: Mapping[str, Any], gaps: Gaps) -> None:
    for name in LACKING:
        value = options.get(name)
        if value is not None and value not in LACKING[name]:
            gaps.note_option(name)


def _max_tokens(options: Mapping[str, Any], manner: Manner) -> int:
    asked = [
        _whole_number(options[name], name)
        for name in ("max_completion_tokens", "max_tokens")
        if options.get(name) is not None
    ]
    if asked:
        return max(asked)
    if manner.max_output is not None:
        return manner.max_output
    # What may be thought is part of it, and has to be less.
    thinking = options.get("thinking")
    budget = thinking.get("budget_tokens") if isinstance(thinking, Mapping) else None
    return DEFAULT_MAX_TOKENS + (budget if isinstance(budget, int) else 0)


def _whole_number(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise mistake(f"{where} is {shown(value)}, not a whole number")
    return value


def _sampling(
    options: Mapping[str, Any], model: str, known: Traits, gaps: Gaps
) -> Json:
    given = without_nones({name: options.get(name) for name in _SAMPLING})
    if not known.samples:
        for name, value in given.items():
            if value != _SAMPLING_DEFAULT:
                gaps.note_option(f"{name} for {model}")
        return {}
    temperature = given.get("temperature")
    if isinstance(temperature, int | float) and temperature > 1:
        gaps.note_option("temperature above 1")
        del given["temperature"]
    if known.samples_both or len(given) < len(_SAMPLING):
        return given
    given = {name: given[name] for name in given if given[name] != _SAMPLING_DEFAULT}
    if len(given) == len(_SAMPLING):
        gaps.note_option(f"top_p beside temperature for {model}")
        del given["top_p"]
    return given


def _stream(options: Mapping[str, Any], _: Gaps) -> Json:
    return {"stream": True} if options.get("stream") else {}


def _stop(options: Mapping[str, Any], gaps: Gaps) -> Json:
    given = options.get("stop")
    if given is None:
        return {}
    texts = [given] if isinstance(given, str) else a_list(given, "stop")
    for place, text in enumerate(texts):
        a_text(text, f"stop[{place}]")
    stops = [text for text in texts if says_something(text)]
    if len(stops) < len(texts):
        gaps.note_option("stop sequences of white space alone")
    return {"stop_sequences": stops} if stops else {}


def _metadata(options: Mapping[str, Any], gaps: Gaps) -> Json:
    given = options.get("metadata")
    metadata = {} if given is None else dict(an_object(given, "metadata"))
    if metadata.keys() - {"user_id"}:
        gaps.note_option("metadata")
    who = (
        metadata.get("user_id")
        or options.get("safety_identifier")
        or options.get("user")
    )
    return {"metadata": {"user_id": a_text(who, "user")}} if who else {}


def _service_tier(options: Mapping[str, Any], gaps: Gaps) -> Json:
    tier = options.get("service_tier")
    if tier is None:
        return {}
    if isinstance(tier, str) and tier in _TIERS:
        return {"service_tier": _TIERS[tier]}
    gaps.note_option(f"service_tier {shown(tier)}")
    return {}


_TRANSLATIONS: tuple[Callable[[Mapping[str, Any], Gaps], Json], ...] = (
    _metadata,
    _service_tier,
    _stop,
    _stream,
)
