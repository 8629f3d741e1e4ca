"""Owns names: of models in paths, of fields, and of what is amiss."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from holybalance.errors import RequestError

Json = dict[str, Any]

PROVIDER = "Gemini"

_HUMP = re.compile(r"_([a-z0-9])")


def path(model: str, action: str) -> str:
    """
    Give the path of what is done with a model.

    A name with a slash is a resource's own path, "tunedModels/x" for one, as it is to
    Google's own client.
    """
    place = quote(model, safe="/@")
    return f"/{place}:{action}" if "/" in model else f"/models/{place}:{action}"


def resource(model: str) -> str:
    """Name a model as a field of a body does."""
    return model if "/" in model else f"models/{model}"


def camel(name: str) -> str:
    """Write a field's name as Google's JSON does; it may come in snake case as well."""
    return _HUMP.sub(lambda hump: hump[1].upper(), name)


def invalid(message: str) -> RequestError:
    """Make the error for a request that is not as it must be."""
    return RequestError(message, code="invalid_request")
