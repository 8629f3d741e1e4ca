"""
Owns the names that stand in for the official `openai` package.

    import holybalance.integrations.openai as openai

gives `openai.OpenAI`, its errors, `openai.types`, and what is passed for "not given".
The official package is not needed, and nothing of it is loaded.
"""

from typing import NoReturn

from holybalance.integrations.openai import types
from holybalance.integrations.openai.client import OpenAI
from holybalance.integrations.openai.errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from holybalance.integrations.openai.inputs import (
    NOT_GIVEN,
    NotGiven,
    Omit,
    not_given,
    omit,
)
from holybalance.integrations.openai.missing import explain, refuse_settings
from holybalance.integrations.openai.settings import Timeout
from holybalance.integrations.openai.streams import Stream

__version__ = "3.54.0"
"""The official package's that this stands in for: programs look here what it can."""

Client = OpenAI
"""The official package's other name for it."""

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "Client",
    "ConflictError",
    "InternalServerError",
    "NotFoundError",
    "NotGiven",
    "Omit",
    "OpenAI",
    "OpenAIError",
    "PermissionDeniedError",
    "RateLimitError",
    "Stream",
    "Timeout",
    "UnprocessableEntityError",
    "__version__",
    "not_given",
    "omit",
    "types",
]


def __getattr__(name: str) -> NoReturn:
    explain(__name__, name)


refuse_settings(__name__)
