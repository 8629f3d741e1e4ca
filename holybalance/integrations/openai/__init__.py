"""
Owns the names that stand in for the official `openai` package.

    import holybalance.integrations.openai as openai

gives `openai.OpenAI`, its errors and what is passed for "not given". The official
package is not needed, and nothing of it is loaded.
"""

from typing import NoReturn

from holybalance.integrations.openai.chunks import ChatCompletionChunk
from holybalance.integrations.openai.client import OpenAI
from holybalance.integrations.openai.completions import ChatCompletion
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
from holybalance.integrations.openai.given import (
    NOT_GIVEN,
    NotGiven,
    Omit,
    not_given,
    omit,
)
from holybalance.integrations.openai.streams import Stream
from holybalance.integrations.openai.timeouts import Timeout
from holybalance.integrations.openai.vectors import CreateEmbeddingResponse

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
    "ChatCompletion",
    "ChatCompletionChunk",
    "Client",
    "ConflictError",
    "CreateEmbeddingResponse",
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
    "not_given",
    "omit",
]


def __getattr__(name: str) -> NoReturn:
    wrong = "there is OpenAI, with chat.completions, embeddings and models, and errors"
    if name.startswith("Async"):
        wrong = "the library has no asyncio; use OpenAI, from threads"
    raise AttributeError(f"{__name__} has no {name!r}: {wrong}")
