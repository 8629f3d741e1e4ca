"""Owns the proof of the `check` command."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from click.testing import Result

from holybalance.testing import MockUpstream

Call = Callable[..., Result]


def test_all_is_well(call: Call, config: str, upstream: MockUpstream) -> None:
    """The table has a line for each endpoint, and the source is named."""
    result = call("check", "--config", config)
    assert 0 == result.exit_code
    (line,) = (line for line in result.stdout.splitlines() if "mock-1" in line)
    name, url, key, models, verdict, status, *_ = line.split()
    assert ("mock-1", upstream.url) == (name, url)
    assert ("present", "1", "ok", "200") == (key, models, verdict, status)
    assert result.stdout.endswith(f"\n1 of 1 endpoint ok\nconfigured by {config}\n")


def test_no_key_is_ever_shown(call: Call, configure: Callable[..., str]) -> None:
    """Neither a good nor a refused key is printed."""
    with MockUpstream(api_key="another") as upstream:
        result = call("check", "--config", configure(upstream.url))
    assert 1 == result.exit_code
    assert "401" in result.stdout
    assert os.environ["TEST_KEY"] not in result.output


def test_an_endpoint_that_is_not_there(
    call: Call, configure: Callable[..., str], upstream: MockUpstream
) -> None:
    """One that does not answer fails the check; the other is still shown as ok."""
    config = configure(upstream.url, "http://127.0.0.1:9/v1")
    result = call("check", "--config", config)
    assert 1 == result.exit_code
    assert "mock-2: cannot connect to 127.0.0.1:9" in result.stdout
    assert "1 of 2 endpoints ok" in result.stdout


def test_a_model_that_is_not_listed(call: Call, configure: Callable[..., str]) -> None:
    """A configured model that the endpoint does not list is worth a word."""
    with MockUpstream(models=["other"]) as upstream:
        result = call("check", "--config", configure(upstream.url))
    assert 0 == result.exit_code
    assert "mock-1: it does not list mock-model\n" in result.stdout


def test_json(call: Call, config: str) -> None:
    """The same facts come as JSON."""
    document = json.loads(call("check", "--json", "--config", config).stdout)
    (endpoint,) = document["endpoints"]
    assert config == document["source"]
    assert ("present", True, 200) == (
        endpoint["key"],
        endpoint["ok"],
        endpoint["status"],
    )


def test_wrong_config(call: Call, configure: Callable[..., str]) -> None:
    """A mistake in the file is shown with its line."""
    config = configure("http://127.0.0.1:9/v1", timeuot=5)
    result = call("check", "--config", config)
    assert 2 == result.exit_code
    assert 'line 3, defaults: unknown key "timeuot"' in result.stderr


def test_a_key_written_out_is_warned_of(
    call: Call, configure: Callable[..., str], upstream: MockUpstream
) -> None:
    """A warning is one plain line, not Python's."""
    config = configure(upstream.url)
    with open(config, "a", encoding="utf-8") as file:
        file.write('\n[[endpoints]]\nprovider = "openai"\napi_key = "sk-written"\n')
        file.write(f'models = ["*"]\nbase_url = "{upstream.url}"\n')
    result = call("check", "--config", config)
    assert result.stderr.startswith("Warning: ")
    assert "api_key is written out in the file" in result.stderr
    assert "sk-written" not in result.output
