"""Owns `client.embeddings`, as the official package names it."""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import holybalance.messages as ours
from holybalance.integrations.openai.calls import Extra
from holybalance.integrations.openai.errors import APIResponseValidationError
from holybalance.integrations.openai.http import RawResponse, Response
from holybalance.integrations.openai.inputs import NOT_GIVEN, is_given, omit
from holybalance.integrations.openai.resources.resource import OK, Resource, raw
from holybalance.integrations.openai.types.vectors import CreateEmbeddingResponse

_PATH = "/embeddings"


class Embeddings(Resource):
    """`client.embeddings`."""

    _name = "embeddings"
    _has = "embeddings.create, and with_raw_response.create"

    def create(
        self,
        *,
        input: Any,  # noqa: A002 the official package's name
        model: str,
        dimensions: Any = omit,
        encoding_format: Any = omit,
        user: Any = omit,
        extra_headers: Mapping[str, Any] | None = None,
        extra_query: Mapping[str, Any] | None = None,
        extra_body: Any = None,
        timeout: Any = NOT_GIVEN,
    ) -> CreateEmbeddingResponse:
        """
        Embed; takes what the official package's `embeddings.create` takes.

        As there, vectors travel as base64 unless an `encoding_format` is given, and
        are lists of floats here.

        Raises:
            APIError: the call came to no answer.
        """
        is_asked = is_given(encoding_format)
        parameters = {
            "dimensions": dimensions,
            "encoding_format": encoding_format if is_asked else "base64",
            "user": user,
        }
        calls = self.calls
        extra = Extra(extra_headers, extra_query, extra_body, timeout)
        request = calls.embed_request(model, input, parameters, extra)
        reply: ours.Embeddings = calls.send(_PATH, calls.client.send, request)
        body = dict(reply.body) if is_asked else self._decoded(reply)
        return CreateEmbeddingResponse.of(reply, body)

    @cached_property
    def with_raw_response(self) -> EmbeddingsWithRawResponse:
        """The same call, which gives headers and status as well."""
        return EmbeddingsWithRawResponse(self)

    def _decoded(self, reply: ours.Embeddings) -> dict[str, Any]:
        try:
            data = [_decoded(entry) for entry in reply.body["data"]]
        except (binascii.Error, ValueError) as error:
            request = self.calls.told(_PATH)
            response = Response(OK, reply.headers, reply.body, request)
            raise APIResponseValidationError(
                response,
                reply.body,
                message=f"a vector is no base64 of float32: {error}",
            ) from error
        return {**reply.body, "data": data}


class EmbeddingsWithRawResponse:
    """`client.embeddings.with_raw_response`."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings

    def create(self, **arguments: Any) -> RawResponse[CreateEmbeddingResponse]:
        """Embed, and give headers and status as well; takes what `create` takes."""
        made = self._embeddings.create(**arguments)
        return raw(made, made.holybalance, self._embeddings.calls, _PATH)


def _decoded(entry: Any) -> Any:
    if not isinstance(entry.get("embedding"), str):
        return entry
    return {**entry, "embedding": ours.floats_of(entry["embedding"])}
