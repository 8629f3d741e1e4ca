"""
Owns `client.models`: configured models, and those that upstreams list.

Aliases and configured models are known without asking anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from holybalance.balancing.endpoint import Endpoint
from holybalance.config import ANY_MODEL, Config
from holybalance.errors import CallError, RequestError, RetriesExhausted
from holybalance.integrations.openai.calls import Calls, Extra
from holybalance.integrations.openai.inputs import NOT_GIVEN
from holybalance.integrations.openai.resources.resource import Resource
from holybalance.integrations.openai.types.vectors import Model, ModelsPage
from holybalance.messages import Attempt, Rejection, Verdict
from holybalance.wire.faults import WireError
from holybalance.wire.transport import Response

_OK = 200
_PATH = "/models"
# What may stand in a segment of a path besides letters and digits: RFC 3986 §3.3.
_PATH_CHARACTERS = "!$&'()*+,;=:@"
Entry = dict[str, Any]


class Models(Resource):
    """`client.models`."""

    _name = "models"
    _has = "models.list and models.retrieve"

    def list(
        self,
        *,
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Any = None,
        timeout: Any = NOT_GIVEN,
    ) -> ModelsPage:
        """
        List what may be asked for: aliases and configured models, without asking.

        Endpoints that take any name are asked what they have.

        Raises:
            APIError: an upstream did not tell, and nothing is configured.
        """
        extra = Extra(extra_headers, extra_query, extra_body, timeout)
        calls = self.calls
        entries = calls.send(_PATH, lambda calls: _list_models(calls, extra), calls)
        return ModelsPage({"data": entries, "object": "list"})

    def retrieve(
        self,
        model: str,
        *,
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Any = None,
        timeout: Any = NOT_GIVEN,
    ) -> Model:
        """
        Tell of one model.

        Raises:
            ValueError: the name is empty.
            APIError: nobody has it, or nobody told.
        """
        if not model:
            raise ValueError(f"model must be a name, not {model!r}")
        extra = Extra(extra_headers, extra_query, extra_body, timeout)
        calls = self.calls
        found = calls.send(_PATH, lambda calls: _find_model(calls, model, extra), calls)
        return Model(found)


def _list_models(calls: Calls, extra: Extra) -> list[Entry]:
    """
    List what may be asked for: aliases, configured models, then what upstreams list.

    Only endpoints that take any name are asked; the others' models are configured.

    Raises:
        CallError: an upstream did not tell, and nothing is configured.
    """
    found = {entry["id"]: entry for entry in _configured(calls.client.config)}
    failures: list[CallError] = []
    for endpoint in _takers_of_any(calls):
        try:
            for entry in _listed(endpoint, calls, extra):
                found.setdefault(entry["id"], entry)
        except CallError as error:
            failures.append(error)
    if failures and not found:
        raise failures[-1]
    return list(found.values())


def _find_model(calls: Calls, model: str, extra: Extra) -> Entry:
    """
    Tell of one model.

    Raises:
        CallError: nobody has it, or nobody told.
    """
    for entry in _configured(calls.client.config):
        if entry["id"] == model:
            return entry
    failure: CallError | None = None
    name = quote(model, safe=_PATH_CHARACTERS)
    for endpoint in _takers_of_any(calls):
        try:
            path = f"{endpoint.speech.wire.MODELS_PATH}/{name}"
            document = orjson.loads(_asked(endpoint, path, calls, extra).body)
            if isinstance(document, dict):
                return document
        except ValueError:
            continue
        except CallError as error:
            failure = error
    raise failure or RequestError(
        f'no endpoint serves the model "{model}"', code="unknown_model"
    )


def _configured(config: Config) -> Iterator[Entry]:
    for alias in config.aliases:
        yield _entry(alias, "holybalance")
    for endpoint in config.endpoints:
        for name in endpoint.models:
            if name != ANY_MODEL:
                yield _entry(name, endpoint.provider)


def _entry(name: str, owner: str) -> Entry:
    return {"id": name, "created": 0, "object": "model", "owned_by": owner}


def _takers_of_any(calls: Calls) -> list[Endpoint]:
    engine = calls.client._engine()  # noqa: SLF001 a part of the same library
    endpoints = engine.balancer.endpoints
    return [each for each in endpoints if ANY_MODEL in each.config.models]


def _listed(endpoint: Endpoint, calls: Calls, extra: Extra) -> list[Entry]:
    response = _asked(endpoint, endpoint.speech.wire.MODELS_PATH, calls, extra)
    document = orjson.loads(response.body) if response.body[:1] == b"{" else {}
    entries = document.get("data")
    names = endpoint.speech.wire.decode_models(response) or ()
    if not isinstance(entries, list):
        return [_entry(name, endpoint.config.provider) for name in sorted(names)]
    return [entry for entry in entries if isinstance(entry, dict) and entry.get("id")]


def _asked(endpoint: Endpoint, path: str, calls: Calls, extra: Extra) -> Response:
    """
    Ask one upstream.

    Raises:
        CallError: it did not answer well.
    """
    extras = calls.extras(extra)
    timeout_s = calls.seconds(extra.timeout)
    if extras is not None and extras.query:
        path = f"{path}?{urlencode(extras.query, doseq=True)}"
    started = endpoint.now()
    until = started + timeout_s
    try:
        headers = endpoint.speech.headers_with(extras)
        response = endpoint.transport.exchange("GET", path, b"", until, headers)
    except WireError as error:
        raise _failure(endpoint, started, error.message, None, None) from error
    if response.status == _OK:
        return response
    told = endpoint.speech.read(response)
    answer = Rejection(response.status, told.error or {}, told.headers)
    raise _failure(endpoint, started, told.message, response.status, answer)


def _failure(
    endpoint: Endpoint,
    started: float,
    message: str,
    status: int | None,
    answer: Rejection | None,
) -> CallError:
    attempt = Attempt(
        endpoint=endpoint.name,
        verdict=Verdict.LOST,
        latency_s=endpoint.now() - started,
        status=status,
        message=message,
    )
    error = RetriesExhausted(
        f"{endpoint.name} does not list its models: {message}",
        verdict=Verdict.LOST,
        attempts=(attempt,),
    )
    error.answer = answer
    return error
