"""Each provider's preset, end to end: where a request goes, and with which key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from holybalance import Client
from holybalance.config import PRESETS
from holybalance.errors import RequestError
from tests.faults.answers import anthropic, gemini, openai
from tests.faults.answers.row import KINDS, TEXT, Format
from tests.faults.scripted import Request, Upstream, answering, error, http
from tests.faults.world import World

KEY = "sk-canary-0123456789"
LOGINS = ("authorization", "api-key", "x-api-key", "x-goog-api-key")
_CHAT = "/chat/completions"
_VERTEX = "/v1/projects/my-project/locations/europe-west4/publishers/google"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """
    What is to be seen of a provider's requests.

    Args:
        base: the path of the base URL.
        paths: of a whole answer, a stream, embeddings and the list of models, behind
            the base; `None` where there is none.
        login: name and value of the header that logs in.
    """

    base: str
    format: Format = openai.FORMAT
    paths: tuple[str, str, str | None, str] = (_CHAT, _CHAT, "/embeddings", "/models")
    login: tuple[str, str] = ("authorization", f"Bearer {KEY}")


_GENERATE = "/models/m:generateContent"
_GENERATE_STREAM = "/models/m:streamGenerateContent?alt=sse"
_GOOGLES_LIST = "/models?pageSize=1000"
PROVIDERS = {
    "holysheep": Provider(base="/v1"),
    "openai": Provider(base="/v1"),
    "deepseek": Provider(base=""),
    "anthropic": Provider(
        base="/v1",
        format=anthropic.FORMAT,
        paths=("/messages", "/messages", None, "/models?limit=1000"),
        login=("x-api-key", KEY),
    ),
    "gemini": Provider(
        base="/v1beta",
        format=gemini.FORMAT,
        paths=(
            _GENERATE,
            _GENERATE_STREAM,
            "/models/m:batchEmbedContents",
            _GOOGLES_LIST,
        ),
        login=("x-goog-api-key", KEY),
    ),
    "azure": Provider(base="/openai/v1", login=("api-key", KEY)),
    "openrouter": Provider(base="/api/v1"),
    "groq": Provider(base="/openai/v1"),
    "together": Provider(base="/v1"),
    "vertex": Provider(
        base=_VERTEX,
        format=gemini.FORMAT,
        paths=(_GENERATE, _GENERATE_STREAM, "/models/m:predict", _GOOGLES_LIST),
    ),
    "vllm": Provider(base="/v1"),
    "ollama": Provider(base="/v1"),
    "llamacpp": Provider(base="/v1"),
}
every_provider = pytest.mark.parametrize("name", PROVIDERS)


@pytest.fixture(autouse=True)
def canaries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A key in every variable that may hold one, and no URL in any."""
    found = []
    for preset in PRESETS.values():
        if preset.url_variable is not None:
            monkeypatch.delenv(preset.url_variable, raising=False)
        for variable in preset.key_variables:
            found.append(f"sk-of-{variable.lower()}")
            monkeypatch.setenv(variable, found[-1])
    return found


def client_of(
    world: World, name: str, upstream: Upstream | None, **table: Any
) -> Client:
    """Make a client with one endpoint of a provider, at an upstream if one is given."""
    place = {} if upstream is None else {"base_url": root(upstream, name)}
    told = {"provider": name, "models": ["m"], **place, **table}
    client = Client({"defaults": {"timeout": 5.0}, "endpoints": [told]})
    world.clients.append(client)
    return client


def root(upstream: Upstream, name: str) -> str:
    """Give the base URL that a provider has at an upstream."""
    return f"http://127.0.0.1:{upstream.port}{PROVIDERS[name].base}"


def key_of(name: str) -> Any:
    """Give the key as a table has it; Google's is a token of the moment."""
    return (lambda: KEY) if name == "vertex" else KEY


def ask(client: Client, kind: str) -> str:
    """Make a call and give its text."""
    if kind == "whole":
        return client.chat("ping").text
    return client.stream("ping").read().text


def logins(request: Request) -> dict[str, str]:
    """Give the headers by which anybody logs in."""
    return {name: request.headers[name] for name in LOGINS if name in request.headers}


def assert_no_other_key(request: Request, canaries: list[str]) -> None:
    """Assert that no key of the environment is anywhere in a request."""
    texts = [request.target, *request.headers.values(), request.body.decode()]
    assert [] == [one for one in canaries if any(one in text for text in texts)]


def test_every_preset_is_here() -> None:
    """None is left out."""
    assert set(PRESETS) == set(PROVIDERS)


@pytest.mark.parametrize("kind", KINDS)
@every_provider
def test_a_call(world: World, canaries: list[str], name: str, kind: str) -> None:
    """The right path, the right login, and no other provider's key."""
    provider = PROVIDERS[name]
    upstream = world.upstream(answering(provider.format.rows[kind, "ok"].answer))
    client = client_of(world, name, upstream, api_key=key_of(name))

    assert TEXT == ask(client, kind)

    (request,) = upstream.requests
    path = provider.paths[0] if kind == "whole" else provider.paths[1]
    assert ("POST", provider.base + path) == (request.method, request.target)
    assert dict([provider.login]) == logins(request)
    assert f"127.0.0.1:{upstream.port}" == request.headers["host"]
    assert "application/json" == request.headers["content-type"]
    assert "identity" == request.headers["accept-encoding"]
    assert (provider.format is anthropic.FORMAT) == (
        "anthropic-version" in request.headers
    )
    assert_no_other_key(request, canaries)


@every_provider
def test_models_and_streams_are_named(world: World, name: str) -> None:
    """In the body, but for Google, who has both in the path."""
    provider = PROVIDERS[name]
    upstream = world.upstream(answering(provider.format.rows["stream", "ok"].answer))
    ask(client_of(world, name, upstream, api_key=key_of(name)), "stream")

    body = orjson.loads(upstream.requests[0].body)
    told = {name: body[name] for name in ("model", "stream") if name in body}
    is_googles = provider.format is gemini.FORMAT
    assert ({} if is_googles else {"model": "m", "stream": True}) == told


@every_provider
def test_embeddings(world: World, canaries: list[str], name: str) -> None:
    """As far as there are any."""
    provider = PROVIDERS[name]
    upstream = world.upstream(answering(http(error("no"), "400 Bad Request")))
    client = client_of(world, name, upstream, api_key=key_of(name))

    with pytest.raises(RequestError) as caught:
        client.embed("ping", model="m")

    path = provider.paths[2]
    if path is None:
        assert ("unsupported", 0) == (caught.value.code, upstream.accepted)
        return
    (request,) = upstream.requests
    assert provider.base + path == request.target
    assert dict([provider.login]) == logins(request)
    assert_no_other_key(request, canaries)


@every_provider
def test_a_check(world: World, canaries: list[str], name: str) -> None:
    """It asks for the list of models with the same login."""
    provider = PROVIDERS[name]
    listed = {"data": [{"id": "m"}], "models": [{"name": "models/m"}]}
    upstream = world.upstream(answering(http(orjson.dumps(listed))))
    client = client_of(world, name, upstream, api_key=key_of(name))

    (told,) = client.check()

    (request,) = upstream.requests
    assert (True, ()) == (told.is_ok, told.missing), told.message
    assert ("GET", provider.base + provider.paths[3]) == (
        request.method,
        request.target,
    )
    assert dict([provider.login]) == logins(request)
    assert_no_other_key(request, canaries)


@every_provider
def test_no_key_goes_to_another_host(
    world: World, canaries: list[str], name: str
) -> None:
    """The environment's key is for the provider's own address alone."""
    provider = PROVIDERS[name]
    upstream = world.upstream(answering(provider.format.rows["whole", "ok"].answer))

    assert TEXT == ask(client_of(world, name, upstream), "whole")

    assert {} == logins(upstream.requests[0])
    assert_no_other_key(upstream.requests[0], canaries)


@pytest.mark.parametrize(
    ("name", "is_path_left_out"),
    [
        (name, is_path_left_out)
        for name, preset in PRESETS.items()
        if preset.url_variable is not None
        for is_path_left_out in {False, preset.is_path_left_out}
    ],
)
def test_an_address_by_variable(
    world: World,
    canaries: list[str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_path_left_out: bool,
) -> None:
    """It gets the variable's key, and the path where the provider's own wants none."""
    preset, provider = PRESETS[name], PROVIDERS[name]
    upstream = world.upstream(answering(provider.format.rows["whole", "ok"].answer))
    url = root(upstream, name)
    if is_path_left_out:
        url = url.removesuffix(provider.base) + "/"
    assert preset.url_variable is not None
    monkeypatch.setenv(preset.url_variable, url)

    assert TEXT == ask(client_of(world, name, None), "whole")

    (request,) = upstream.requests
    key = f"sk-of-{preset.key_variable.lower()}"
    header, value = provider.login
    assert provider.base + provider.paths[0] == request.target
    assert {header: value.replace(KEY, key)} == logins(request)
    assert_no_other_key(request, [one for one in canaries if one != key])


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_of_the_moment(world: World, kind: str) -> None:
    """Each request has the one that is given for it."""
    tokens = [f"ya29.{number}" for number in range(3)]
    ok = gemini.FORMAT.rows[kind, "ok"].answer
    upstream = world.upstream(answering(*[ok] * len(tokens)))
    left = iter(tokens)
    client = client_of(world, "vertex", upstream, api_key=lambda: next(left))

    for _ in tokens:
        assert TEXT == ask(client, kind)

    assert [{"authorization": f"Bearer {token}"} for token in tokens] == [
        logins(request) for request in upstream.requests
    ]
