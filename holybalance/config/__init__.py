"""Owns what a user may configure: read eagerly, checked whole, then frozen."""

from holybalance.config.presets import PRESETS, Preset
from holybalance.config.schema import (
    ANY_MODEL,
    BreakerConfig,
    Config,
    Defaults,
    EndpointConfig,
    Price,
)
from holybalance.config.secret import Secret

__all__ = [
    "ANY_MODEL",
    "PRESETS",
    "BreakerConfig",
    "Config",
    "Defaults",
    "EndpointConfig",
    "Preset",
    "Price",
    "Secret",
]
