"""
Owns how one configuration is shared out among worker processes.

Each process gets its part of every limit: together they never allow more than the
configuration does. Rates are left whole where a store divides them, by need.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from holybalance.config import Config, EndpointConfig
from holybalance.errors import ConfigError

# A worker's part of a rate limit is at least a call a second, by default: its bucket
# holds 2 % of a minute's calls, and what is below one call cannot be shared evenly.
LEAST_RPM = 60.0
_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Count the cores that this process may use: by affinity, and by cgroup quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, round(_cgroup_cores(_CGROUP_QUOTA) or cores)))


def default_processes(config: Config) -> int:
    """Give the usable cores, or fewer where limits are too small to be shared out."""
    slots = min(endpoint.max_in_flight for endpoint in config.endpoints)
    rates = [endpoint.rpm for endpoint in config.endpoints if endpoint.rpm is not None]
    divided = [] if config.state.is_shared else rates
    by_rate = min(divided, default=float("inf")) / LEAST_RPM
    return max(1, int(min(usable_cores(), slots, by_rate)))


def check_processes(config: Config, processes: int) -> None:
    """
    Refuse more processes than the slots of an endpoint can be shared out to.

    Raises:
        ConfigError: names the endpoint.
    """
    for endpoint in config.endpoints:
        if endpoint.max_in_flight < processes:
            raise ConfigError(
                f'the {endpoint.max_in_flight} slots of endpoint "{endpoint.name}" '
                f"(max_in_flight) cannot be shared out to {processes} processes; "
                "raise max_in_flight or lower processes"
            )


def share_of(config: Config, part: int, parts: int) -> Config:
    """
    Give one of `parts` workers its part of the limits.

    Rates are divided evenly, unless a store divides them. Of slots, and of trials of a
    half-open circuit, the first workers get what cannot be; each worker has at least
    one of them.

    Args:
        part: which worker, from 0.
    """
    defaults = config.defaults
    trials = _part_of(defaults.breaker.half_open_max_calls, part, parts)
    breaker = replace(defaults.breaker, half_open_max_calls=max(1, trials))
    endpoints = [_slots_share(endpoint, part, parts) for endpoint in config.endpoints]
    if not config.state.is_shared:
        endpoints = [_rates_share(endpoint, parts) for endpoint in endpoints]
    return replace(
        config,
        defaults=replace(defaults, breaker=breaker),
        endpoints=tuple(endpoints),
    )


def _slots_share(endpoint: EndpointConfig, part: int, parts: int) -> EndpointConfig:
    slots = _part_of(endpoint.max_in_flight, part, parts)
    return replace(endpoint, max_in_flight=slots)


def _rates_share(endpoint: EndpointConfig, parts: int) -> EndpointConfig:
    return replace(
        endpoint,
        rpm=None if endpoint.rpm is None else endpoint.rpm / parts,
        tpm=None if endpoint.tpm is None else endpoint.tpm / parts,
    )


def _part_of(number: int, part: int, parts: int) -> int:
    return number // parts + (part < number % parts)


def _cgroup_cores(path: Path) -> float | None:
    """Read the quota of cgroup v2: microseconds of CPU in each period, or `max`."""
    try:
        quota, period = path.read_text("ascii").split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return None
