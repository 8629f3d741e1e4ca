"""Owns what all resources share: their calls, and what they say of what is missing."""

from __future__ import annotations

from typing import Any, NoReturn

from holybalance.integrations.openai.calls import Calls
from holybalance.integrations.openai.http import RawResponse, Response
from holybalance.integrations.openai.live_settings import LiveSettings
from holybalance.messages import Embeddings, Reply

OK = 200


class Resource:
    """Some calls of a client; says so where one is asked for that is not there."""

    _name = ""
    _has = ""

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings

    @property
    def calls(self) -> Calls:
        """What makes calls, by the settings that stand now."""
        return self._settings.state.calls

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"holybalance has no {self._name}.{name}: there is {self._has}"
        )


def raw(
    made: Any, reply: Reply | Embeddings, calls: Calls, path: str
) -> RawResponse[Any]:
    """Give an answer with headers and status."""
    request = calls.told(path)
    endpoint = calls.endpoint(reply.endpoint)
    if endpoint is not None:
        request.url = endpoint.base_url + path
    response = Response(OK, reply.headers, reply.body, request)
    return RawResponse(response, made, reply, lambda: reply.body)
