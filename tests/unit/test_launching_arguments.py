"""What a launcher refuses before it has started anything."""

from __future__ import annotations

import math
from typing import Any

import pytest

from holybalance import Launcher
from holybalance.errors import ConfigError, RequestError
from holybalance.launching.messages import WORKER_VARIABLE

CONFIG = {
    "endpoints": [
        {
            "name": "a",
            "provider": "openai",
            "base_url": "http://127.0.0.1:1/v1",
            "api_key": "sk-canary",
            "models": ["m"],
            "max_in_flight": 8,
        }
    ]
}


@pytest.mark.parametrize("name", ["processes", "threads"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2", math.inf])
def test_numbers_that_are_none(name: str, value: Any) -> None:
    """Whole, and at least 1."""
    with pytest.raises(ConfigError, match=f"{name} must be a whole number"):
        Launcher(CONFIG, **{name: value})


@pytest.mark.parametrize("rate", [0, -1, math.inf, math.nan, True, "2"])
def test_rates_that_are_none(rate: Any) -> None:
    """Above 0, and finite."""
    with pytest.raises(ConfigError, match="rate must be calls a second"):
        Launcher(CONFIG, rate=rate)


def test_more_processes_than_slots() -> None:
    """Before anything is started."""
    with pytest.raises(ConfigError, match="cannot be shared out to 9 processes"):
        Launcher(CONFIG, processes=9)


@pytest.mark.parametrize("prompts", ["one", b"one"])
def test_one_string_is_no_list_of_prompts(prompts: Any) -> None:
    """Each letter would be called; said when it is passed, not when it is taken."""
    with (
        Launcher(CONFIG) as launcher,
        pytest.raises(RequestError, match="not one string"),
    ):
        launcher.map(prompts)


def test_a_launcher_in_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever code launches there: it would never end."""
    monkeypatch.setenv(WORKER_VARIABLE, "1")

    with pytest.raises(ConfigError, match='below `if __name__ == "__main__":`'):
        Launcher(CONFIG)


def test_a_launcher_that_did_nothing() -> None:
    """It shows its endpoints and no key, has nothing to notice, and closes."""
    with Launcher(CONFIG, processes=2, threads=4) as launcher:
        assert "<Launcher of 0 workers over a>" == repr(launcher)
        assert () == launcher.notices
        assert [] == launcher.metrics()["workers"]
        assert "sk-canary" not in repr(vars(launcher))
