"""
Owns how the arguments of a call become a request, and what its failure becomes.

Knows no resource and no answer of the official package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from holybalance.client import Client
from holybalance.config import EndpointConfig
from holybalance.errors import CallError, RequestError
from holybalance.integrations.openai.errors import APIError
from holybalance.integrations.openai.extras import (
    make_extras,
    merged_headers,
    merged_query,
)
from holybalance.integrations.openai.http import Request
from holybalance.integrations.openai.inputs import given_of, is_given, plain
from holybalance.integrations.openai.settings import seconds_of
from holybalance.integrations.openai.translation import translated
from holybalance.messages import ChatRequest, EmbedRequest, Extras

T = TypeVar("T")
R = TypeVar("R")


class Extra(NamedTuple):
    """What a call may have besides its parameters, as the caller passed it."""

    headers: Mapping[str, Any] | None
    query: Mapping[str, Any] | None
    body: Mapping[str, Any] | None
    timeout: Any


class Calls:
    """
    Makes calls of one client by its settings; safe from any thread.

    Args:
        is_pool: whether they may go to several endpoints.
        timeout_s: seconds for a whole call; `None` for the configured ones.
        max_attempts: tries of one call; `None` for the configured number.
        headers: sent with each call.
        query: sent with each call.
    """

    def __init__(
        self,
        client: Client,
        *,
        is_pool: bool,
        timeout_s: float | None,
        max_attempts: int | None,
        headers: Mapping[str, Any],
        query: Mapping[str, Any],
    ) -> None:
        self.client = client
        self._is_pool = is_pool
        self._timeout_s = (
            client.config.defaults.timeout if timeout_s is None else timeout_s
        )
        self._max_attempts = max_attempts
        self._headers = headers
        self._query = query

    def chat_request(
        self, model: Any, messages: Any, parameters: Mapping[str, Any], extra: Extra
    ) -> ChatRequest:
        """
        Put a request for a chat together.

        Raises:
            APIError: something in it can never work.
        """
        try:
            return self._chat(model, messages, parameters, extra)
        except CallError as error:
            raise self.translated("/chat/completions", error) from None

    def embed_request(
        self, model: Any, inputs: Any, parameters: Mapping[str, Any], extra: Extra
    ) -> EmbedRequest:
        """
        Put a request for embeddings together.

        Raises:
            APIError: something in it can never work.
        """
        try:
            return self._embed(model, inputs, parameters, extra)
        except CallError as error:
            raise self.translated("/embeddings", error) from None

    def send(self, path: str, send: Callable[[T], R], request: T) -> R:
        """
        Make a call, and translate its failure.

        Args:
            path: for people who look at an error's request.

        Raises:
            APIError: it came to no answer.
        """
        try:
            return send(request)
        except CallError as error:
            raise self.translated(path, error) from None

    def translated(self, path: str, error: CallError) -> APIError:
        """Give the official package's error for one of ours."""
        return translated(error, self.told(path, error))

    def told(self, path: str, error: CallError | None = None) -> Request:
        """Tell of a request: where it went last, as far as that is known."""
        endpoint = None
        if error is not None and error.attempts:
            endpoint = self.endpoint(error.attempts[-1].endpoint)
        elif not self._is_pool:
            endpoint = self.client.config.endpoints[0]
        return Request("POST", "" if endpoint is None else endpoint.base_url + path)

    def endpoint(self, name: str) -> EndpointConfig | None:
        """Find an endpoint's settings by its name."""
        for endpoint in self.client.config.endpoints:
            if endpoint.name == name:
                return endpoint
        return None

    def seconds(self, timeout: Any) -> float:
        """Give the seconds of a call; its own, or the client's."""
        return seconds_of(timeout) if is_given(timeout) else self._timeout_s

    def extras(self, extra: Extra) -> Extras | None:
        """
        Give the headers and the query of a call.

        Raises:
            RequestError: a header cannot be sent.
        """
        if not extra.headers and not extra.query:
            return self._usual_extras
        headers = merged_headers(
            self._headers, extra.headers or {}, is_pool=self._is_pool
        )
        return make_extras(headers, merged_query(self._query, extra.query or {}))

    @cached_property
    def _usual_extras(self) -> Extras | None:
        headers = merged_headers(self._headers, is_pool=self._is_pool)
        return make_extras(headers, merged_query(self._query))

    def _chat(
        self, model: Any, messages: Any, parameters: Mapping[str, Any], extra: Extra
    ) -> ChatRequest:
        options = _options(parameters, extra.body)
        return ChatRequest(
            model=_model(options.pop("model", model)),
            messages=_messages(options.pop("messages", messages)),
            timeout_s=self.seconds(extra.timeout),
            options=options,
            max_attempts=self._max_attempts,
            extras=self.extras(extra),
        )

    def _embed(
        self, model: Any, inputs: Any, parameters: Mapping[str, Any], extra: Extra
    ) -> EmbedRequest:
        options = _options(parameters, extra.body)
        return EmbedRequest(
            model=_model(options.pop("model", model)),
            inputs=plain(options.pop("input", inputs)),
            timeout_s=self.seconds(extra.timeout),
            options=options,
            max_attempts=self._max_attempts,
            extras=self.extras(extra),
        )


def _options(
    parameters: Mapping[str, Any], body: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Give what goes into the body besides model and subject; `body` has the last."""
    options = {
        name: plain(value) for name, value in parameters.items() if is_given(value)
    }
    if not body:
        return options
    asked = bool(options.get("stream"))
    for name, value in body.items():
        options[name] = plain(value) if is_given(value) else value
    options = given_of(options)
    if bool(options.get("stream")) is not asked:
        raise _wrong("extra_body may not change stream; pass stream=True")
    return options


def _model(model: Any) -> str:
    if not isinstance(model, str) or not model:
        raise _wrong(f"model must be a name, not {model!r}")
    return str.__str__(model)


def _messages(given: Any) -> tuple[Mapping[str, Any], ...]:
    messages = plain(given)
    if not isinstance(messages, list) or not messages:
        raise _wrong("messages must be a list of at least one message")
    for position, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise _wrong(
                f"messages[{position}] must have a role, as in "
                '{"role": "user", "content": "hi"}'
            )
    return tuple(messages)


def _wrong(message: str) -> RequestError:
    return RequestError(message, code="invalid_request")
