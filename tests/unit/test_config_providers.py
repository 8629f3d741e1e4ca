"""What each provider's endpoint is made of: address, key, way to log in and models."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest

from holybalance.config import PRESETS, Config, EndpointConfig, Price, Secret
from holybalance.config.catalog import shipped
from holybalance.config.google_login import GoogleLogin
from holybalance.errors import ConfigError

VERTEX = {"provider": "vertex", "project": "my-project", "location": "europe-west4"}
AZURE = {
    "AZURE_OPENAI_API_KEY": "k",
    "AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com/",
}
ANY = {"*": "*"}


@pytest.fixture(autouse=True)
def google_auth_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as a configuration asks; nothing here uses it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


def read(table: dict[str, Any], **environ: str) -> EndpointConfig:
    """The endpoint of a table."""
    return Config.from_dict({"endpoints": [table]}, environ=environ).endpoints[0]


def mistake(table: dict[str, Any], **environ: str) -> str:
    """What a table is refused with, behind its place."""
    with pytest.raises(ConfigError) as caught:
        read(table, **environ)
    place = f'a dict, endpoints[0] "{table["provider"]}": '
    return "\n".join(
        line.removeprefix(place) for line in str(caught.value).splitlines()
    )


@pytest.mark.parametrize(
    ("provider", "format_", "url", "auth"),
    [
        ("holysheep", "openai", "https://api.holysheep.ai/v1", "bearer"),
        ("openai", "openai", "https://api.openai.com/v1", "bearer"),
        ("deepseek", "openai", "https://api.deepseek.com", "bearer"),
        ("anthropic", "anthropic", "https://api.anthropic.com/v1", "x-api-key"),
        (
            "gemini",
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta",
            "x-goog-api-key",
        ),
        ("openrouter", "openai", "https://openrouter.ai/api/v1", "bearer"),
        ("groq", "openai", "https://api.groq.com/openai/v1", "bearer"),
        ("together", "openai", "https://api.together.xyz/v1", "bearer"),
        ("vllm", "openai", "http://localhost:8000/v1", "bearer"),
        ("ollama", "openai", "http://localhost:11434/v1", "bearer"),
        ("llamacpp", "openai", "http://localhost:8080/v1", "bearer"),
    ],
)
def test_a_providers_own(provider: str, format_: str, url: str, auth: str) -> None:
    """Format, address and way to log in."""
    variable = PRESETS[provider].key_variable or "NONE"

    one = read({"provider": provider}, **{variable: "k"})

    assert (format_, url, auth) == (one.format, one.base_url, one.auth)


@pytest.mark.parametrize("provider", ["vllm", "ollama", "llamacpp"])
def test_a_local_server_needs_nothing(provider: str) -> None:
    """No key and no list of models, wherever it is; a key may be given."""
    one = read({"provider": provider, "base_url": "http://gpu:1/v1"})

    assert (None, None, ANY) == (one.api_key, one.token, one.models)
    assert Secret("k") == read({"provider": provider, "api_key": "k"}).api_key


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"GOOGLE_API_KEY": "a", "GEMINI_API_KEY": "b"}, "a"),
        ({"GEMINI_API_KEY": "b"}, "b"),
        ({"GOOGLE_API_KEY": "", "GEMINI_API_KEY": "b"}, "b"),
    ],
)
def test_the_first_key_of_two(environ: dict[str, str], key: str) -> None:
    """An empty variable is none."""
    assert Secret(key) == read({"provider": "gemini"}, **environ).api_key


def test_none_of_two_keys() -> None:
    """Both are named."""
    assert (
        "api_key: neither $GOOGLE_API_KEY nor $GEMINI_API_KEY is set; set one with:"
        " export GOOGLE_API_KEY=..."
    ) == mistake({"provider": "gemini"})


@pytest.mark.parametrize(
    ("provider", "written", "url"),
    [
        ("anthropic", "https://api.anthropic.com", "https://api.anthropic.com/v1"),
        ("anthropic", "https://api.anthropic.com/", "https://api.anthropic.com/v1"),
        ("anthropic", "https://api.anthropic.com/v2", "https://api.anthropic.com/v2"),
        ("anthropic", "https://gateway", "https://gateway"),
        ("anthropic", "https://gateway/claude/v1/", "https://gateway/claude/v1"),
        (
            "gemini",
            "https://GenerativeLanguage.googleapis.com:443",
            "https://GenerativeLanguage.googleapis.com:443/v1beta",
        ),
        (
            "gemini",
            "https://generativelanguage.googleapis.com/v1",
            "https://generativelanguage.googleapis.com/v1",
        ),
        ("ollama", "http://localhost:11434", "http://localhost:11434/v1"),
        ("ollama", "http://127.0.0.1:11434", "http://127.0.0.1:11434"),
    ],
)
def test_a_base_url_that_is_written_out(provider: str, written: str, url: str) -> None:
    """The path is added at the provider's own host, where there is none."""
    table = {"provider": provider, "base_url": written, "models": ["m"]}
    keys = {"ANTHROPIC_API_KEY": "k", "GEMINI_API_KEY": "k"}

    assert url == read(table, **keys).base_url


@pytest.mark.parametrize(
    ("provider", "given", "url"),
    [
        ("anthropic", "https://gateway", "https://gateway/v1"),
        ("anthropic", "https://gateway/claude/", "https://gateway/claude/v1"),
        ("anthropic", "https://gateway/v1", "https://gateway/v1"),
        ("gemini", "https://gateway", "https://gateway/v1beta"),
        ("gemini", "https://gateway/v1beta/", "https://gateway/v1beta"),
        ("gemini", "https://gateway/v1", "https://gateway/v1"),
        ("openai", "https://gateway/api", "https://gateway/api"),
        (
            "azure",
            "https://mine.openai.azure.com/",
            "https://mine.openai.azure.com/openai/v1",
        ),
        (
            "azure",
            "https://mine.openai.azure.com/openai/v1/",
            "https://mine.openai.azure.com/openai/v1",
        ),
    ],
)
def test_a_base_url_of_a_variable(provider: str, given: str, url: str) -> None:
    """As the provider's own package takes it, which adds the version itself."""
    preset = PRESETS[provider]
    environ = {preset.key_variable: "k", preset.url_variable or "": given}

    one = read({"provider": provider}, **environ)

    assert (url, ANY) == (one.base_url, one.models)
    assert Secret("k") == one.api_key


def test_a_wrong_variable_of_anthropic() -> None:
    """It is named, not what is added to it."""
    assert (
        "base_url must begin with http:// or https:// (it is from $ANTHROPIC_BASE_URL)"
    ) == mistake(
        {"provider": "anthropic"}, ANTHROPIC_API_KEY="k", ANTHROPIC_BASE_URL="gateway"
    )


def test_azure_by_its_variables() -> None:
    """Deployments have names of the user's, so any is taken."""
    one = read({"provider": "azure"}, **AZURE)

    assert ("https://mine.openai.azure.com/openai/v1", ANY) == (
        one.base_url,
        one.models,
    )
    assert ("openai", "api-key", Secret("k")) == (one.format, one.auth, one.api_key)
    assert ({}, {}) == (one.prices, one.retires)


@pytest.mark.parametrize(
    "url",
    [
        "https://mine.openai.azure.com",
        "https://MINE.openai.azure.com/openai/v1",
        "https://mine.cognitiveservices.azure.com/openai/v1",
        "https://mine.services.ai.azure.com/openai/v1",
    ],
)
def test_azures_own_hosts_get_its_key(url: str) -> None:
    """And the path, where there is none."""
    one = read({"provider": "azure", "base_url": url}, AZURE_OPENAI_API_KEY="k")

    assert one.base_url.endswith(".azure.com/openai/v1")
    assert (Secret("k"), ANY) == (one.api_key, one.models)


@pytest.mark.parametrize(
    "url",
    [
        "http://mine.openai.azure.com/openai/v1",
        "https://mine.openai.azure.com:8443/openai/v1",
        "https://mine.openai.azure.com.evil.example/v1",
        "https://evil.example/.openai.azure.com/v1",
        "https://openai.azure.com/v1",
        "https://mine.azurewebsites.net/v1",
    ],
)
def test_other_hosts_do_not_get_azures_key(url: str) -> None:
    """However like they look."""
    assert read({"provider": "azure", "base_url": url}, **AZURE).api_key is None


def test_a_gateway_for_azure() -> None:
    """The host that the variable names has the key, written out as well."""
    environ = AZURE | {"AZURE_OPENAI_ENDPOINT": "https://gateway:8443"}
    table = {"provider": "azure", "base_url": "https://gateway:8443/x"}

    assert Secret("k") == read(table, **environ).api_key
    assert Secret("k") == read({"provider": "azure"}, **environ).api_key


def test_azure_without_an_address() -> None:
    """There is none of its own."""
    assert (
        "base_url is missing: every user of azure has another; set it, or"
        " $AZURE_OPENAI_ENDPOINT"
    ) == mistake({"provider": "azure"}, AZURE_OPENAI_API_KEY="k")


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("europe-west4", "europe-west4-aiplatform"),
        ("global", "aiplatform"),
        ("us", "aiplatform.us.rep"),
        ("eu", "aiplatform.eu.rep"),
    ],
)
def test_places_in_google_cloud(location: str, host: str) -> None:
    """Each has its host."""
    one = read(VERTEX | {"location": location})

    assert (
        f"https://{host}.googleapis.com/v1/projects/my-project/locations/{location}"
        "/publishers/google"
    ) == one.base_url
    assert ("vertex", "bearer") == (one.format, one.auth)


def test_a_place_of_the_environment() -> None:
    """Where the table says nothing else."""
    one = read(
        {"provider": "vertex", "location": "global"},
        GOOGLE_CLOUD_PROJECT="theirs",
        GOOGLE_CLOUD_LOCATION="us-east5",
    )

    assert "/projects/theirs/locations/global/" in one.base_url


@pytest.mark.parametrize(
    ("changes", "environ", "message"),
    [
        (
            {"project": None, "location": None},
            {},
            (
                "project is missing; set it, or $GOOGLE_CLOUD_PROJECT\n"
                "location is missing; set it, or $GOOGLE_CLOUD_LOCATION"
            ),
        ),
        (
            {"project": "a/b"},
            {},
            'project must be a name such as "my-project", not "a/b"',
        ),
        (
            {"location": "x.evil.example/"},
            {},
            'location must be a name such as "europe-west4", not "x.evil.example/"',
        ),
        (
            {"location": None},
            {"GOOGLE_CLOUD_LOCATION": "a b"},
            (
                'location must be a name such as "europe-west4", not "a b" (it is from'
                " $GOOGLE_CLOUD_LOCATION)"
            ),
        ),
        (
            {"project": 5},
            {},
            'project must be a name such as "my-project", not 5',
        ),
        (
            {"base_url": "https://aiplatform.googleapis.com/v1/x", "location": None},
            {},
            "project is part of base_url already; leave one of them out",
        ),
    ],
)
def test_a_mistake_in_a_place(
    changes: dict[str, Any], environ: dict[str, str], message: str
) -> None:
    """The key is named, and its variable."""
    table = {k: v for k, v in (VERTEX | changes).items() if v is not None}

    assert message == mistake(table, **environ)


@pytest.mark.parametrize("key", ["project", "location"])
def test_a_place_of_others(key: str) -> None:
    """Only Google Cloud has any."""
    assert f'{key} is for the provider "vertex" alone, not gemini' == mistake(
        {"provider": "gemini", key: "x"}, GEMINI_API_KEY="k"
    )


def test_google_clouds_own_login() -> None:
    """In place of a key, unless there is one."""
    one = read(VERTEX)
    keyed = read(VERTEX | {"api_key": "ya29.token"})

    assert (None, GoogleLogin()) == (one.api_key, one.token)
    assert (Secret("ya29.token"), None) == (keyed.api_key, keyed.token)


@pytest.mark.parametrize(
    ("url", "is_googles"),
    [
        ("https://aiplatform.googleapis.com/v1/x", True),
        ("https://us-east5-aiplatform.googleapis.com/v1/x", True),
        ("https://aiplatform.eu.rep.googleapis.com/v1/x", True),
        ("http://aiplatform.googleapis.com/v1/x", False),
        ("https://aiplatform.googleapis.com.evil.example/v1", False),
        ("https://evilaiplatform.googleapis.com/v1", False),
        ("https://gateway/v1", False),
    ],
)
def test_googles_token_goes_to_google_alone(url: str, is_googles: bool) -> None:
    """Elsewhere a key must be given."""
    table = {"provider": "vertex", "base_url": url, "models": ["m"]}

    assert is_googles == (read(table).token is not None)


def test_google_cloud_without_google_auth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said at once, with the command that helps; a key needs none."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert (
        "api_key is missing: Google's own login needs google-auth; pip install"
        ' "holybalance[vertex]"'
    ) == mistake(VERTEX)
    assert Secret("k") == read(VERTEX | {"api_key": "k"}).api_key


def test_google_cloud_has_googles_models() -> None:
    """And their prices, but not the days on which the Gemini API withdraws them."""
    vertex = read(VERTEX)
    gemini = read({"provider": "gemini"}, GEMINI_API_KEY="k")

    assert gemini.models == vertex.models
    assert gemini.prices == vertex.prices
    assert set(vertex.prices) == set(vertex.models)
    assert {} == vertex.retires != gemini.retires


def test_anthropics_models_by_both_names() -> None:
    """And what is known of them."""
    one = read({"provider": "anthropic"}, ANTHROPIC_API_KEY="k")
    card = shipped().cards["claude-sonnet-5.5"]

    for name in ("claude-sonnet-5.5", "claude-sonnet-5-5"):
        assert "claude-sonnet-5-5" == one.models[name]
        assert card.price == one.prices[name]
        assert card.max_output == one.max_outputs[name]
    assert card.retires is None
    assert "claude-sonnet-4.5" in one.retires


def test_a_list_at_anthropic_is_sent_as_it_calls_them() -> None:
    """As at every provider whose names are known."""
    table = {"provider": "anthropic", "models": ["claude-haiku-4.5", "new"]}

    one = read(table, ANTHROPIC_API_KEY="k")

    assert {"claude-haiku-4.5": "claude-haiku-4-5", "new": "new"} == one.models


@pytest.mark.parametrize("provider", ["openrouter", "groq", "together"])
def test_providers_whose_models_are_not_known(provider: str) -> None:
    """Any name, unless there is a list, which is sent as it is."""
    variable = {PRESETS[provider].key_variable: "k"}
    listed = read({"provider": provider, "models": ["gpt-4.1"]}, **variable)

    assert ANY == read({"provider": provider}, **variable).models
    assert {"gpt-4.1": "gpt-4.1"} == listed.models
    assert {} == listed.prices


def test_longest_answers() -> None:
    """Of what is sent, as far as that is known, wherever the endpoint is."""
    table = {
        "provider": "openai",
        "base_url": "http://host/v1",
        "models": {"gpt-4.1": "gpt-5", "mine": "gpt-4o", "gpt-4o": "x", "y": "y"},
    }

    assert {"gpt-4.1": 128_000, "mine": 16_384, "gpt-4o": 16_384} == (
        read(table).max_outputs
    )


def test_a_users_longest_answer() -> None:
    """As `[catalog]` has it, for any name as well."""
    config = Config.from_dict(
        {
            "endpoints": [{"provider": "vllm"}],
            "catalog": {"mine": {"max_output": 100}},
        },
        environ={},
    )

    assert 100 == config.endpoints[0].max_outputs["mine"]


@pytest.mark.parametrize("key", ["format", "retires", "max_outputs", "token"])
def test_what_follows_from_the_rest_is_no_key(key: str) -> None:
    """A table cannot say it."""
    assert mistake({"provider": "vllm", key: {}}).startswith(f'unknown key "{key}"')


def test_another_way_to_log_in() -> None:
    """A gateway that speaks as Anthropic does may want a bearer token."""
    table = {
        "provider": "anthropic",
        "base_url": "https://gateway/v1",
        "api_key": "k",
        "auth": "bearer",
        "models": ["*"],
    }

    assert ("anthropic", "bearer") == (read(table).format, read(table).auth)
    assert (
        "auth must be one of bearer, api-key, x-api-key, x-goog-api-key, not"
        ' "x-apikey"; did you mean "x-api-key"?'
    ) == mistake(table | {"auth": "x-apikey"})


def test_streams_without_usage() -> None:
    """For a server that refuses to be asked for it."""
    assert read({"provider": "vllm"}).stream_usage
    assert not read({"provider": "vllm", "stream_usage": False}).stream_usage
    assert "stream_usage must be true or false, not 0" == mistake(
        {"provider": "vllm", "stream_usage": 0}
    )


@pytest.mark.parametrize("give", [lambda: "token", str])
def test_a_key_that_is_asked_for(give: Callable[[], str]) -> None:
    """For each request anew, at any provider and any address."""
    for table in (VERTEX, {"provider": "openai"}, {"provider": "azure"}):
        one = read(table | {"api_key": give}, AZURE_OPENAI_ENDPOINT="https://host")

        assert (None, give) == (one.api_key, one.token)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("google", '"gemini" or "vertex"'),
        ("Claude", '"anthropic"'),
        ("azure_openai", '"azure"'),
        ("antropic", '"anthropic"'),
        ("llama.cpp", '"llamacpp"'),
        ("vertexai", '"vertex"'),
        ("vllms", '"vllm"'),
    ],
)
def test_a_provider_by_another_name(written: str, meant: str) -> None:
    """What people call them, and misspelt ones."""
    with pytest.raises(ConfigError) as caught:
        read({"provider": written})

    assert (
        f'a dict, endpoints[0]: unknown provider "{written}"; did you mean {meant}?'
    ) == str(caught.value)


def test_an_embedding_model_is_served_and_priced() -> None:
    """Though nothing chooses it for a chat."""
    config = Config.from_dict(
        {"endpoints": [{"provider": "openai"}]}, environ={"OPENAI_API_KEY": "k"}
    )
    one = config.endpoints[0]

    assert one.serves("text-embedding-3-small")
    assert Price(input=0.02, output=0) == one.prices["text-embedding-3-small"]
    assert "text-embedding-3-small" not in one.max_outputs
    assert "text-embedding-3-small" not in config.models
