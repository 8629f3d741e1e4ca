"""Owns which names may be asked for embeddings: those of one model that makes them."""

from __future__ import annotations

from typing import NamedTuple

from holybalance.config import Config
from holybalance.config.routing import AUTO
from holybalance.routing.candidates import card_of


class Unfit(NamedTuple):
    """What keeps a name from standing for embeddings, by a code and for people."""

    code: str
    why: str


def unfit_for_embedding(config: Config, name: str) -> Unfit | None:
    """Say what keeps a name from standing for embeddings; `None` when nothing does."""
    alias = config.aliases.get(name)
    models = (name,) if alias is None else alias.models
    if name == AUTO or len(models) > 1:
        return Unfit(
            "several_models",
            f'"{name}" stands for several models, and vectors of different models do '
            "not compare; name one model",
        )
    card = card_of(config, models[0])
    if card is None or card.abilities is None or not card.chats:
        return None
    return Unfit(
        "no_embeddings",
        f'"{models[0]}" answers messages and makes no vectors; name a model for '
        "embeddings",
    )
