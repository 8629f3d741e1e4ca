"""
Owns how one endpoint is spoken to: requests written, answers read, secrets masked.

It knows neither whether a call may be made nor what follows from it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from holybalance.balancing.limits import MANY_MODELS
from holybalance.config import EndpointConfig
from holybalance.config.visible import flaw
from holybalance.errors import HolyBalanceError
from holybalance.messages import Extras, Fault, Outcome, Request
from holybalance.wire.faults import WireError
from holybalance.wire.formats import (
    ChunkReader,
    Manner,
    UnsupportedError,
    WireFormat,
    Written,
)
from holybalance.wire.login import login
from holybalance.wire.transport import Response

_LOGGER = logging.getLogger("holybalance")
_MASK = "****"
# Shorter values of headers ("1", "true") are no secrets, and masking them everywhere
# would leave nothing to read.
_LEAST_SECRET = 6
# Names of headers that hold one.
_TELLING = ("authorization", "key", "token", "secret", "cookie")
# A preset that many servers are reached by; of these, whose hosts are known.
_ANY_SERVER = "openai"
_HOSTS = (("openai", "api.openai.com"), ("google", ".googleapis.com"))


class Speech:
    """
    One endpoint's wire format, with all that is particular to the endpoint.

    Safe from any thread.

    Args:
        drops: leave out the options that the provider does not have, and warn once.
    """

    def __init__(
        self, config: EndpointConfig, wire: WireFormat, *, drops: bool = False
    ) -> None:
        self.wire = wire
        self._config = config
        self._drops = drops
        self._dialect = _dialect(config)
        self._manners: dict[str, Manner] = {}
        # What people have been warned of that is left out here.
        self._warned_of: set[str] = set()
        self._secrets = _secrets(config)
        self.has_token = config.token is not None

    def upstream_model(self, model: str) -> str:
        """Give the upstream's name for a model that the endpoint serves."""
        return self._config.models.get(model, model)

    def manner(self, model: str) -> Manner:
        """Say how requests for a model are to be written."""
        manner = self._manners.get(model)
        if manner is None:
            if len(self._manners) >= MANY_MODELS:
                self._manners.clear()
            manner = self._manners[model] = Manner(
                self.upstream_model(model),
                self._config.max_outputs.get(model),
                self._drops,
                self._config.stream_usage,
                self._dialect,
            )
        return manner

    def write(self, request: Request, manner: Manner) -> Written:
        """
        Write a request in the endpoint's wire format, and in a manner of `manner`.

        Raises:
            UnsupportedError: it asks for what the provider cannot do.
            RequestError: something in it is not as it must be.
        """
        operation = getattr(self.wire, request.operation)
        if operation is None:
            raise UnsupportedError(f"{self.wire.PROVIDER} has no {request.operation}")
        written: Written = operation.encode(request, manner)
        if written.dropped:
            self._warn_of(written.dropped)
        query = request.extras.query if request.extras else None
        if query:
            return written._replace(path=_with_query(written.path, query))
        return written

    def headers_with(self, extras: Extras | None = None) -> Mapping[str, str] | None:
        """
        Give the headers of one request alone: its own, and a token of the moment.

        Raises:
            WireError: there is no token to be had.
        """
        headers = extras.headers if extras else None
        if self._config.token is None:
            return headers
        token = _token(self._config.token)
        return {**login(self._config.auth, token), **(headers or {})}

    def reader(self) -> ChunkReader:
        """Make what reads a stream."""
        return self.wire.chat.reader()

    def read(
        self,
        response: Response,
        operation: str = "chat",
        secrets: Sequence[str] = (),
    ) -> Outcome:
        """
        Decode an answer; in a bad one mask our secrets, since some repeat them.

        Args:
            secrets: of the attempt alone.
        """
        decode = getattr(self.wire, operation).decode
        outcome: Outcome = decode(response)
        if outcome.body is not None:
            return outcome
        body = response.body
        for secret in (*secrets, *self._secrets):
            body = body.replace(secret.encode("ascii"), _MASK.encode("ascii"))
        if body != response.body:
            # Before a message is cut to size, which might cut a secret in two.
            outcome = decode(response._replace(body=body))
        return self.masked(outcome, secrets)

    def masked(self, outcome: Outcome, secrets: Sequence[str] = ()) -> Outcome:
        """Mask our secrets in what an upstream told of a failure."""

        def masked(text: str) -> str:
            for secret in (*secrets, *self._secrets):
                text = text.replace(secret, _MASK)
            return text

        return outcome._replace(
            message=masked(outcome.message),
            code=outcome.code and masked(outcome.code),
            request_id=outcome.request_id and masked(outcome.request_id),
            error=_each_text(outcome.error, masked),
            headers={
                name: masked(value.decode("latin-1")).encode("latin-1")
                for name, value in outcome.headers.items()
            },
        )

    def _warn_of(self, dropped: tuple[str, ...]) -> None:
        for name in dropped:
            if name not in self._warned_of:
                self._warned_of.add(name)
                _LOGGER.warning(
                    '"%s" leaves %s out of requests: %s has no such thing '
                    '(on_unsupported = "drop")',
                    self._config.name,
                    name,
                    self.wire.PROVIDER,
                )


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Change every text within JSON, names included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(str(k)): _each_text(v, change) for k, v in value.items()}
    if isinstance(value, list):
        return [_each_text(each, change) for each in value]
    return value


def _dialect(config: EndpointConfig) -> str:
    """Name the provider by whose rules OpenAI's format is spoken; empty for none's."""
    if config.provider != _ANY_SERVER:
        return config.provider
    host = urlsplit(config.base_url).hostname or ""
    return next((name for name, own in _HOSTS if host.endswith(own)), "")


def _secrets(config: EndpointConfig) -> list[str]:
    """List what must not be repeated, the longest first; short values give too much."""
    held = [*config.headers.values(), *([config.api_key] if config.api_key else [])]
    revealed = {secret.reveal() for secret in held}
    return sorted((s for s in revealed if len(s) >= _LEAST_SECRET), key=len)[::-1]


def secrets_in(headers: Mapping[str, str]) -> list[str]:
    """List what must not be repeated of one request's own headers."""
    found: set[str] = set()
    for name, value in headers.items():
        if any(word in name.lower() for word in _TELLING):
            # Without the word before it, such as "Bearer", it may be repeated, too.
            found |= {value, value.rpartition(" ")[2]}
    return sorted((s for s in found if len(s) >= _LEAST_SECRET), key=len)[::-1]


def _token(give: Callable[[], str]) -> str:
    """
    Ask the user's code for a token.

    Raises:
        WireError: it failed, or gave something else. Without a token the endpoint is
            out of reach, and others may be asked.
    """
    try:
        token = give()
    except HolyBalanceError as error:
        raise WireError(Fault.UNREACHABLE, f"there is no key: {error}") from error
    except Exception as error:
        # Its words are not ours to show: they may have a key in them.
        message = f"the api_key callable failed with {type(error).__name__}"
        raise WireError(Fault.UNREACHABLE, message) from error
    wrong = flaw(token) if isinstance(token, str) else "is no text"
    if wrong is not None:
        message = f"what the api_key callable gave {wrong}; it must be visible ASCII"
        raise WireError(Fault.UNREACHABLE, message)
    return token


def _with_query(path: str, query: Mapping[str, Any]) -> str:
    joint = "&" if "?" in path else "?"
    return f"{path}{joint}{urlencode(query, doseq=True)}"
