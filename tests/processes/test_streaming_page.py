"""The examples of the page about streams run, and print what the page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import holybalance
from holybalance import Client
from holybalance.testing import BrokenStream, MockUpstream, Then

DOCS = Path(__file__).parents[2] / "docs"
REPLY = "Qubits can be zero and one at once."
PRICES = {"gpt-4.1": {"input": 2.0, "output": 8.0}}
# What differs from run to run: times, ids, and how many bytes had come.
VARYING = re.compile(r"\d+\.\d+( s)?\b(?!e)|call_\w+|\(\d+ bytes came\)")


@pytest.fixture(scope="module")
def upstream() -> Iterator[MockUpstream]:
    """An upstream that says what the page shows."""
    with MockUpstream(reply=REPLY) as upstream:
        yield upstream


@pytest.fixture
def client(upstream: MockUpstream) -> Iterator[Client]:
    """A client of it."""
    endpoint = {
        "provider": "openai",
        "base_url": upstream.url,
        "models": ["gpt-4.1", "text-embedding-3-small"],
        "prices": PRICES,
    }
    with Client({"endpoints": [endpoint]}) as client:
        yield client


def example(page: str, title: str) -> tuple[str, str]:
    """The first example below a title, and what the page shows of its output."""
    text = (DOCS / page).read_text("utf-8").split(f"# {title}\n")[1]
    found = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```\n", text, re.DOTALL)
    assert found is not None
    return found[1], found[2]


def printed(code: str, client: Client, capsys: pytest.CaptureFixture[str]) -> str:
    """Run an example with our client in place of its own."""
    names: dict[str, Any] = {"client": client, "errors": holybalance.errors}
    exec(code.replace("client = Client()\n", ""), names)
    return capsys.readouterr().out


def constant(text: str) -> str:
    """Leave out what differs from run to run."""
    return VARYING.sub("…", text)


def test_reading(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """Pieces, and then usage and cost."""
    code, shown = example("howto/stream.md", "Stream an answer")

    assert constant(shown) == constant(printed(code, client, capsys))


def test_tool_calls(
    upstream: MockUpstream, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """They come in pieces, and are whole in the reply."""
    code, shown = example("howto/stream.md", "Tool calls come in pieces")
    upstream.behave(tool_call={"name": "look_up", "arguments": {"city": "Rome"}})
    try:
        out = printed(code, client, capsys)
    finally:
        upstream.behave(tool_call=None)

    assert constant(shown) == constant(out)


def test_breaking_off(
    upstream: MockUpstream, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error has what came."""
    code, shown = example("howto/stream.md", "What errors mean")
    upstream.script(BrokenStream(then=Then.RESET, pieces=2))

    assert constant(shown) == constant(printed(code, client, capsys))


def test_embedding(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """A vector and its tokens."""
    code, shown = example("reference/client.md", "Embeddings")

    assert shown == printed(code, client, capsys)
