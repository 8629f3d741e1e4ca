"""Owns `client.models`, as the official package names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from holybalance.integrations.openai.calls import Extra
from holybalance.integrations.openai.given import NOT_GIVEN
from holybalance.integrations.openai.listing import find_model, list_models
from holybalance.integrations.openai.resource import Resource
from holybalance.integrations.openai.vectors import Model, ModelsPage

_PATH = "/models"


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
        entries = self.calls.send(
            _PATH, lambda calls: list_models(calls, extra), self.calls
        )
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
        found = self.calls.send(
            _PATH, lambda calls: find_model(calls, model, extra), self.calls
        )
        return Model(found)
