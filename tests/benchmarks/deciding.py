"""
What choosing a model and holding money add to a call, in microseconds of CPU.

    python -m tests.benchmarks.deciding

The upstream is a canned answer in this process, so that nothing but our own code is
timed. The settings take turns, and each figure is the median of its turns: of the whole
call, and of what it takes more than one that names its model and has no budget.
"""

from __future__ import annotations

import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from holybalance import Client
from holybalance.wire.transport import Response, Transport

MODELS = ("gpt-4.1", "claude-sonnet-4.5", "gemini-2.5-flash", "deepseek-v3.2")
PROMPT = "Please explain to me in a few words how {} heat pumps work."
CALLS = 400
_NUMBERS = itertools.count()
TURNS = 41

ANSWER = (
    b'{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"It moves heat."},"finish_reason":"stop"'
    b'}],"usage":{"prompt_tokens":17,"completion_tokens":5,"total_tokens":22}}'
)
BUDGETS = [
    {"name": "daily", "limit_usd": 1e6, "on_exceed": "cheapest"},
    {"name": "of one model", "limit_usd": 1e6, "scope": "model:gpt-4.1"},
]
ROUTES = [
    {"when": {"task": "code"}, "use": ["deepseek-v3.2", "gpt-4.1"]},
    {"when": {"task": "writing"}, "use": ["claude-sonnet-4.5", "gpt-4.1"]},
    {"when": {"task": "analysis"}, "use": ["gpt-4.1"]},
    {"when": {"task": "speed"}, "use": ["gemini-2.5-flash"]},
]
ALIASES = {"pair": {"targets": ["gemini-2.5-flash", "deepseek-v3.2"]}}
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a named model": ({}, {"model": "gpt-4.1"}),
    "a named model, a budget": ({"budgets": BUDGETS[:1]}, {"model": "gpt-4.1"}),
    "a named model, 2 budgets": ({"budgets": BUDGETS}, {"model": "gpt-4.1"}),
    "a named model, 2 budgets, shared": (
        {"budgets": BUDGETS, "state": "sqlite"},
        {"model": "gpt-4.1"},
    ),
    "an alias of two": ({"models": ALIASES}, {"model": "pair"}),
    "auto": ({}, {"model": "auto"}),
    "auto by routes": ({"routes": ROUTES}, {"model": "auto"}),
    "auto by routes, 2 budgets": (
        {"routes": ROUTES, "budgets": BUDGETS},
        {"model": "auto"},
    ),
}


def _answer(*_: Any, **__: Any) -> Response:
    return Response(status=200, headers={}, body=ANSWER)


def _config(changes: dict[str, Any], folder: str) -> dict[str, Any]:
    prices = {model: {"input": 2.0, "output": 8.0} for model in MODELS}
    endpoint = {
        "provider": "openai",
        "name": "one",
        "base_url": "http://127.0.0.1:9/v1",
        "models": list(MODELS),
        "prices": prices,
    }
    config = {"endpoints": [endpoint], **changes}
    if "state" in changes:
        config["state"] = {"url": f"sqlite:///{Path(folder, 'state.db')}"}
    return config


@contextmanager
def _clients() -> Iterator[dict[str, tuple[Client, dict[str, Any]]]]:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(mock.patch.object(Transport, "exchange", _answer))
        yield {
            name: (stack.enter_context(Client(_config(changes, folder))), arguments)
            for name, (changes, arguments) in SETTINGS.items()
        }


def _time_us(client: Client, arguments: dict[str, Any]) -> float:
    # Of this thread alone: the exchange with the store is another's, off the path.
    # No two prompts are the same, so that the task of each is found anew.
    prompts = [PROMPT.format(next(_NUMBERS)) for _ in range(CALLS)]
    began = time.thread_time()
    for prompt in prompts:
        client.chat(prompt, max_tokens=20, **arguments)
    return (time.thread_time() - began) / CALLS * 1e6


def main() -> None:
    """Take turns, and print a table."""
    figures: dict[str, list[float]] = {name: [] for name in SETTINGS}
    with _clients() as clients:
        for _ in range(TURNS):
            for name, (client, arguments) in clients.items():
                figures[name].append(_time_us(client, arguments))
    base = figures[next(iter(SETTINGS))]
    print(f"{'':34}  µs a call    more")
    for name, taken in figures.items():
        more = statistics.median(a - b for a, b in zip(taken, base, strict=True))
        print(f"{name:34}  {statistics.median(taken):9.1f}  {more:6.1f}")


if __name__ == "__main__":
    main()
