"""What each value of a configuration may be, whoever makes it."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.config import (
    AUTHS,
    AliasConfig,
    BreakerConfig,
    BudgetConfig,
    Card,
    Condition,
    Config,
    Defaults,
    EndpointConfig,
    LongPrice,
    Price,
    RouteConfig,
    Secret,
    StateConfig,
    routing,
    schema,
)
from holybalance.config.card import CARD_CHECKS
from holybalance.config.price import LONG_PRICE_CHECKS, PRICE_CHECKS
from holybalance.errors import ConfigError

CANARY = "canary7Zq"
TABLES: list[tuple[Any, dict[str, Any]]] = [
    (Price, PRICE_CHECKS),
    (LongPrice, LONG_PRICE_CHECKS),
    (Card, CARD_CHECKS),
    (AliasConfig, routing.ALIAS_CHECKS),
    (Condition, routing.CONDITION_CHECKS),
    (RouteConfig, routing.ROUTE_CHECKS),
    (BudgetConfig, routing.BUDGET_CHECKS),
    (StateConfig, routing.STATE_CHECKS),
    (BreakerConfig, schema.BREAKER_CHECKS),
    (Defaults, schema.DEFAULTS_CHECKS),
    (EndpointConfig, schema.ENDPOINT_CHECKS),
    (Config, schema.CONFIG_CHECKS),
]
VALID: dict[Any, dict[str, Any]] = {
    Price: {"input": 1.0, "output": 2.0},
    LongPrice: {"above": 9, "input": 1.0, "output": 2.0},
    Card: {"name": "gpt-4.1"},
    AliasConfig: {"name": "fast", "targets": ("gpt-4.1",)},
    Condition: {},
    RouteConfig: {"use": ("gpt-4.1",)},
    BudgetConfig: {"name": "daily", "limit_usd": 1.0},
    StateConfig: {},
    BreakerConfig: {},
    Defaults: {},
    EndpointConfig: {
        "name": "one",
        "provider": "openai",
        "base_url": "https://host/v1",
        "models": {"gpt-4.1": "gpt-4.1"},
    },
}


def endpoint(**changes: Any) -> EndpointConfig:
    """An endpoint that is valid but for the changes."""
    return EndpointConfig(**(VALID[EndpointConfig] | changes))


VALID[Config] = {"endpoints": (endpoint(),)}
FIELDS = [
    (kind, field.name) for kind, _ in TABLES for field in dataclasses.fields(kind)
]
NUMBERS = [
    (kind, field.name)
    for kind, _ in TABLES
    for field in dataclasses.fields(kind)
    if "int" in str(field.type).split(" | ") or "float" in str(field.type).split(" | ")
]


@pytest.mark.parametrize(("kind", "table"), TABLES)
def test_every_field_has_a_check(kind: Any, table: dict[str, Any]) -> None:
    """A field added without a check is noticed here."""
    assert {field.name for field in dataclasses.fields(kind)} == set(table)


@pytest.mark.parametrize(("kind", "name"), FIELDS)
@pytest.mark.parametrize("value", [object(), 1j, b"text", {1}], ids=repr)
def test_refuses_the_wrong_type(kind: Any, name: str, value: Any) -> None:
    """Every field of every class names itself when its type is wrong."""
    with pytest.raises(ConfigError, match=rf"{kind.__name__}: {name} "):
        kind(**(VALID[kind] | {name: value}))


@pytest.mark.parametrize(("kind", "name"), NUMBERS)
@pytest.mark.parametrize(
    "value", [True, "1", float("nan"), float("inf"), -1, -0.5, 1.0 + 1e9j], ids=repr
)
def test_refuses_what_is_no_number_in_range(kind: Any, name: str, value: Any) -> None:
    """A bool, a string, NaN, infinity and negatives are no amount of anything."""
    with pytest.raises(ConfigError, match=f"{name} must be"):
        kind(**(VALID[kind] | {name: value}))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Defaults, "timeout"),
        (Defaults, "connect_timeout"),
        (Defaults, "attempt_timeout"),
        (Defaults, "first_token_timeout"),
        (Defaults, "idle_timeout"),
        (Defaults, "max_attempts"),
        (Defaults, "threads"),
        (Defaults, "max_in_flight"),
        (Defaults, "max_request_bytes"),
        (Defaults, "max_response_bytes"),
        (BreakerConfig, "failures"),
        (BreakerConfig, "failure_ratio"),
        (BreakerConfig, "min_calls"),
        (BreakerConfig, "window"),
        (BreakerConfig, "open_for"),
        (BreakerConfig, "half_open_max_calls"),
        (EndpointConfig, "rpm"),
        (EndpointConfig, "tpm"),
        (EndpointConfig, "weight"),
        (EndpointConfig, "max_in_flight"),
    ],
)
def test_refuses_zero_where_nothing_would_ever_happen(kind: Any, name: str) -> None:
    """Zero is refused where it would stop all calls."""
    with pytest.raises(ConfigError, match=f"{name} must be"):
        kind(**(VALID[kind] | {name: 0}))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Defaults, "max_queued"),
        (Defaults, "retry_budget"),
        (Defaults, "hedge_budget"),
        (BreakerConfig, "slow_start"),
        (EndpointConfig, "priority"),
        (Price, "input"),
        (Price, "output"),
        (Price, "cached"),
    ],
)
def test_accepts_zero_where_it_means_none(kind: Any, name: str) -> None:
    """Zero is a good value where it switches something off."""
    assert 0 == getattr(kind(**(VALID[kind] | {name: 0})), name)


@pytest.mark.parametrize("value", [10**400, 1e300])
def test_refuses_a_timeout_that_no_socket_takes(value: Any) -> None:
    """A wait beyond a year would overflow later, in some thread."""
    with pytest.raises(ConfigError, match="at most a year"):
        Defaults(timeout=value)


@given(st.integers(min_value=1, max_value=10**6))
def test_an_int_does_for_a_float(number: int) -> None:
    """The value is a float afterwards."""
    timeout = Defaults(timeout=number).timeout

    assert (float, float(number)) == (type(timeout), timeout)


def test_a_share_is_at_most_one() -> None:
    """A share above one can never be reached."""
    with pytest.raises(ConfigError, match="share"):
        BreakerConfig(failure_ratio=1.01)


def test_max_open_for_is_not_below_open_for() -> None:
    """The cap must leave room for the first opening."""
    with pytest.raises(ConfigError, match="must not be below open_for"):
        BreakerConfig(open_for=30, max_open_for=20)


def test_policy_may_be_a_callable() -> None:
    """A callable of the user's is kept as it is."""
    assert max is Defaults(policy=max).policy


@pytest.mark.parametrize(
    ("changes", "suggestion"),
    [
        ({"policy": "round-robin"}, 'did you mean "round_robin"'),
        ({"when_saturated": "waits"}, 'did you mean "wait"'),
        ({"on_unsupported": "drops"}, 'did you mean "drop"'),
    ],
)
def test_a_choice_suggests_the_nearest(
    changes: dict[str, Any], suggestion: str
) -> None:
    """A misspelt name is answered with the likely one."""
    with pytest.raises(ConfigError, match=suggestion):
        Defaults(**changes)


@pytest.mark.parametrize(
    ("given_url", "kept"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://host_1.example:65535//", "https://host_1.example:65535"),
    ],
)
def test_accepts_a_base_url(given_url: str, kept: str) -> None:
    """Slashes at the end are dropped."""
    assert kept == endpoint(base_url=given_url).base_url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host/v1",
        "ftp://host/v1",
        "http:host",
        "http://",
        "http:///v1",
        "https://:443/v1",
        "http://host:0",
        "http://host:65536",
        "http://host:",
        "http://host:8x",
        "http://host:+8",
        "http://[::1",
        "http://[::1]x:80",
        "http://user:canary7Zq@host",
        "http://canary7Zq@host",
        "http://host/v1?key=canary7Zq",
        "http://host/v1#canary7Zq",
        "http://host\\@evil/v1",
        "http://ho%73t/v1",
        " http://host",
        "http://host/a b",
        "http://host/\r\nX: canary7Zq",
        "http://ho\tst",
        "http://host/\0",
        "http://hôst/v1",
    ],
)
def test_refuses_a_base_url(url: str) -> None:
    """What is not a plain http(s) URL is refused, and not shown."""
    with pytest.raises(ConfigError, match="base_url ") as caught:
        endpoint(base_url=url)

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "http://proxy:3128", "http://user:pass@proxy:443", "http://[::1]:80"]
)
@pytest.mark.parametrize("make", [Secret.url, str])
def test_accepts_a_proxy(url: str, make: Any) -> None:
    """A proxy is held as a secret, the empty one included."""
    held = endpoint(proxy=make(url)).proxy

    assert Secret.url(url) == held


@pytest.mark.parametrize(
    "ending",
    ["/chat/completions", "/completions/", "/embeddings", "/messages", "/models"],
)
def test_a_base_url_that_goes_too_far(ending: str) -> None:
    """What is put behind a base URL is not part of it."""
    with pytest.raises(
        ConfigError, match=r"base_url must not end in .*: leave that out"
    ):
        endpoint(base_url=f"https://host/v1{ending}")


def test_a_proxy_is_spoken_to_in_http_only() -> None:
    """The message offers nothing else."""
    with pytest.raises(ConfigError, match=r"proxy must begin with http://\Z"):
        Defaults(proxy="https://proxy:443")  # type: ignore[arg-type] # a string is taken


@pytest.mark.parametrize(
    "url",
    [
        "socks5://canary7Zq:canary7Zq@proxy:1",
        "https://u:canary7Zq@proxy:443",
        "http://u:canary7Zq@proxy",
        "http://u:canary7Zq@proxy:3128/path",
        "http://u:canary7Zq@proxy:99999",
        "http://u:canary7Zq@proxy:3128\r\n",
        "canary7Zq",
    ],
)
@pytest.mark.parametrize("make", [endpoint, Defaults])
def test_refuses_a_proxy_without_showing_it(url: str, make: Any) -> None:
    """A proxy's URL may carry a password, so no message repeats it."""
    with pytest.raises(ConfigError, match="proxy ") as caught:
        make(proxy=url)

    assert CANARY not in str(caught.value)


def test_a_token_is_not_shown() -> None:
    """What gives it may hold it, as a partial does."""
    one = endpoint(token=functools.partial(str, CANARY))

    assert one.token is not None
    assert CANARY == one.token()
    assert CANARY not in repr(one) + repr(Config(endpoints=(one,)))


def test_one_way_to_log_in() -> None:
    """A key, or what gives one."""
    with pytest.raises(
        ConfigError, match=r"\AEndpointConfig: api_key and token exclude each other\Z"
    ):
        endpoint(api_key=Secret("k"), token=str)


@pytest.mark.parametrize("auth", AUTHS)
def test_ways_to_send_a_key(auth: str) -> None:
    """Each of them is taken, in no other spelling."""
    assert auth == endpoint(auth=auth).auth
    with pytest.raises(ConfigError, match=f'did you mean "{auth}"'):
        endpoint(auth=auth.upper())


@pytest.mark.parametrize("most", [0, -1, 1.5, True, "9", None])
def test_refuses_a_longest_answer(most: Any) -> None:
    """It is a number of tokens."""
    with pytest.raises(ConfigError, match="max_outputs must be a whole number"):
        endpoint(max_outputs={"gpt-4.1": most})


def test_no_repr_shows_a_secret() -> None:
    """Key, proxy and headers are masked in the repr of the whole."""
    one = endpoint(
        api_key=Secret(CANARY),
        proxy=Secret.url(f"http://u:{CANARY}@proxy:1"),
        headers={"X-Key": Secret.header(CANARY)},
    )
    config = Config(
        endpoints=(one,), defaults=Defaults(proxy=Secret.url(f"http://{CANARY}:1"))
    )

    assert CANARY not in repr(config) + str(dataclasses.asdict(config))


@pytest.mark.parametrize("name", ["", "a b", "a\r\n", "a\0", "é", 'a"b', "x:y", 5])
def test_refuses_a_header_name(name: Any) -> None:
    """A name that HTTP does not allow is refused."""
    with pytest.raises(ConfigError, match="not a valid HTTP header name"):
        endpoint(headers={name: Secret("v")})


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding"])
def test_refuses_a_header_that_frames_the_request(name: str) -> None:
    """Such a header would let one request pass for two."""
    with pytest.raises(ConfigError, match="the client sets it itself"):
        endpoint(headers={name: Secret("v")})


def test_refuses_a_header_twice() -> None:
    """Names that differ only in case are one name."""
    with pytest.raises(ConfigError, match='has "x-a" twice'):
        endpoint(headers={"X-A": Secret("v"), "x-a": Secret("w")})


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "é"])
def test_refuses_a_header_value(bad: str) -> None:
    """The header is named, its value is not shown."""
    with pytest.raises(ConfigError, match='has "X-A", which') as caught:
        endpoint(headers={"X-A": f"{CANARY}{bad}{CANARY}"})

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("bad", ["", "a b", "a\r", "a\n", "a\0", "é", 5, None])
def test_refuses_a_model_name(bad: Any) -> None:
    """Both the caller's and the upstream's names are visible ASCII."""
    for models in ({bad: "x"}, {"x": bad}):
        with pytest.raises(ConfigError, match="models has a name that"):
            endpoint(models=models)


@pytest.mark.parametrize("models", [{}, [], "gpt-4.1", None])
def test_refuses_no_models(models: Any) -> None:
    """An endpoint without a model would never be called."""
    with pytest.raises(ConfigError, match="must name at least one model"):
        endpoint(models=models)


@pytest.mark.parametrize("name", ["", "  ", "a\nb"])
def test_refuses_a_blank_endpoint_name(name: str) -> None:
    """A name is read by people, in one line."""
    with pytest.raises(ConfigError, match="name must be printable"):
        endpoint(name=name)


def test_keeps_its_own_copy_of_a_mapping() -> None:
    """What the caller does to a mapping later changes nothing."""
    models = {"a": "a"}
    one = endpoint(models=models)
    models["b"] = "b"

    assert {"a": "a"} == one.models


def test_ca_file_must_exist(tmp_path: Path) -> None:
    """A missing file is told at once, not at the first call."""
    with pytest.raises(ConfigError, match="ca_file names no file"):
        Defaults(ca_file=str(tmp_path / "none.pem"))


def test_ca_file_that_exists(tmp_path: Path) -> None:
    """A readable file is kept by its path."""
    (tmp_path / "ca.pem").write_text("PEM")

    assert str(tmp_path / "ca.pem") == Defaults(ca_file=f"{tmp_path}/ca.pem").ca_file


def test_serves() -> None:
    """A star takes every name, a list only its own."""
    assert endpoint(models={"*": "*"}).serves("any")
    assert endpoint().serves("gpt-4.1")
    assert not endpoint().serves("gpt-4")


def test_needs_an_endpoint() -> None:
    """A configuration without endpoints can do nothing."""
    with pytest.raises(ConfigError, match="at least one EndpointConfig"):
        Config(endpoints=())


def test_endpoint_names_are_unique() -> None:
    """Two endpoints of one name could not be told apart."""
    with pytest.raises(ConfigError, match='"one" is taken'):
        Config(endpoints=(endpoint(), endpoint()))


def test_the_default_model_must_be_served() -> None:
    """A default that no endpoint serves would fail every call."""
    with pytest.raises(ConfigError, match=r'did you mean "gpt-4\.1"'):
        Config(endpoints=(endpoint(),), defaults=Defaults(model="gpt-4.1x"))


def test_the_default_model_is_not_a_star() -> None:
    """A star is no model that an upstream knows."""
    with pytest.raises(ConfigError, match="must be one model"):
        Config(endpoints=(endpoint(models={"*": "*"}),), defaults=Defaults(model="*"))


def test_models_in_order_each_once() -> None:
    """The names of all endpoints, without the star."""
    one = endpoint(models={"b": "x", "a": "y"})
    two = endpoint(name="two", models={"*": "*", "a": "a", "c": "c"})

    assert ("b", "a", "c") == Config(endpoints=(one, two)).models


def test_models_that_only_embed_are_no_choice() -> None:
    """By the caller's name or by the upstream's, unless they chat as well."""
    vectors = Card(name="v", abilities=frozenset({"embeddings"}))
    both = Card(name="w", abilities=frozenset({"embeddings", "streaming"}))
    one = endpoint(models={"a": "a", "v": "x", "mine": "v", "w": "w"})

    assert ("a", "w") == (
        Config(endpoints=(one,), catalog={"v": vectors, "w": both}).models
    )


@pytest.mark.parametrize(
    ("models", "default", "expected"),
    [
        ({"b": "x", "a": "y"}, None, "b"),
        ({"b": "x", "a": "y"}, "a", "a"),
        ({"*": "*"}, None, None),
        ({"*": "*"}, "any", "any"),
    ],
)
def test_default_model(
    models: dict[str, str], default: str | None, expected: str | None
) -> None:
    """The one given, else the first of the first endpoint, but never a star."""
    config = Config(
        endpoints=(endpoint(models=models),), defaults=Defaults(model=default)
    )

    assert expected == config.default_model


def test_a_change_is_checked_as_well() -> None:
    """`replace` makes a new value, so it is examined like any other."""
    with pytest.raises(ConfigError, match="weight must be"):
        dataclasses.replace(endpoint(), weight=0)
