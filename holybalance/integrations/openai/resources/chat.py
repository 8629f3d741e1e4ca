"""Owns `client.chat`, as the official package names it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, TypedDict, Unpack, overload

from holybalance.errors import CallError
from holybalance.integrations.openai.calls import Calls, Extra
from holybalance.integrations.openai.http import RawResponse
from holybalance.integrations.openai.inputs import NOT_GIVEN, NotGiven, Omit, omit
from holybalance.integrations.openai.resources.resource import Resource, raw
from holybalance.integrations.openai.streams import Stream, hides_usage
from holybalance.integrations.openai.types.chat.chat_completion import ChatCompletion
from holybalance.messages import ChatRequest, Reply

_PATH = "/chat/completions"


class ChatParameters(TypedDict, total=False):
    """Every parameter of a chat but for model, messages and stream."""

    audio: Any
    frequency_penalty: Any
    function_call: Any
    functions: Any
    logit_bias: Any
    logprobs: Any
    max_completion_tokens: Any
    max_tokens: Any
    metadata: Any
    modalities: Any
    moderation: Any
    n: Any
    parallel_tool_calls: Any
    prediction: Any
    presence_penalty: Any
    prompt_cache_key: Any
    prompt_cache_options: Any
    prompt_cache_retention: Any
    reasoning_effort: Any
    response_format: Any
    safety_identifier: Any
    seed: Any
    service_tier: Any
    stop: Any
    store: Any
    stream_options: Any
    temperature: Any
    tool_choice: Any
    tools: Any
    top_logprobs: Any
    top_p: Any
    user: Any
    verbosity: Any
    web_search_options: Any


_CHAT_PARAMETERS = frozenset(ChatParameters.__annotations__)


class Completions(Resource):
    """`client.chat.completions`."""

    _name = "chat.completions"
    _has = "chat.completions.create, and with_raw_response.create"

    @overload
    def create(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        stream: Literal[False] | Omit | NotGiven | None = omit,
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Any = None,
        timeout: Any = NOT_GIVEN,
        **parameters: Unpack[ChatParameters],
    ) -> ChatCompletion: ...

    @overload
    def create(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        stream: Literal[True],
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Any = None,
        timeout: Any = NOT_GIVEN,
        **parameters: Unpack[ChatParameters],
    ) -> Stream: ...

    @overload
    def create(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        stream: bool,
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Any = None,
        timeout: Any = NOT_GIVEN,
        **parameters: Unpack[ChatParameters],
    ) -> ChatCompletion | Stream: ...

    def create(
        self,
        *,
        messages: Iterable[Any],
        model: str,
        stream: Any = omit,
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Any = None,
        timeout: Any = NOT_GIVEN,
        **parameters: Unpack[ChatParameters],
    ) -> ChatCompletion | Stream:
        """
        Chat; takes what the official package's `chat.completions.create` takes.

        Args:
            messages: what has been said so far.
            model: a model, an alias, or "auto".
            stream: give the answer in chunks, as they come.
            extra_headers: sent besides the client's own, and over them.
            extra_query: likewise.
            extra_body: further fields of the request, over the parameters.
            timeout: seconds for the whole call; see `settings.seconds_of`.
            **parameters: OpenAI's.

        Raises:
            APIError: the call came to no answer.
        """
        _check_parameters(parameters)
        options: Mapping[str, Any] = {"stream": stream, **parameters}
        extra = Extra(extra_headers, extra_query, extra_body, timeout)
        calls = self.calls
        request = calls.chat_request(model, messages, options, extra)
        if request.is_stream:
            return _open(calls, request)
        return ChatCompletion.of(_send(calls, request))

    @cached_property
    def with_raw_response(self) -> CompletionsWithRawResponse:
        """The same calls, which give headers and status as well."""
        return CompletionsWithRawResponse(self)


class CompletionsWithRawResponse:
    """`client.chat.completions.with_raw_response`."""

    def __init__(self, completions: Completions) -> None:
        self._completions = completions

    def create(self, **arguments: Any) -> RawResponse[Any]:
        """Chat, and give headers and status as well; takes what `create` takes."""
        made: Any = self._completions.create(**arguments)
        if isinstance(made, Stream):
            return RawResponse(made.response, made, None, lambda: None)
        return raw(made, made.holybalance, self._completions.calls, _PATH)


class Chat(Resource):
    """`client.chat`."""

    _name = "chat"
    _has = "chat.completions"

    @cached_property
    def completions(self) -> Completions:
        """Chats."""
        return Completions(self._settings)


def _send(calls: Calls, request: ChatRequest) -> Reply:
    try:
        return calls.client.send(request)
    except CallError as error:
        raise calls.translated(_PATH, error) from None


def _open(calls: Calls, request: ChatRequest) -> Stream:
    opened = calls.send(_PATH, calls.client.open, request)
    hidden = hides_usage(calls, opened.endpoint, request.options)
    return Stream(opened, calls, _PATH, hides_usage=hidden)


def _check_parameters(parameters: Mapping[str, Any]) -> None:
    for name in parameters.keys() - _CHAT_PARAMETERS:
        raise TypeError(
            f"Completions.create() got an unexpected keyword argument {name!r}; "
            "parameters that are not OpenAI's go into extra_body"
        )
    if isinstance(parameters.get("response_format"), type):
        raise TypeError(
            "response_format takes a JSON schema, not a class: "
            '{"type": "json_schema", "json_schema": {...}}'
        )
