"""Owns what the tests of the commands share: an upstream, a config, ways to call."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from holybalance.testing import MockUpstream
from holybalance_cli.main import main

MODEL = "mock-model"
KEY = "sk-test-0123456789"
COMMAND = [sys.executable, "-c", "from holybalance_cli.main import main; main()"]

Call = Callable[..., Result]
Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(autouse=True)
def bare(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Neither the machine's settings nor its terminal reach a test."""
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    monkeypatch.setenv("TEST_KEY", KEY)
    monkeypatch.setenv("COLUMNS", "200")
    names = ("HOLYBALANCE_CONFIG", "HOLYSHEEP_API_KEY", "OPENAI_API_KEY")
    for name in (*names, "DEEPSEEK_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def upstream() -> Iterator[MockUpstream]:
    """An upstream that echoes, for all tests that do not end it."""
    with MockUpstream(echo=True) as upstream:
        yield upstream


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., str]:
    """Write a configuration over upstreams' URLs and give its path."""

    def configure(*urls: str, **defaults: Any) -> str:
        lines = ["[defaults]", 'proxy = ""']
        lines += [f"{name} = {json.dumps(value)}" for name, value in defaults.items()]
        lines += [f'[catalog."{MODEL}"]', "price = { input = 2.0, output = 8.0 }"]
        for number, url in enumerate(urls, 1):
            lines += [
                "[[endpoints]]",
                f'name = "mock-{number}"',
                'provider = "openai"',
                f'base_url = "{url}"',
                f'models = ["{MODEL}"]',
                'api_key = { env = "TEST_KEY" }',
            ]
        path = tmp_path / "settings.toml"
        path.write_text("\n".join(lines), "utf-8")
        return str(path)

    return configure


@pytest.fixture
def config(configure: Callable[..., str], upstream: MockUpstream) -> str:
    """A configuration with the one shared upstream."""
    return configure(upstream.url)


@pytest.fixture
def call() -> Call:
    """Run a command in this process, with something piped in."""

    def call(*arguments: str, piped: str | bytes = "") -> Result:
        return CliRunner().invoke(main, arguments, input=piped)

    return call


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Run a command in a process of its own."""
    processes: list[subprocess.Popen[bytes]] = []

    def spawn(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        return process

    yield spawn
    for process in processes:
        with process:
            process.kill()
