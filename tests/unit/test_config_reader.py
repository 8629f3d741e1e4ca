"""How a file or a mapping becomes a configuration, and what each mistake says."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from holybalance.config import (
    PRESETS,
    BreakerConfig,
    Config,
    EndpointConfig,
    Price,
    Secret,
)
from holybalance.errors import ConfigError

CANARY = "canary7Zq"
ENVIRON = {"OPENAI_API_KEY": "sk-openai", "DEEPSEEK_API_KEY": "sk-deepseek"}
OPENAI = {"provider": "openai"}
LOCAL = {**OPENAI, "base_url": "http://127.0.0.1:8000/v1"}
WITH_A_KEY = [name for name, preset in PRESETS.items() if preset.key_variable]
WITH_A_KEY.remove("azure")  # it needs a URL as well
MOVABLE = [name for name, preset in PRESETS.items() if preset.url_variable]
Load = Callable[[str], Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a text as holybalance.toml and load it."""

    def write_and_load(text: str) -> Config:
        path = tmp_path / "holybalance.toml"
        path.write_text(text, "utf-8")
        return Config.load(path, environ=ENVIRON)

    return write_and_load


def read(*endpoints: Any, environ: dict[str, str] | None = None, **rest: Any) -> Config:
    """Read a mapping with these endpoints."""
    raw = {"endpoints": list(endpoints), **rest}
    return Config.from_dict(raw, environ=ENVIRON if environ is None else environ)


def first(*endpoints: Any, **rest: Any) -> EndpointConfig:
    """The first endpoint of a mapping."""
    return read(*endpoints, **rest).endpoints[0]


def mistakes(*endpoints: Any, **rest: Any) -> str:
    """What reading a mapping is refused with."""
    with pytest.raises(ConfigError) as caught:
        read(*endpoints, **rest)
    return str(caught.value)


WHOLE = """
[defaults]
timeout = 20
policy = "weighted"
max_in_flight = 7
proxy = "http://u:pass@proxy:3128"

[defaults.breaker]
failures = 3

[[endpoints]]
name = "main"
provider = "openai"
api_key = { env = "OPENAI_API_KEY" }
rpm = 3000
tpm = 2_000_000
max_in_flight = 50
weight = 2
priority = 1
headers = { "X-Team" = "a b" }
prices = { "gpt-4.1" = { input = 1, output = 2 } }

[[endpoints]]
name = "local"
provider = "openai"
base_url = "http://127.0.0.1:8000/v1/"
models = { "gpt-4.1" = "my-served-name" }
proxy = ""

[catalog."gpt-4.1"]
price = { input = 2.0, output = 8.0, cached = 0.5 }
"""


def test_reads_a_whole_file(load: Load) -> None:
    """Every table lands where it belongs."""
    config = load(WHOLE)
    main, local = config.endpoints

    assert ("main", "local") == (main.name, local.name)
    assert (20.0, "weighted") == (config.defaults.timeout, config.defaults.policy)
    assert BreakerConfig(failures=3) == config.defaults.breaker
    assert (3000.0, 2e6, 2.0, 1) == (main.rpm, main.tpm, main.weight, main.priority)
    assert {"X-Team": Secret.header("a b")} == main.headers
    assert "http://127.0.0.1:8000/v1" == local.base_url
    assert {"gpt-4.1": "my-served-name"} == local.models
    assert config.source.endswith("holybalance.toml")


def test_defaults_flow_into_endpoints(load: Load) -> None:
    """An endpoint's own value stands, else the default's."""
    main, local = load(WHOLE).endpoints

    assert (50, 7) == (main.max_in_flight, local.max_in_flight)
    assert Secret.url("http://u:pass@proxy:3128") == main.proxy
    assert Secret.url("") == local.proxy


def test_an_endpoints_own_price_stands_before_the_catalogs(load: Load) -> None:
    """The catalog's price is for endpoints that say nothing."""
    main, local = load(WHOLE).endpoints

    assert Price(input=1, output=2) == main.prices["gpt-4.1"]
    assert {"gpt-4.1": Price(input=2, output=8, cached=0.5)} == local.prices


def test_a_catalog_price_reaches_only_who_serves_the_model() -> None:
    """A star serves every model; others those they list."""
    config = read(
        {**LOCAL, "models": ["a"]},
        {**LOCAL, "models": ["*"]},
        catalog={"b": {"price": {"input": 1, "output": 1}}},
    )

    assert [set(), {"b"}] == [set(e.prices) for e in config.endpoints]


def test_ca_file_is_relative_to_the_file(load: Load, tmp_path: Path) -> None:
    """The working directory does not matter."""
    (tmp_path / "ca.pem").write_text("PEM")

    config = load('[defaults]\nca_file="ca.pem"\n[[endpoints]]\nprovider="openai"')

    assert str(tmp_path / "ca.pem") == config.endpoints[0].ca_file


def test_a_byte_order_mark_and_crlf_do_no_harm(tmp_path: Path) -> None:
    """Some editors write both."""
    path = tmp_path / "a.toml"
    path.write_bytes(b'\xef\xbb\xbf[[endpoints]]\r\nprovider = "openai"\r\n')

    assert "openai" == Config.load(path, environ=ENVIRON).endpoints[0].name


@pytest.mark.parametrize("name", WITH_A_KEY)
def test_a_preset_needs_no_more_than_its_key(name: str) -> None:
    """URL, models, key and name come from the preset."""
    preset = PRESETS[name]

    one = first({"provider": name}, environ={preset.key_variable: "k"})

    assert (name, name, preset.base_url) == (one.name, one.provider, one.base_url)
    assert (preset.format, preset.auth) == (one.format, one.auth)
    assert preset.models == one.models
    assert Secret("k") == one.api_key


@pytest.mark.parametrize("name", MOVABLE)
def test_a_url_variable_takes_any_model_and_the_key(name: str) -> None:
    """The variable moves the provider elsewhere, key included."""
    preset = PRESETS[name]
    environ = {preset.key_variable: "k", preset.url_variable or "": "http://host/v1/"}

    one = first({"provider": name}, environ=environ)

    assert ("http://host/v1", {"*": "*"}) == (one.base_url, one.models)
    assert Secret("k") == one.api_key


def test_models_given_stand_before_a_url_variables_star() -> None:
    """A list of models is kept."""
    environ = ENVIRON | {"OPENAI_BASE_URL": "http://host"}

    assert {"a": "a"} == first({**OPENAI, "models": ["a"]}, environ=environ).models


def test_a_wrong_url_variable_is_named() -> None:
    """The variable is named; its value may carry a password."""
    environ = ENVIRON | {"OPENAI_BASE_URL": f"http://u:{CANARY}@host"}

    message = mistakes(OPENAI, environ=environ)

    assert "(it is from $OPENAI_BASE_URL)" in message
    assert CANARY not in message


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1",
        "http://api.openai.com/v1",
        "https://api.openai.com:8443/v1",
        "https://api.openai.com.evil.example/v1",
    ],
)
def test_a_providers_key_never_goes_to_another_origin(url: str) -> None:
    """Another host, port or scheme gets no key unless told."""
    assert first({**OPENAI, "base_url": url, "models": ["a"]}).api_key is None


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1/", "https://API.openai.com:443/v2"]
)
def test_a_providers_own_origin_gets_its_key_and_models(url: str) -> None:
    """Writing the preset's own host out changes nothing but the path."""
    one = first({**OPENAI, "base_url": url})

    assert Secret("sk-openai") == one.api_key
    assert PRESETS["openai"].models == one.models


def test_another_base_url_needs_models() -> None:
    """Nobody else knows what it serves."""
    assert 'list the models it serves, or ["*"]' in mistakes(LOCAL)


def test_a_star_in_a_list_means_any_name() -> None:
    """The star maps to itself."""
    assert {"a": "a", "*": "*"} == first({**LOCAL, "models": ["a", "*"]}).models


def test_names_default_to_the_provider_numbered() -> None:
    """A number is added from the second on, past names that are taken."""
    named = {**OPENAI, "name": "openai-2"}
    config = read(OPENAI, named, OPENAI, {"provider": "deepseek"}, OPENAI)

    assert ["openai", "openai-2", "openai-3", "deepseek", "openai-4"] == [
        endpoint.name for endpoint in config.endpoints
    ]


def test_a_key_from_a_file(load: Load, tmp_path: Path) -> None:
    """Relative to the configuration's folder, one trailing line break dropped."""
    (tmp_path / "key").write_text("sk-file\n")

    config = load('[[endpoints]]\nprovider="openai"\napi_key={ file = "key" }')

    assert Secret("sk-file") == config.endpoints[0].api_key


@pytest.mark.parametrize("content", [f"{CANARY}\n\n", f"{CANARY} ", "", "\n", "\n\n"])
def test_a_key_file_that_holds_no_key(tmp_path: Path, content: str) -> None:
    """Only one line break is dropped; anything else is told, unshown."""
    (tmp_path / "key").write_text(content)

    message = mistakes({**OPENAI, "api_key": {"file": str(tmp_path / "key")}})

    assert "api_key from its file: the key" in message
    assert CANARY not in message


@pytest.mark.parametrize("path", [CANARY, f"/none/{CANARY}", f"{CANARY}\0", "/"])
def test_a_key_file_that_cannot_be_read(path: str) -> None:
    """The path is not shown: the key itself may have been put there."""
    message = mistakes({**OPENAI, "api_key": {"file": path}})

    assert "api_key: cannot read its file" in message
    assert CANARY not in message


def test_a_missing_variable_says_how_to_set_it() -> None:
    """Endpoint, variable and the command are all there."""
    assert (
        'a dict, endpoints[0] "openai": api_key: $OPENAI_API_KEY is not set;'
        " set it with: export OPENAI_API_KEY=..."
    ) == mistakes(OPENAI, environ={})


def test_an_empty_variable_is_told_apart() -> None:
    """Set to nothing is not the same mistake as not set."""
    message = mistakes(OPENAI, environ={"OPENAI_API_KEY": ""})

    assert "$OPENAI_API_KEY is empty" in message


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "é"])
def test_a_variable_with_a_broken_key(bad: str) -> None:
    """The variable and the position are named, the key is not shown."""
    message = mistakes(OPENAI, environ={"OPENAI_API_KEY": CANARY + bad})

    assert "api_key from $OPENAI_API_KEY: the key has a" in message
    assert "position 10" in message
    assert CANARY not in message


@pytest.mark.parametrize(
    "value",
    [
        {"env": f"sk-{CANARY}"},
        {"env": CANARY},
        {"env": f"sk_{CANARY}"},
        {"env": ""},
        {"env": 5},
        {"env": "A", "file": CANARY},
        {"evn": CANARY},
        {CANARY: "env"},
        {},
        [CANARY],
        f"{CANARY}\n",
        5,
    ],
)
@pytest.mark.parametrize("key", ["api_key", "proxy"])
def test_no_mistake_shows_a_secret(key: str, value: Any) -> None:
    """Not even one put where the name of a variable belongs."""
    message = mistakes({**OPENAI, key: value})

    assert key in message
    assert CANARY not in message


@pytest.mark.parametrize("value", [f"{CANARY}\n", f"{CANARY}\0x", [CANARY], 5, ""])
def test_no_mistake_shows_a_header(value: Any) -> None:
    """The header is named, its value is not."""
    message = mistakes({**OPENAI, "headers": {"X-Key": value}})

    assert "X-Key" in message
    assert CANARY not in message


@pytest.mark.parametrize("value", ["v", 5])
def test_a_wrong_header_name_is_not_shown(value: Any) -> None:
    """A whole header line may have been put in its place."""
    message = mistakes({**OPENAI, "headers": {f"Authorization: {CANARY}": value}})

    assert "not a valid HTTP header name" in message
    assert CANARY not in message


def test_headers_and_proxy_may_come_from_variables() -> None:
    """They hold secrets as keys do."""
    one = first(
        {**OPENAI, "headers": {"X-Key": {"env": "A"}}, "proxy": {"env": "B"}},
        environ=ENVIRON | {"A": "x", "B": "http://p:1"},
    )

    assert {"X-Key": Secret("x")} == one.headers
    assert Secret.url("http://p:1") == one.proxy


def test_a_literal_key_in_a_file_warns(load: Load) -> None:
    """It works, and says where it is and what would be better."""
    with pytest.warns(UserWarning, match="written out") as caught:
        config = load(f'[[endpoints]]\nprovider="openai"\napi_key="{CANARY}"')

    message = str(caught[0].message)
    assert Secret(CANARY) == config.endpoints[0].api_key
    assert 'line 3, endpoints[0] "openai": api_key' in message
    assert '{ env = "NAME" }' in message
    assert CANARY not in message


@pytest.mark.parametrize("key", [CANARY, Secret(CANARY)])
def test_a_literal_key_in_a_mapping_is_silent(key: Any) -> None:
    """Code may hold a key that it fetched itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Secret(CANARY) == first({**OPENAI, "api_key": key}).api_key


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (
            (
                '[[endpoints]]\nprovider="openai"\n[[endpoints]]\nname="local"\n'
                'provider="openai"\nmax_inflight=1'
            ),
            'line 6, endpoints[1] "local"',
            'unknown key "max_inflight"; did you mean "max_in_flight"?',
        ),
        (
            '[defaults]\nbreaker.failurs = 1\n[[endpoints]]\nprovider="openai"',
            "line 2, defaults.breaker",
            'unknown key "failurs"; did you mean "failures"?',
        ),
        (
            '[defaults.breaker]\nzzz = 1\n[[endpoints]]\nprovider="openai"',
            "line 2, defaults.breaker",
            (
                'unknown key "zzz"; valid keys: failures, failure_ratio, min_calls,'
                " window, open_for, max_open_for, half_open_max_calls, slow_start"
            ),
        ),
        (
            'targets=["a"]\n[[endpoints]]\nprovider="openai"',
            "line 1",
            'unknown key "targets"; it belongs in [models.NAME]',
        ),
        (
            '[[endpoints]]\nprovider="opena"',
            "line 2, endpoints[0]",
            'unknown provider "opena"; did you mean "openai"?',
        ),
        (
            '[[endpoints]]\nname="x"',
            'line 1, endpoints[0] "x"',
            (
                "provider is missing; valid names: holysheep, openai, deepseek,"
                " anthropic, gemini, azure, openrouter, groq, together, vertex, vllm,"
                " ollama, llamacpp"
            ),
        ),
        (
            '[[endpoints]]\nprovider="openai"\nweight=0',
            'line 3, endpoints[0] "openai"',
            "weight must be a number above 0, not 0",
        ),
        (
            '[[endpoints]]\nprovider="openai"\nformat="openai"',
            'line 3, endpoints[0] "openai"',
            (
                'unknown key "format"; valid keys: name, provider, base_url, models,'
                " api_key, auth, rpm, tpm, max_in_flight, weight, priority, proxy,"
                " ca_file, headers, prices, stream_usage, project, location"
            ),
        ),
        (
            '[defaults]\n\nmodel="x"\n[[endpoints]]\nprovider="deepseek"',
            "line 3, defaults",
            (
                'no endpoint serves the model "x"; valid models: deepseek-flash,'
                " deepseek-v4-pro, deepseek-v3.2, deepseek-reasoner, deepseek-chat,"
                " auto"
            ),
        ),
        (
            (
                '[[endpoints]]\nprovider="openai"\nname="a"\n'
                '[[endpoints]]\nprovider="openai"\nname="a"'
            ),
            'line 6, endpoints[1] "a"',
            'the name "a" is taken by an earlier endpoint',
        ),
        (
            (
                '[[endpoints]]\nprovider="openai"\n[catalog."gpt-4.1"]\n'
                "price={input=1, outptu=2, output=3}"
            ),
            'line 4, catalog."gpt-4.1".price',
            'unknown key "outptu"; did you mean "output"?',
        ),
        (
            '[[endpoints]]\nprovider="openai"\n[catalog.a]\nprice={input=1}',
            "line 4, catalog.a.price",
            "output is missing",
        ),
        (
            '[[endpoints]]\nprovider="openai"\n[catalog]\na=1',
            "line 4, catalog",
            "a must be a table, not 1",
        ),
        (
            '[[endpoints]]\nprovider="openai"\n[endpoints.prices]\nx=1',
            'line 4, endpoints[0] "openai".prices',
            "x must be a table such as { input = 2.0, output = 8.0 }",
        ),
        (
            (
                "[defaults.breaker]\nopen_for=60\nmax_open_for=50\n"
                '[[endpoints]]\nprovider="openai"'
            ),
            "line 3, defaults.breaker",
            "max_open_for (50) must not be below open_for (60)",
        ),
        ("[defaults]", "", "endpoints is missing; write [[endpoints]], at least one"),
        (
            "endpoints=5",
            "line 1",
            "endpoints must be an array of tables; write [[endpoints]], at least one",
        ),
        (
            '[endpoints]\nprovider="openai"',
            "line 1",
            "endpoints must be an array of tables; write [[endpoints]], at least one",
        ),
        (
            'timeout=5\n[[endpoints]]\nprovider="openai"',
            "line 1",
            'unknown key "timeout"; it belongs in [defaults]',
        ),
        (
            'open_for=5\n[[endpoints]]\nprovider="openai"',
            "line 1",
            'unknown key "open_for"; it belongs in [defaults.breaker]',
        ),
        (
            'nonsense=5\n[[endpoints]]\nprovider="openai"',
            "line 1",
            (
                'unknown key "nonsense"; valid keys: defaults, endpoints, models,'
                " routes, budgets, catalog, state"
            ),
        ),
        (
            '[defaults]\ntimeout=true\n[[endpoints]]\nprovider="openai"',
            "line 2, defaults",
            "timeout must be seconds, above 0 and at most a year, not true",
        ),
        (
            '[defaults]\npolicy="rr"\n[[endpoints]]\nprovider="openai"',
            "line 2, defaults",
            (
                "policy must be one of p2c, round_robin, weighted, least_in_flight,"
                ' cheapest, not "rr"'
            ),
        ),
        (
            "endpoints=[5]",
            "line 1, endpoints",
            "an endpoint must be a table, not 5",
        ),
        (
            'defaults=5\n[[endpoints]]\nprovider="openai"',
            "line 1",
            "defaults must be a table, not 5",
        ),
    ],
)
def test_a_mistake_in_a_file(
    load: Load, tmp_path: Path, text: str, place: str, message: str
) -> None:
    """File, line, table and key are named, and what would be right."""
    with pytest.raises(ConfigError) as caught:
        load(text)

    where = f"{tmp_path / 'holybalance.toml'}" + (f", {place}" if place else "")
    assert f"{where}: {message}" == str(caught.value)


def test_all_mistakes_are_told_at_once(load: Load) -> None:
    """One line each, in the order of the file."""
    with pytest.raises(ConfigError) as caught:
        load('[[endpoints]]\nprovider="openai"\nrpm=0\n[defaults]\nthreads=0\nx=1')

    assert ["line 3", "line 5", "line 6"] == [
        line.split(", ")[1].rstrip(":") for line in str(caught.value).splitlines()
    ]


def test_a_mistake_in_a_mapping_has_no_line() -> None:
    """The place is named as far as there is one."""
    assert 'a dict, endpoints[0] "openai": rpm must be a number above 0, not 0' == (
        mistakes({**OPENAI, "rpm": 0})
    )


@pytest.mark.parametrize("raw", [None, [], "text", 5])
def test_refuses_what_is_no_mapping(raw: Any) -> None:
    """A path given for a mapping is told, not guessed at."""
    with pytest.raises(ConfigError, match="must be a mapping"):
        Config.from_dict(raw)


@pytest.mark.parametrize("raw", ["some.toml", Path("some.toml")])
def test_a_path_for_a_mapping(raw: Any) -> None:
    """The message names the function that takes a path."""
    with pytest.raises(ConfigError, match=r"for a file: Config\.load\(path\)"):
        Config.from_dict(raw)


def test_the_folder_is_told_for_relative_paths_only(tmp_path: Path) -> None:
    """An absolute path of a secret's file starts from nowhere else."""
    relative = mistakes({**OPENAI, "api_key": {"file": "none"}})
    absolute = mistakes({**OPENAI, "api_key": {"file": str(tmp_path / "none")}})

    assert "cannot read its file: No such file or directory (a relative" in relative
    assert absolute.endswith("cannot read its file: No such file or directory")


def test_a_refusal_survives_pickling() -> None:
    """A worker process hands it to its parent."""
    with pytest.raises(ConfigError) as caught:
        read({**OPENAI, "rpm": 0})

    assert str(caught.value) == str(pickle.loads(pickle.dumps(caught.value)))


def test_a_missing_file(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
        Config.load(tmp_path / "none.toml")


def test_a_folder(tmp_path: Path) -> None:
    """A folder is no file."""
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.load(tmp_path)


def test_not_utf8(tmp_path: Path) -> None:
    """The line is named, and the content is not kept in the error."""
    (tmp_path / "a.toml").write_bytes(b'# one\nkey = "canary7Zq\xff"\n')

    with pytest.raises(ConfigError, match=r"a\.toml, line 2: not UTF-8") as caught:
        Config.load(tmp_path / "a.toml")

    assert caught.value.__cause__ is None


@pytest.mark.parametrize("text", [f'a = 1\nb = "{CANARY}', f"a = 1\nb = {CANARY}"])
def test_broken_syntax(load: Load, text: str) -> None:
    """The line is named; the text is not shown."""
    with pytest.raises(ConfigError, match=r"not valid TOML: .*line 2") as caught:
        load(text)

    assert CANARY not in str(caught.value)
