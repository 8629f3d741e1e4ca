"""A configuration arrives at a worker whole, keys included; or it is said why not."""

from __future__ import annotations

import functools
import importlib.util
import pickle
from typing import Any

import pytest

from holybalance.config import Config, Secret
from holybalance.errors import ConfigError
from holybalance.launching import handover

KEY = "sk-canary-0123456789"


@pytest.fixture(autouse=True)
def redis_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as a configuration asks; nothing here uses it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


def config(api_key: Any = f"{KEY}-a", **defaults: Any) -> Config:
    """A configuration with a secret wherever there may be one."""
    return Config.from_dict(
        {
            "defaults": {"proxy": f"http://me:{KEY}@proxy:1", **defaults},
            "endpoints": [
                {
                    "name": "a",
                    "provider": "openai",
                    "base_url": "http://127.0.0.1:1/v1",
                    "api_key": api_key,
                    "models": {"m": "n"},
                    "headers": {"X-Tenant": f"two words {KEY}"},
                    "prices": {"m": {"input": 1, "output": 2}},
                    "rpm": 60,
                },
                {
                    "name": "b",
                    "provider": "openai",
                    "base_url": "http://127.0.0.1:2/v1",
                    "api_key": f"{KEY}-b",
                    "models": ["m"],
                    "proxy": "",
                },
            ],
        }
    )


def test_a_configuration_arrives_whole() -> None:
    """Equal in all, and its secrets are secrets again."""
    before = config()
    after = handover.read(handover.write(before))

    assert before == after
    first, second = after.endpoints
    assert first.api_key is not None
    assert f"{KEY}-a" == first.api_key.reveal()
    assert f"two words {KEY}" == first.headers["X-Tenant"].reveal()
    assert second.proxy is not None
    assert "" == second.proxy.reveal()
    assert KEY not in repr(after)


def test_secrets_are_pickled_nowhere_else() -> None:
    """Only for the pipe; neither before nor after."""
    after = handover.read(handover.write(config()))

    for secretive in (config(), after):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(secretive)


@pytest.mark.parametrize(
    "value", [Secret("key"), Secret.header("a b\tc"), Secret.url("")]
)
def test_each_kind_of_secret(value: Secret) -> None:
    """A key, a header's value with blanks, a URL that is empty."""
    # Secrets stand anywhere in a configuration; this is the least of one.
    written = handover.write(_holding(value))

    assert value == _held(handover.read(written))


def _holding(value: Secret) -> Any:
    from types import SimpleNamespace  # noqa: PLC0415

    return SimpleNamespace(defaults=SimpleNamespace(policy="p2c"), value=value)


def _held(read: Any) -> Secret:
    found: Secret = read.value
    return found


def of_a_module(candidates: list[Any], request: object, last: bool = False) -> Any:
    """Choose one or the other."""
    return candidates[-1 if last else 0]


class Choosing:
    """A policy with a state."""

    def __init__(self, place: int = 0) -> None:
        self.place = place

    def __call__(self, candidates: list[Any], request: object) -> Any:
        return candidates[self.place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Choosing) and self.place == other.place

    def __hash__(self) -> int:
        return hash(self.place)


@pytest.mark.parametrize(
    "policy",
    ["round_robin", of_a_module, Choosing(1)],
    ids=["name", "function", "object"],
)
def test_policies_that_a_worker_can_import(policy: Any) -> None:
    """By name, as a function of a module, or as an object of its class."""
    after = handover.read(handover.write(config(policy=policy)))

    assert policy == after.defaults.policy


def of_a_prompt(messages: list[Any]) -> str:
    """Tell the task of any prompt."""
    return "code"


def test_everything_else_arrives() -> None:
    """Aliases, routes, budgets, state with its password, catalog and classifier."""
    before = Config.from_dict(
        {
            "defaults": {"classifier": of_a_prompt},
            "endpoints": [
                {
                    "provider": "openai",
                    "base_url": "http://127.0.0.1:1/v1",
                    "models": ["m"],
                    "prices": {"m": {"input": 1, "output": 2}},
                }
            ],
            "models": {"fast": {"targets": "m"}},
            "routes": [{"use": "m", "when": {"task": "code"}}],
            "budgets": [{"name": "daily", "limit_usd": 1}],
            "state": {"url": f"redis://:{KEY}@h:1/0"},
        }
    )

    after = handover.read(handover.write(before))

    assert before == after
    assert f"redis://:{KEY}@h:1/0" == after.state.url.reveal()
    assert of_a_prompt is after.defaults.classifier
    assert "gpt-4.1" in after.catalog


@pytest.mark.parametrize("policy", ["p2c", of_a_module])
def test_a_classifier_that_no_worker_can_import(policy: Any) -> None:
    """It is named, and not the policy, which is fine."""
    with pytest.raises(ConfigError, match=r"cannot import the classifier .*<lambda>"):
        handover.write(config(policy=policy, classifier=lambda messages: "code"))


def _of_main(policy: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    # As in a script, whose module has that name.
    monkeypatch.setattr(policy, "__module__", "__main__")
    import __main__  # noqa: PLC0415

    monkeypatch.setattr(__main__, policy.__name__, policy, raising=False)
    return policy


@pytest.mark.parametrize("how", ["itself", "partial", "object", "method"])
def test_policies_of_the_script(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they are wrapped, no worker can import them, and that is said."""
    if how in ("itself", "partial"):
        policy = _of_main(of_a_module, monkeypatch)
        policy = policy if how == "itself" else functools.partial(policy, last=True)
    else:
        instance = _of_main(Choosing, monkeypatch)()
        policy = instance if how == "object" else instance.__call__

    with pytest.raises(ConfigError, match="in a module of its own"):
        handover.write(config(policy=policy))


def test_policies_without_a_name() -> None:
    """A lambda, a function within a function, something with a lock in it."""
    import threading  # noqa: PLC0415

    locked = Choosing()
    vars(locked)["lock"] = threading.Lock()
    for policy in (lambda candidates, _: candidates[0], locked):
        with pytest.raises(ConfigError, match="cannot import the policy"):
            handover.write(config(policy=policy))


def a_token() -> str:
    """Give a token for a request."""
    return KEY


@pytest.mark.parametrize(
    "token", [a_token, functools.partial(str, KEY)], ids=["function", "partial"]
)
def test_what_gives_a_token_arrives(token: Any) -> None:
    """By its name, or with what it was given."""
    after = handover.read(handover.write(config(api_key=token)))

    found = after.endpoints[0].token
    assert found is not None
    assert KEY == found()
    assert KEY not in repr(after)


def test_googles_login_arrives() -> None:
    """Without a token: the worker fetches its own."""
    before = Config.from_dict(
        {"endpoints": [{"provider": "vertex", "project": "p", "location": "global"}]},
        environ={},
    )

    after = handover.read(handover.write(before))

    assert before == after
    assert before.endpoints[0].token is not after.endpoints[0].token


def test_what_gives_a_token_and_cannot_be_imported() -> None:
    """It is named as it was given, and not shown."""
    hidden = functools.partial(lambda key: key, KEY)
    end = (
        "; define it by name in a module of its own, not in the script itself, in a "
        "function or as a lambda"
    )
    for token, name in ((lambda: KEY, "<lambda>"), (hidden, "partial")):
        with pytest.raises(ConfigError) as caught:
            handover.write(config(api_key=token))

        message = str(caught.value)
        assert message.startswith("a worker process cannot import the api_key ")
        assert message.endswith(name + end)
        assert KEY not in message
