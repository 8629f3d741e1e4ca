"""
Owns the errors by the official package's names; what becomes which is told elsewhere.

Each is one of the library's own as well, with attempts and verdict.
"""

from __future__ import annotations

from typing import Any

from holybalance.errors import CallError, ConfigError, HolyBalanceError
from holybalance.integrations.openai.http import Request, Response
from holybalance.messages import Verdict


class OpenAIError(HolyBalanceError):
    """The root of these errors."""


class OpenAIConfigError(OpenAIError, ConfigError):
    """What a client was made with is wrong, or does not suffice."""


class APIError(OpenAIError, CallError):
    """
    A call that came to no answer.

    `message` is what the official package would say, `body` the upstream's error
    object, and `code`, `param` and `type` are out of that. `text` is what a stream had
    brought before it broke off. `original` is the library's own error.
    """

    text: str = ""
    """The first choice's text so far, where a stream broke off."""
    original: CallError | None = None
    """The library's own error; no cause, since a traceback would tell all twice."""

    def __init__(
        self, message: str, request: Request | None = None, *, body: object = None
    ) -> None:
        super().__init__(message, verdict=Verdict.LOCAL)
        self.message = message
        self.request = Request() if request is None else request
        self.body = body
        told = body if isinstance(body, dict) else {}
        code = told.get("code")
        self.code: str | None = None if code is None else str(code)
        self.param: Any = told.get("param")
        self.type: Any = told.get("type")


class APIStatusError(APIError):
    """An upstream answered with an error, or is told to have done."""

    def __init__(
        self, message: str, *, response: Response, body: object = None
    ) -> None:
        super().__init__(message, response.request, body=body)
        self.response = response
        self.status_code: int = response.status_code
        self.request_id: str | None = response.headers.get("x-request-id")


class APIResponseValidationError(APIError):
    """An upstream answered well, it said, but with no answer of its format."""

    def __init__(
        self,
        response: Response,
        body: object = None,
        *,
        message: str | None = None,
    ) -> None:
        told = message or "Data returned by API invalid for expected schema."
        super().__init__(told, response.request, body=body)
        self.response = response
        self.status_code: int = response.status_code


class APIConnectionError(APIError):
    """There was no answer."""

    def __init__(
        self, *, message: str = "Connection error.", request: Request | None = None
    ) -> None:
        super().__init__(message, request, body=None)


class APITimeoutError(APIConnectionError):
    """The time that the caller gave was over."""

    def __init__(self, request: Request | None = None) -> None:
        super().__init__(message="Request timed out.", request=request)


class BadRequestError(APIStatusError):
    """400: the request is at fault."""


class AuthenticationError(APIStatusError):
    """401: the key is refused."""


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""


class NotFoundError(APIStatusError):
    """404: there is no such thing, mostly no such model."""


class ConflictError(APIStatusError):
    """409: something else got in the way."""


class UnprocessableEntityError(APIStatusError):
    """422: the request is well-formed and makes no sense."""


class RateLimitError(APIStatusError):
    """429: too much at once, or no money left."""


class InternalServerError(APIStatusError):
    """500 and above: the upstream's trouble."""


STATUS_ERRORS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def error_of_status(status: int) -> type[APIStatusError]:
    """Give the class for a status."""
    usual = InternalServerError if status >= 500 else APIStatusError
    return STATUS_ERRORS.get(status, usual)
