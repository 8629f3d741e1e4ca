"""What `import holybalance` gives, and how little it does."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from typing import Any

import pytest

import holybalance
from holybalance.version import __version__

# Printed by a fresh interpreter: what the import alone has brought about.
PROBE = """
import json, sys, threading
# Where it is installed, pybreaker imports it, and it imports an event loop.
sys.modules["redis"] = None
happened = []
sys.addaudithook(lambda name, arguments: happened.append(name))
before = set(sys.modules)
import holybalance
light = sorted(set(sys.modules) - before)
events = sorted({name for name in happened if name.startswith("socket.")})
from holybalance import Client
client = Client({"endpoints": [{"provider": "openai", "name": "one",
    "base_url": "http://127.0.0.1:9/v1", "models": ["m"], "api_key": "k"}]})
# urllib3 makes a socket to see whether there is IPv6; it connects to nobody.
events += sorted({name for name in happened if name == "socket.connect"})
print(json.dumps({
    "light": light, "all": sorted(sys.modules), "events": events,
    "threads": threading.active_count()}))
"""


@pytest.fixture(scope="module")
def fresh() -> dict[str, Any]:
    """What a fresh interpreter says of the import and of a client's making."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize(
    "name",
    ["asyncio", "requests", "rich", "click", "urllib3", "tenacity", "pybreaker", "ssl"],
)
def test_the_import_is_light(fresh: dict[str, Any], name: str) -> None:
    """None of the packages is loaded before it is needed."""
    assert name not in fresh["light"]


@pytest.mark.parametrize("name", ["asyncio", "requests", "rich", "click"])
def test_a_client_needs_only_its_own(fresh: dict[str, Any], name: str) -> None:
    """No event loop, no command line, no other HTTP client."""
    assert name not in fresh["all"]


def test_no_socket_and_no_thread(fresh: dict[str, Any]) -> None:
    """The import makes neither, and making a client connects to nobody."""
    assert ([], 1) == (fresh["events"], fresh["threads"])


@pytest.mark.parametrize("name", holybalance.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """Bound when it is first asked for."""
    assert getattr(holybalance, name) is not None


def test_a_name_is_the_one_of_its_home() -> None:
    """Not a copy."""
    assert importlib.import_module("holybalance.client").Client is holybalance.Client
    assert importlib.import_module("holybalance.errors") is holybalance.errors
    assert __version__ == holybalance.__version__


def test_dir_is_the_public_surface() -> None:
    """For those who look around."""
    assert sorted(holybalance.__all__) == dir(holybalance)


def test_an_unknown_name_is_told_so() -> None:
    """In Python's usual words."""
    with pytest.raises(AttributeError, match="'holybalance' has no attribute 'Cleint'"):
        holybalance.Cleint  # noqa: B018 - asking is the test
