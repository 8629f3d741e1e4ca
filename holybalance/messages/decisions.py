"""Owns what is told of endpoints and of choices among models."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCheck:
    """
    What came of asking one endpoint for its models.

    Args:
        is_ok: it answered and took the key.
        status: the HTTP status, `None` when there was no answer.
        latency_s: seconds to the answer or to the failure, connecting included.
        message: what is wrong, or worth knowing; empty when all is well.
        missing: configured models that the endpoint does not list.
    """

    name: str
    base_url: str
    is_ok: bool
    status: int | None
    latency_s: float
    message: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    A model that a call may go to.

    Args:
        score: from 0 to 1 by the decision's strategy; `None` where an order was given.
        cost_usd: what the call is expected to cost there; `None` when unknown.
        latency_s: the seconds that it is expected to take; `None` when unknown.
        reasons: what spoke for its place, or is worth knowing, for people.
    """

    model: str
    score: float | None = None
    cost_usd: float | None = None
    latency_s: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A model that a call may not go to, and why not, for people."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    Which models a call goes to, and why.

    Args:
        requested: the model, alias or "auto" that the caller named.
        decided_by: what the choice was made by, for people: "the caller", "alias fast",
            'route 1 (task "code")', "budget daily", "strategy balanced".
        strategy: what ordered the choices; `None` where an order was given.
        task: what the prompt is about; `None` where nobody asked.
        evidence: what spoke for that task.
        input_tokens: estimated.
        output_tokens: what the request allows, or what is usual.
        choices: in the order in which they are tried; the first is chosen.
        rejected: the others, with the reason of each.
        budgets: a line about each budget that the call falls under.
    """

    requested: str
    decided_by: str
    strategy: str | None
    task: str | None
    evidence: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    choices: tuple[Choice, ...]
    rejected: tuple[Rejected, ...]
    budgets: tuple[str, ...] = ()

    @property
    def model(self) -> str | None:
        """The chosen model; `None` where none is left."""
        return self.choices[0].model if self.choices else None
