"""Owns the frozen values that cross seams; knows no socket, clock or policy."""

from holybalance.messages.decisions import (
    Choice,
    Decision,
    EndpointCheck,
    Rejected,
)
from holybalance.messages.outcomes import (
    Attempt,
    Outcome,
    RateLimits,
    Rejection,
    Usage,
    texts_of,
)
from holybalance.messages.replies import (
    Delta,
    Embeddings,
    Reply,
    floats_of,
)
from holybalance.messages.requests import (
    ChatRequest,
    EmbedRequest,
    Extras,
    Request,
)
from holybalance.messages.verdicts import (
    Fault,
    Problem,
    Verdict,
)

__all__ = [
    "Attempt",
    "ChatRequest",
    "Choice",
    "Decision",
    "Delta",
    "EmbedRequest",
    "Embeddings",
    "EndpointCheck",
    "Extras",
    "Fault",
    "Outcome",
    "Problem",
    "RateLimits",
    "Rejected",
    "Rejection",
    "Reply",
    "Request",
    "Usage",
    "Verdict",
    "floats_of",
    "texts_of",
]
