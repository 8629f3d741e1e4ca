"""The stand-in's arguments, settings and parts, and where its endpoints come from."""

from __future__ import annotations

import inspect
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import holybalance.integrations.openai as stand_in
from holybalance import Client, Config, OpenAI
from holybalance.errors import ConfigError
from holybalance.integrations.openai.settings import NO_TIMEOUT_S, seconds_of
from tests.integrations.recording import Json, Recorded, Recorder, Scripted

package = pytest.importorskip("openai")

USUAL: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
TEXT = """
[[endpoints]]
provider = "openai"
base_url = "{url}"
api_key = {{ env = "THEIR_KEY" }}
models = ["small", "large"]

[models.fast]
targets = ["small"]

[defaults]
timeout = 33.0
max_attempts = 5
"""


@pytest.fixture
def file(upstream: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A configuration in the working directory."""
    path = tmp_path / "holybalance.toml"
    path.write_text(TEXT.format(url=upstream.base_url), "utf-8")
    monkeypatch.setenv("THEIR_KEY", "sk-theirs")
    monkeypatch.chdir(tmp_path)
    return path


def answer_of(client: OpenAI, model: str = "m") -> str:
    """Make a call and give its text."""
    text: str | None = (
        client.chat.completions.create(**{**USUAL, "model": model})
        .choices[0]
        .message.content
    )
    return text or ""


def test_a_configuration_is_the_whole_pool(
    file: Path, upstream: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    """Its endpoints, keys, aliases and defaults; variables of OpenAI's are left."""
    with OpenAI() as client:
        answer_of(client, "fast")

    assert "small" == upstream.last.body["model"]
    assert "Bearer sk-theirs" == upstream.last.headers["authorization"]
    assert (33.0, 4, "") == (client.timeout, client.max_retries, client.api_key)
    assert [] == caplog.records


def test_a_configuration_named_by_a_variable(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, upstream: Recorder
) -> None:
    """Wherever it stands."""
    elsewhere = file.rename(tmp_path / "other.toml")
    monkeypatch.setenv("HOLYBALANCE_CONFIG", str(elsewhere))

    with OpenAI() as client:
        assert "Hi ✨" == answer_of(client, "large")


def test_arguments_beside_a_configuration(
    file: Path, caplog: pytest.LogCaptureFixture, upstream: Recorder
) -> None:
    """They are left aside, with one warning that does not show them."""
    with caplog.at_level(logging.WARNING, "holybalance"):
        client = OpenAI(
            api_key="sk-mine", base_url="http://127.0.0.1:9/v1", organization="org"
        )
        answer_of(client, "small")
        answer_of(client.with_options(timeout=5), "small")
        client.close()

    (record,) = caplog.records
    assert "api_key and base_url and organization of OpenAI() are" in record.message
    assert "sk-mine" not in record.message
    assert "Bearer sk-theirs" == upstream.last.headers["authorization"]
    assert "openai-organization" not in upstream.last.headers


def test_settings_beside_a_configuration(file: Path, upstream: Recorder) -> None:
    """They hold where they are passed."""
    with OpenAI(timeout=7, max_retries=1) as client:
        reply = client.chat.completions.create(**{**USUAL, "model": "small"})
        upstream.answers = [Scripted(status=503, body="busy")]
        with pytest.raises(stand_in.InternalServerError) as caught:
            answer_of(client, "small")

    assert (7, 1) == (client.timeout, client.max_retries)
    assert "openai" == reply.holybalance.endpoint
    assert len(caught.value.attempts) <= 2


def test_the_models_of_a_configuration(file: Path, upstream: Recorder) -> None:
    """Aliases and models, and nobody is asked."""
    with OpenAI() as client:
        assert ["fast", "small", "large"] == [m.id for m in client.models.list()]
        assert "openai" == client.models.retrieve("small").owned_by
        with pytest.raises(stand_in.NotFoundError):
            client.models.retrieve("unknown")

    assert [] == upstream.requests


def test_a_wrong_configuration_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not passed over for a key in the environment; by either package's name."""
    monkeypatch.setenv("HOLYBALANCE_CONFIG", "/nowhere.toml")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")

    for kind in (ConfigError, stand_in.OpenAIError):
        with pytest.raises(kind, match=r"/nowhere\.toml"):
            OpenAI()


def test_a_path_of_a_configuration(file: Path, upstream: Recorder) -> None:
    """As text, or as a path."""
    elsewhere = file.rename(file.with_name("my.toml"))

    for path in (elsewhere, str(elsewhere), "my.toml"):
        with OpenAI(config=path) as client:
            assert "Hi ✨" == answer_of(client, "small")
    with pytest.raises(stand_in.OpenAIError, match=r"no\.toml: cannot be read"):
        OpenAI(config="no.toml")


def test_a_file_beats_arguments(file: Path, upstream: Recorder) -> None:
    """Unless a configuration is passed; tests of others can do so."""
    endpoint = {
        "provider": "openai",
        "base_url": upstream.base_url,
        "api_key": "sk-test",
        "models": ["*"],
    }
    with OpenAI(config={"endpoints": [endpoint]}) as client:
        answer_of(client, "any")

    assert "Bearer sk-test" == upstream.last.headers["authorization"]


def test_config_and_client(upstream: Recorder) -> None:
    """Either may be passed, and not both."""
    endpoint = {
        "provider": "openai",
        "base_url": upstream.base_url,
        "api_key": "k",
        "models": ["m"],
    }
    config = Config.from_dict({"endpoints": [endpoint]})
    with Client(config) as owned, pytest.raises(TypeError, match="not both"):
        OpenAI(config=config, client=owned)
    with OpenAI(config=config) as client:
        assert "Hi ✨" == answer_of(client)


def test_variables(monkeypatch: pytest.MonkeyPatch, upstream: Recorder) -> None:
    """Those of the official package, and no other provider's."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-variable")
    monkeypatch.setenv("OPENAI_BASE_URL", upstream.base_url)
    monkeypatch.setenv("OPENAI_ORG_ID", "org")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj")
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-other")

    with OpenAI() as client:
        answer_of(client, "anything/at-all")

    head = upstream.last.headers
    assert ("org", "proj") == (head["openai-organization"], head["openai-project"])
    assert "Bearer sk-variable" == head["authorization"]
    assert "anything/at-all" == upstream.last.body["model"]
    assert ["openai"] == [e.name for e in client.holybalance.config.endpoints]
    assert ("sk-variable", "org") == (client.api_key, client.organization)


@pytest.mark.parametrize(
    "arguments", [{}, {"api_key": ""}, {"base_url": "http://x/v1"}]
)
def test_no_key_at_all(
    arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told what to set; another provider's key is none."""
    monkeypatch.setenv("DEEPSEEK_API_KEY", "sk-other")

    with pytest.raises(stand_in.OpenAIError, match=r"pass api_key .*\$OPENAI_API_KEY"):
        OpenAI(**arguments)


def test_the_defaults() -> None:
    """Are the official package's."""
    mine, theirs = OpenAI(api_key="sk-none"), package.OpenAI(api_key="sk-none")

    assert theirs.max_retries == mine.max_retries
    assert (theirs.timeout.read, theirs.timeout.connect) == (
        mine.timeout.read,
        mine.timeout.connect,
    )
    assert str(theirs.base_url) == mine.base_url
    assert (theirs.api_key, theirs.organization) == (mine.api_key, mine.organization)
    mine.close()
    theirs.close()


def test_retries(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """As many attempts as are allowed after the first."""
    upstream.answers = [
        Scripted(status=500, body="no", headers={"retry-after-ms": "1"}),
        Scripted(body={"choices": [{"message": {"content": "late"}}]}),
    ]
    client = make(max_retries=1)

    assert "late" == answer_of(client)
    assert 2 == len(upstream.requests)


def test_options_of_a_copy(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """The original keeps its own, and the connections are the same."""
    client = make(max_retries=0, default_headers={"X-A": "1"}, default_query={"q": 1})

    twin = client.with_options(
        timeout=5, max_retries=3, default_headers={"X-B": "2"}, default_query={"r": 2}
    )
    other = client.copy(set_default_headers={"X-C": "3"}, set_default_query={})
    answer_of(twin)

    head = upstream.last.headers
    assert ("1", "2") == (head["x-a"], head["x-b"])
    assert [("q", "1"), ("r", "2")] == upstream.last.query
    assert (5, 3, 0) == (twin.timeout, twin.max_retries, client.max_retries)
    assert ({"X-A": "1"}, {"X-C": "3"}) == (
        client.default_headers,
        other.default_headers,
    )
    assert {} == other.default_query
    assert twin.holybalance is client.holybalance
    with pytest.raises(ValueError, match="exclude each other"):
        client.copy(default_headers={}, set_default_headers={})


def test_another_key_of_a_copy(make: Callable[..., OpenAI], upstream: Recorder) -> None:
    """It has connections of its own."""
    client = make()

    with client.with_options(api_key="sk-other") as twin:
        answer_of(twin)

    assert "Bearer sk-other" == upstream.last.headers["authorization"]
    assert twin.holybalance is not client.holybalance
    assert "Hi ✨" == answer_of(client)


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"http_client": object()}, TypeError, "http_client is not taken here: conn"),
        ({"admin_api_key": "k"}, TypeError, "an endpoint has one key"),
        ({"_strict_response_validation": True}, TypeError, "not taken here"),
        ({"timout": 5}, TypeError, "unexpected keyword argument 'timout'"),
        ({"max_retries": None}, TypeError, "max_retries must be a whole number"),
        ({"max_retries": -1}, ValueError, "from 0 up"),
        ({"timeout": "5"}, TypeError, "timeout must be seconds"),
        ({"timeout": -1.0}, ValueError, "from 0 up"),
        ({"default_headers": {"Host": "x"}}, stand_in.OpenAIError, "transport's"),
        ({"api_key": "sk with spaces"}, ConfigError, "^api_key: the key has a space"),
        ({"api_key": 5}, stand_in.OpenAIError, "^api_key must be a string, or a fun"),
        ({"base_url": "nonsense"}, ConfigError, "^base_url must begin with http"),
        ({"base_url": "http://x/v1/models"}, stand_in.OpenAIError, "^base_url must"),
    ],
)
def test_wrong_arguments(
    arguments: dict[str, Any], error: type[Exception], told: str
) -> None:
    """Refused at once, and told clearly."""
    with pytest.raises(error, match=told):
        OpenAI(**{"api_key": "sk-none", **arguments})


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("OPENAI_BASE_URL", "nonsense", r"^\$OPENAI_BASE_URL must begin with http"),
        ("OPENAI_API_KEY", "a b", r"^\$OPENAI_API_KEY: the key has a space"),
    ],
)
def test_wrong_variables(
    variable: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are named as they are, and the value of a key is not shown."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    monkeypatch.setenv(variable, value)

    with pytest.raises(stand_in.OpenAIError, match=told) as caught:
        OpenAI()

    assert isinstance(caught.value, ConfigError)
    assert caught.value.__suppress_context__


def test_harmless_arguments() -> None:
    """They are for what is not here, or ask for nothing."""
    OpenAI(
        api_key="sk-none",
        http_client=None,
        webhook_secret="w",
        websocket_base_url="wss://x",
        base_url=package.NOT_GIVEN,
        timeout=package.NOT_GIVEN,
        _strict_response_validation=False,
    ).close()


def test_every_official_argument_is_known() -> None:
    """It is taken, passed over, or refused with a reason."""
    signature = inspect.signature(package.OpenAI.__init__)
    for name in signature.parameters.keys() - {"self", "api_key"}:
        OpenAI(api_key="sk-none", **{name: None} if name != "max_retries" else {})


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (5, 5.0),
        (0.5, 0.5),
        (None, NO_TIMEOUT_S),
        (package.Timeout(600, connect=5.0), 600.0),
        (package.Timeout(None), NO_TIMEOUT_S),
        (stand_in.Timeout(9, read=3), 3.0),
        ((1, 2, 3, 4), 2.0),
    ],
)
def test_timeouts(timeout: Any, seconds: float) -> None:
    """A number is the whole call's; of an object, what it waits for an answer."""
    assert seconds == seconds_of(timeout)


def test_a_timeout_in_parts() -> None:
    """All of them, or a default."""
    with pytest.raises(ValueError, match="all four"):
        stand_in.Timeout(connect=5)
    assert "Timeout(connect=5, read=9, write=9, pool=9)" == repr(
        stand_in.Timeout(9, connect=5)
    )


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("responses", "has no 'responses': it has chat.completions, embeddings and"),
        ("images", "has no 'images'"),
        ("beta", "has no 'beta'"),
        ("with_raw_response", "has no 'with_raw_response'"),
        ("chat.nothing", "no chat.nothing: there is chat.completions"),
        ("chat.completions.parse", "no chat.completions.parse: there is"),
        ("chat.completions.stream", "no chat.completions.stream"),
        ("chat.completions.with_streaming_response", "with_raw_response.create"),
        ("embeddings.nothing", "no embeddings.nothing: there is embeddings.create"),
        ("models.delete", "there is models.list and models.retrieve"),
    ],
)
def test_what_is_not_there(path: str, told: str, ours: OpenAI) -> None:
    """Says so, and what there is."""
    *parents, name = path.split(".")
    part: Any = ours
    for parent in parents:
        part = getattr(part, parent)

    with pytest.raises(AttributeError, match=told):
        getattr(part, name)


def test_the_package_loads_nothing_of_the_official_one() -> None:
    """Nor pydantic, nor an event loop."""
    probe = (
        # Where it is installed, pybreaker imports it, and it imports an event loop.
        "import sys; sys.modules['redis'] = None\n"
        "import holybalance.integrations.openai as o; o.OpenAI(api_key='sk-no')\n"
        "print(sorted({'openai', 'pydantic', 'httpx', 'asyncio'} & set(sys.modules)))"
    )
    assert "[]" == run(probe, {}).strip()


def run(code: str, environ: dict[str, str]) -> str:
    """Run code in an interpreter of its own."""
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": root, **environ},
    )
    return done.stdout


def environment_of(upstream: Recorder) -> dict[str, str]:
    """Say in variables where calls go."""
    return {
        "OPENAI_API_KEY": "sk-none",
        "OPENAI_BASE_URL": upstream.base_url,
        "PYTHONIOENCODING": "utf-8",
    }


def test_a_script_unchanged(
    upstream: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It prints the same with either package."""
    script = Path(__file__).with_name("example_script.txt").read_text("utf-8")
    imports = "import openai\nfrom openai import OpenAI\n"
    assert imports in script
    ours = "import holybalance.integrations.openai as openai\n"
    ours += "from holybalance import OpenAI\n"
    wrong: Json = {"message": "No such", "type": "invalid_request_error"}
    wrong |= {"param": "model", "code": "model_not_found"}
    usual = upstream.answer

    def answer(request: Recorded) -> Scripted:
        if request.body and request.body["model"] == "wrong":
            return Scripted(status=404, body={"error": wrong})
        return usual(request)

    monkeypatch.setattr(upstream, "answer", answer)
    environ = environment_of(upstream)

    theirs = run(script, environ)
    mine = run(script.replace(imports, ours), environ)

    assert theirs == mine
    assert "NotFoundError 404 model_not_found Error code: 404 - No such" in mine


def test_the_readme_unchanged(upstream: Recorder) -> None:
    """Its example runs with either package's import, and prints the same."""
    readme = Path(__file__).parents[2].joinpath("README.md").read_text("utf-8")
    imports = "from holybalance import OpenAI\n"
    blocks = [block.partition("```")[0] for block in readme.split("```python\n")]
    (script,) = [block for block in blocks if imports in block]
    environ = environment_of(upstream)

    mine = run(script, environ)
    theirs = run(script.replace("from holybalance", "from openai"), environ)

    assert theirs == mine == "Hi ✨\n"


def test_many_threads(ours: OpenAI) -> None:
    """One client for all."""
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda _: answer_of(ours), range(64)))

    assert {"Hi ✨"} == set(texts)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are of POSIX")
def test_after_a_fork(ours: OpenAI, upstream: Recorder) -> None:
    """A child calls with connections of its own."""
    code = (
        "import os, sys, holybalance\n"
        "client = holybalance.OpenAI()\n"
        "def ask():\n"
        "    return client.chat.completions.create(\n"
        "        model='m', messages=[{'role': 'user', 'content': 'x'}]\n"
        "    ).choices[0].message.content\n"
        "ask()\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if ask() == 'Hi ✨' else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), ask())\n"
    )
    assert "0 Hi ✨" == run(code, environment_of(upstream)).strip()


def test_keys_of_several_endpoints_are_not_replaced(upstream: Recorder) -> None:
    """A login of the call would go to every provider."""
    endpoint = {
        "provider": "openai",
        "base_url": upstream.base_url,
        "api_key": "k",
        "models": ["m"],
    }
    with OpenAI(config={"endpoints": [endpoint, endpoint]}) as client:
        with pytest.raises(stand_in.BadRequestError, match="each with its own key"):
            client.chat.completions.create(
                **USUAL, extra_headers={"Authorization": "Bearer mine"}
            )
        answer = client.chat.completions.create(**USUAL, extra_headers={"X-A": "1"})

    assert answer.holybalance.endpoint in ("openai", "openai-2")
    assert "1" == upstream.last.headers["x-a"]
