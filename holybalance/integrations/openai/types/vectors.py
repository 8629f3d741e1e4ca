"""Owns what answers about embeddings and models are made of."""

from collections.abc import Iterator
from typing import Any, Self

from holybalance.integrations.openai.types.answer import Answer
from holybalance.messages import Embeddings


class Embedding(Answer):
    """The vector of one input."""

    embedding: list[float]
    index: int
    object: str


class Usage(Answer):
    """The tokens of a call for embeddings."""

    prompt_tokens: int
    total_tokens: int


class CreateEmbeddingResponse(Answer):
    """
    The vectors of all inputs.

    `holybalance` is the library's own reply, with endpoint, attempts and cost.
    """

    data: list[Embedding]
    model: str
    object: str
    usage: Usage

    _request_id: str | None
    _reply: Embeddings

    @classmethod
    def of(cls, reply: Embeddings, body: dict[str, Any]) -> Self:
        """Make it of the library's reply and of its body, decoded where that is due."""
        made = cls(body)
        made.__dict__["_request_id"] = reply.request_id
        made.__dict__["_reply"] = reply
        return made

    @property
    def holybalance(self) -> Embeddings:
        """The library's own reply."""
        return self._reply


class Model(Answer):
    """A model that can be asked for."""

    id: str
    created: int
    object: str
    owned_by: str
    shutdown_date: str | None

    _request_id: str | None


class ModelsPage(Answer):
    """All models; iterates over them, as the official package's pages do."""

    data: list[Model]
    object: str

    _request_id: str | None

    def __iter__(self) -> Iterator[Any]:
        return iter(self.data)

    def has_next_page(self) -> bool:
        """There is one page of models."""
        return False
