"""What the tests of integrations share: an upstream that records, and both clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from holybalance import OpenAI
from tests.integrations.recording import Recorder, recording

VARIABLES = (
    "HOLYBALANCE_CONFIG",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "OPENAI_CUSTOM_HEADERS",
    "OPENAI_ADMIN_KEY",
)


@pytest.fixture(autouse=True)
def bare_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No configuration is found but the one that a test makes."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("nowhere"))


@pytest.fixture
def upstream() -> Iterator[Recorder]:
    """An upstream on loopback that records."""
    with recording() as recorder:
        yield recorder


@pytest.fixture
def make(upstream: Recorder) -> Iterator[Callable[..., OpenAI]]:
    """Make stand-ins over the upstream; all are closed at the end."""
    made: list[OpenAI] = []

    def factory(**arguments: Any) -> OpenAI:
        usual: dict[str, Any] = {"api_key": "sk-none", "base_url": upstream.base_url}
        made.append(OpenAI(**{**usual, **arguments}))
        return made[-1]

    yield factory
    for client in made:
        client.close()


@pytest.fixture
def ours(make: Callable[..., OpenAI]) -> OpenAI:
    """Give a stand-in that tries once."""
    return make(max_retries=0)


@pytest.fixture
def official(upstream: Recorder) -> Iterator[Any]:
    """Give the official package's client over the same upstream."""
    package = pytest.importorskip("openai")
    with package.OpenAI(
        api_key="sk-none", base_url=upstream.base_url, max_retries=0
    ) as client:
        yield client
