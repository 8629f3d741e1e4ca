"""
Owns how one configuration is shared out among worker processes.

Each process gets its part of the slots: together they never allow more than the
configuration does. Rates and money are left whole: a store divides them, by need.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from holybalance.config import Config, EndpointConfig
from holybalance.errors import ConfigError

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores() -> int:
    """Count the cores that this process may use: by affinity, and by cgroup quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, round(_cgroup_cores(_CGROUP_QUOTA) or cores)))


def default_processes(config: Config) -> int:
    """Give the usable cores, or fewer where slots are too few to be shared out."""
    slots = min(endpoint.max_in_flight for endpoint in config.endpoints)
    return max(1, min(usable_cores(), slots))


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
    Give one of `parts` workers its part of what a store does not divide by need.

    Of slots, and of trials of a half-open circuit, the first workers get what cannot
    be divided evenly; each worker has at least one of them. Each knows how many they
    are, for when the store cannot be reached.

    Args:
        part: which worker, from 0.
    """
    defaults = config.defaults
    trials = _part_of(defaults.breaker.half_open_max_calls, part, parts)
    breaker = replace(defaults.breaker, half_open_max_calls=max(1, trials))
    state = config.state
    return replace(
        config,
        state=replace(state, processes=max(state.processes, parts)),
        defaults=replace(defaults, breaker=breaker),
        endpoints=tuple(_endpoint_share(e, part, parts) for e in config.endpoints),
    )


def _endpoint_share(endpoint: EndpointConfig, part: int, parts: int) -> EndpointConfig:
    slots = _part_of(endpoint.max_in_flight, part, parts)
    return replace(endpoint, max_in_flight=slots)


def _part_of(number: int, part: int, parts: int) -> int:
    return number // parts + (part < number % parts)


def _cgroup_cores(path: Path) -> float | None:
    """Read the quota of cgroup v2: microseconds of CPU in each period, or `max`."""
    try:
        quota, period = path.read_text("ascii").split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return None
