"""Owns the models that one call may go to, and where each has been tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from holybalance.balancing.endpoint import Endpoint
from holybalance.balancing.pool import Pool
from holybalance.errors import RequestError
from holybalance.messages import Request
from holybalance.wire.formats import Manner, UnsupportedError, Written


class Leg:
    """
    One of the models that a call may go to, and where it has been tried.

    Args:
        asked: the request as the caller meant it.
        window: the model's context window in tokens; `None` when unknown.
    """

    __slots__ = (
        "_request",
        "_written",
        "is_over",
        "model",
        "pool",
        "tried",
        "unable",
        "window",
    )

    def __init__(
        self, asked: Request, model: str, pool: Pool, window: int | None = None
    ) -> None:
        self.model = model
        self.pool = pool
        self.window = window
        self.tried: list[Endpoint] = []
        # No endpoint of this model would do, whatever its state.
        self.is_over = False
        # Why endpoints cannot do what is asked for, by name.
        self.unable: dict[str, UnsupportedError | RequestError] = {}
        self._request = asked
        # Nearly always one: no call is written in many ways.
        self._written: list[tuple[str, Manner, Written]] = []

    @property
    def request(self) -> Request:
        """The request with this model's name in it."""
        if self._request.model != self.model:
            self._request = replace(self._request, model=self.model)
        return self._request

    def written_for(self, endpoint: Endpoint, max_bytes: int) -> Written | None:
        """
        Write the request in an endpoint's wire format, once for all that are alike.

        Returns:
            The request, or `None` where the endpoint cannot do what is asked for.

        Raises:
            RequestError: it is too big.
        """
        if self.unable and endpoint.name in self.unable:
            return None
        form, manner = endpoint.config.format, endpoint.speech.manner(self.model)
        for known_form, known_manner, written in self._written:
            if known_form == form and known_manner == manner:
                return written
        try:
            written = endpoint.speech.write(self.request, manner)
        except (UnsupportedError, RequestError) as error:
            # What one format cannot write, another one may.
            self.unable[endpoint.name] = error.with_traceback(None)
            return None
        self._written.append((form, manner, written))
        size = len(written.body)
        if size > max_bytes:
            raise RequestError(
                f"the request is {size:,} bytes, over the cap of "
                f"{max_bytes:,} (max_request_bytes); shorten it or raise the cap",
                code="request_too_large",
            )
        return written

    def fresh(self) -> Iterator[Endpoint]:
        """Give the endpoints that have not been tried and can do what is asked for."""
        for endpoint in self.pool.endpoints:
            if endpoint not in self.tried and endpoint.name not in self.unable:
                yield endpoint


class Legs:
    """
    The models that a call may go to, in their order; each is made when it is needed.

    Args:
        make: makes the one at a place, from 0.
        count: how many there are, at least one.
    """

    __slots__ = ("_count", "_made", "_make", "first")

    def __init__(self, make: Callable[[int], Leg], count: int = 1) -> None:
        self._make = make
        self._count = count
        # Nearly every call is at home with its first one.
        self.first = make(0)
        self._made = [self.first]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Leg]:
        for place in range(self._count):
            if place == len(self._made):
                self._made.append(self._make(place))
            yield self._made[place]
