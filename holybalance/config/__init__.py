"""Owns what a user may configure: read eagerly, checked whole, then frozen."""

from holybalance.config.card import ABILITIES, EMBEDDINGS, TASKS, Card
from holybalance.config.presets import PRESETS, Preset
from holybalance.config.price import LongPrice, Price, nano_of, usd_of
from holybalance.config.routing import (
    ANY_MODEL,
    AUTO,
    STRATEGIES,
    AliasConfig,
    BudgetConfig,
    Condition,
    RouteConfig,
    StateConfig,
)
from holybalance.config.schema import (
    AUTHS,
    FORMATS,
    BreakerConfig,
    Config,
    Defaults,
    EndpointConfig,
)
from holybalance.config.secret import Secret

__all__ = [
    "ABILITIES",
    "ANY_MODEL",
    "AUTHS",
    "AUTO",
    "EMBEDDINGS",
    "FORMATS",
    "PRESETS",
    "STRATEGIES",
    "TASKS",
    "AliasConfig",
    "BreakerConfig",
    "BudgetConfig",
    "Card",
    "Condition",
    "Config",
    "Defaults",
    "EndpointConfig",
    "LongPrice",
    "Preset",
    "Price",
    "RouteConfig",
    "Secret",
    "StateConfig",
    "nano_of",
    "usd_of",
]
