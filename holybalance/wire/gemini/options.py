"""Owns how OpenAI's parameters, and Google's own, become those of a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from holybalance.wire.formats import Gaps
from holybalance.wire.gemini.models import traits
from holybalance.wire.gemini.naming import Json, camel, invalid
from holybalance.wire.gemini.thinking import merged, thinking_config

_RENAMED = {
    "temperature": "temperature",
    "top_p": "topP",
    "seed": "seed",
    "n": "candidateCount",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}
# Google keeps nothing of a caller's (`user`, `metadata`), and its own `store` is about
# logging. `parallel_tool_calls` can only be refused: calls come as the model likes.
_LACKING = frozenset(
    {
        "audio",
        "function_call",
        "functions",
        "logit_bias",
        "metadata",
        "moderation",
        "parallel_tool_calls",
        "prediction",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "store",
        "user",
        "verbosity",
        "web_search_options",
    }
)
# Read elsewhere, or about the way and not about the answer.
_ELSEWHERE = frozenset(
    {
        "max_completion_tokens",
        "max_tokens",
        "model",
        "messages",
        "modalities",
        "reasoning_effort",
        "response_format",
        "service_tier",
        "stop",
        "stream",
        "stream_options",
        "tool_choice",
        "tools",
    }
)
# Values that ask for what is so anyway.
_USUAL: Mapping[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "function_call": ("none", "auto"),
    "functions": ([], ()),
    "logit_bias": ({},),
    "logprobs": (False,),
    "metadata": ({},),
    "n": (1,),
    "parallel_tool_calls": (True,),
    "presence_penalty": (0,),
    "store": (False,),
    "top_logprobs": (0,),
    "verbosity": ("medium",),
}
# Google's fields that belong into `generationConfig`, wherever a caller puts them.
_OF_GENERATION = frozenset(
    {
        "audioTimestamp",
        "audioTranscriptionConfig",
        "candidateCount",
        "enableAffectiveDialog",
        "enableEnhancedCivicAnswers",
        "frequencyPenalty",
        "imageConfig",
        "maxOutputTokens",
        "mediaResolution",
        "modelConfig",
        "presencePenalty",
        "responseJsonSchema",
        "responseLogprobs",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "routingConfig",
        "speechConfig",
        "stopSequences",
        "thinkingConfig",
        "topK",
        "topP",
        "translationConfig",
    }
)
# And those that stand beside it; what is in neither list is sent under its own name.
_BESIDE = frozenset(
    {
        "cachedContent",
        "continuationToken",
        "generationConfig",
        "labels",
        "modelArmorConfig",
        "outputConfig",
        "safetySettings",
        "serviceTier",
        "systemInstruction",
        "toolConfig",
    }
)
_MODALITIES = {"text": "TEXT", "image": "IMAGE"}


class Options:
    """
    The options of a request, in Gemini's shape.

    Args:
        options: OpenAI's, and whatever of Google's own the caller adds.
        model: the upstream's name, on which it depends how models think.
        gaps: told of what Gemini does not have.

    Raises:
        RequestError: one is not as it must be.
    """

    def __init__(self, options: Mapping[str, Any], model: str, gaps: Gaps) -> None:
        self._gaps = gaps
        self.beside: Json = {}
        """What the caller says beside `generationConfig`, in Google's own words."""
        asked = {
            name: value
            for name, value in options.items()
            if value is not None and not _is_usual(name, value)
        }
        self.generation = self._renamed(asked)
        """The `generationConfig`."""
        for name, translate in self._translations().items():
            if name in asked:
                translate(asked[name])
        self._bound(asked)
        self._think(asked, model)
        self._add_own(asked)

    def _translations(self) -> Mapping[str, Callable[[Any], None]]:
        return {
            "stop": self._stop,
            "response_format": self._shape,
            "modalities": self._speak,
            "service_tier": self._serve,
        }

    def _renamed(self, asked: Mapping[str, Any]) -> Json:
        for name in asked:
            if name in _LACKING:
                self._gaps.note_option(name)
        return {
            theirs: asked[name] for name, theirs in _RENAMED.items() if name in asked
        }

    def _bound(self, asked: Mapping[str, Any]) -> None:
        bounds = [
            asked[name]
            for name in ("max_tokens", "max_completion_tokens")
            if name in asked
        ]
        if not all(isinstance(bound, int) for bound in bounds):
            raise invalid("max_tokens and max_completion_tokens must be whole numbers")
        if bounds:
            self.generation["maxOutputTokens"] = max(bounds)

    def _stop(self, stop: Any) -> None:
        stops = [stop] if isinstance(stop, str) else stop
        if not isinstance(stops, list | tuple):
            raise invalid("stop must be a text or a list of texts")
        if stops:
            self.generation["stopSequences"] = list(stops)

    def _shape(self, shape: Any) -> None:
        kind = shape.get("type") if isinstance(shape, Mapping) else None
        if kind == "json_object":
            self.generation["responseMimeType"] = "application/json"
        elif kind == "json_schema":
            self.generation["responseMimeType"] = "application/json"
            self.generation["responseJsonSchema"] = _schema(shape.get("json_schema"))
        elif not isinstance(kind, str):
            raise invalid("response_format.type must say what it is")
        elif kind != "text":
            self._gaps.note_option(f"response_format of the type {kind}")

    def _speak(self, modalities: Any) -> None:
        if not isinstance(modalities, list | tuple):
            raise invalid("modalities must be a list")
        known = [_MODALITIES.get(str(one)) for one in modalities]
        if None in known:
            self._gaps.note_option("modalities other than text and image")
        elif known != ["TEXT"]:
            self.generation["responseModalities"] = known

    def _serve(self, tier: Any) -> None:
        if tier in ("flex", "priority"):
            self.beside["serviceTier"] = tier
        elif tier not in ("auto", "default"):
            self._gaps.note_option("this service_tier")

    def _think(self, asked: Mapping[str, Any], model: str) -> None:
        if "reasoning_effort" not in asked:
            return
        effort = asked["reasoning_effort"]
        config = thinking_config(traits(model), effort)
        if config is None:
            self._gaps.note_option(f"reasoning_effort {effort} with {model}")
        else:
            self.generation["thinkingConfig"] = config

    def _add_own(self, asked: Mapping[str, Any]) -> None:
        """Put what the caller says in Google's words over ours."""
        nested: list[Any] = []
        for name, value in asked.items():
            if name in _RENAMED or name in _LACKING or name in _ELSEWHERE:
                continue
            field = camel(name)
            if field == "generationConfig":
                nested.append(value)
            elif field in _OF_GENERATION:
                self._put(field, value)
            else:
                self.beside[field if field in _BESIDE else name] = value
        for config in nested:
            if not isinstance(config, Mapping):
                raise invalid("generationConfig must be an object")
            for name, value in config.items():
                self._put(camel(str(name)), value)

    def _put(self, field: str, value: Any) -> None:
        if field == "thinkingConfig" and isinstance(value, Mapping):
            theirs = {camel(str(name)): one for name, one in value.items()}
            value = merged(self.generation.get(field) or {}, theirs)
        self.generation[field] = value


def _is_usual(name: str, value: Any) -> bool:
    return any(value == usual for usual in _USUAL.get(name, ()))


def _schema(told: Any) -> Any:
    """Find the schema of an answer, with what is said about it, as guidance."""
    schema = told.get("schema") if isinstance(told, Mapping) else None
    if not isinstance(told, Mapping) or not isinstance(schema, Mapping | None):
        raise invalid("response_format.json_schema must have a schema, an object")
    about = told.get("description")
    return {**({"description": about} if about else {}), **(schema or {})}
