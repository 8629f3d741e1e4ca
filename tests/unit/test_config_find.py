"""Where a configuration is looked for when none is given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from holybalance.config import Config
from holybalance.errors import ConfigError

ONE = '[[endpoints]]\nname="{}"\nprovider="openai"\n'
KEY = {"OPENAI_API_KEY": "sk-openai"}


def test_the_variable_comes_first(tmp_path: Path) -> None:
    """A file named by the variable stands before the one in the folder."""
    (tmp_path / "other.toml").write_text(ONE.format("other"))
    (tmp_path / "holybalance.toml").write_text(ONE.format("here"))

    config = Config.find(KEY | {"HOLYBALANCE_CONFIG": "other.toml"}, tmp_path)

    assert "other" == config.endpoints[0].name
    assert str(tmp_path / "other.toml") == config.source


def test_the_variable_must_name_a_file(tmp_path: Path) -> None:
    """A wrong path is told, not passed over."""
    with pytest.raises(ConfigError, match=r"HOLYBALANCE_CONFIG names .*does not exist"):
        Config.find(KEY | {"HOLYBALANCE_CONFIG": "none.toml"}, tmp_path)


def test_then_the_file_in_the_folder(tmp_path: Path) -> None:
    """The file stands before the providers' keys."""
    (tmp_path / "holybalance.toml").write_text(ONE.format("here"))

    assert "here" == Config.find(KEY, tmp_path).endpoints[0].name


def test_then_the_providers_keys(tmp_path: Path) -> None:
    """One endpoint for each key that is set and not empty."""
    environ = {"DEEPSEEK_API_KEY": "a", "HOLYSHEEP_API_KEY": "b", "OPENAI_API_KEY": ""}

    config = Config.find(environ, tmp_path)

    assert ["holysheep", "deepseek"] == [e.name for e in config.endpoints]
    assert "the environment (HOLYSHEEP_API_KEY, DEEPSEEK_API_KEY)" == config.source


LISTING = {
    "GEMINI_API_KEY": "k",
    "ANTHROPIC_API_KEY": "k",
    "DEEPSEEK_API_KEY": "k",
    "OPENAI_API_KEY": "k",
    "HOLYSHEEP_API_KEY": "k",
    "GOOGLE_CLOUD_PROJECT": "p",
    "GOOGLE_CLOUD_LOCATION": "global",
}
TAKING_ANY = {
    "TOGETHER_API_KEY": "k",
    "GROQ_API_KEY": "k",
    "OPENROUTER_API_KEY": "k",
    "AZURE_OPENAI_API_KEY": "k",
    "AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com",
}


def test_every_provider_that_lists_its_models(tmp_path: Path) -> None:
    """In this order; Google Cloud needs a file."""
    config = Config.find(LISTING, tmp_path)

    names = ["holysheep", "openai", "deepseek", "anthropic", "gemini"]
    assert names == [e.name for e in config.endpoints]
    assert (
        "the environment (HOLYSHEEP_API_KEY, OPENAI_API_KEY, DEEPSEEK_API_KEY,"
        " ANTHROPIC_API_KEY, GEMINI_API_KEY)"
    ) == config.source


def test_those_that_take_any_name_by_themselves(tmp_path: Path) -> None:
    """Where no other key is set, in this order and equal."""
    config = Config.find(TAKING_ANY, tmp_path)

    names = ["azure", "openrouter", "groq", "together"]
    assert names == [e.name for e in config.endpoints]
    assert {0} == {e.priority for e in config.endpoints}


@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"])
def test_those_that_take_any_name_beside_others(key: str, tmp_path: Path) -> None:
    """They would be asked for others' models, at a price unknown; which is said."""
    config = Config.find(TAKING_ANY | {key: "k"}, tmp_path)

    (endpoint,) = config.endpoints
    assert all(model in endpoint.prices for model in config.models)
    assert (
        f"the environment ({key}; unused: AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT,"
        " OPENROUTER_API_KEY, GROQ_API_KEY, TOGETHER_API_KEY, as nothing lists models"
        " for it)"
    ) == config.source


@pytest.mark.parametrize(
    "environ",
    [
        {"AZURE_OPENAI_API_KEY": "k"},
        {"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com"},
        {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "global"},
    ],
)
def test_what_is_not_enough(environ: dict[str, str], tmp_path: Path) -> None:
    """Half of what a provider needs; Google Cloud and local servers never do."""
    with pytest.raises(ConfigError, match="no configuration found"):
        Config.find(environ, tmp_path)


def test_a_providers_url_variable_counts(tmp_path: Path) -> None:
    """Key and URL of a provider belong together."""
    environ = KEY | {"OPENAI_BASE_URL": "http://host/v1"}

    assert "http://host/v1" == Config.find(environ, tmp_path).endpoints[0].base_url


def test_else_all_ways_are_told(tmp_path: Path) -> None:
    """Who has configured nothing learns every way to do so."""
    with pytest.raises(ConfigError) as caught:
        Config.find({}, tmp_path)

    folder = f"holybalance.toml into {tmp_path}"
    keys = (
        "HOLYSHEEP_API_KEY, OPENAI_API_KEY, DEEPSEEK_API_KEY, ANTHROPIC_API_KEY, "
        "GOOGLE_API_KEY or GEMINI_API_KEY, AZURE_OPENAI_API_KEY with "
        "AZURE_OPENAI_ENDPOINT, OPENROUTER_API_KEY, GROQ_API_KEY, TOGETHER_API_KEY\n"
    )
    for way in ("$HOLYBALANCE_CONFIG", folder, f"key: {keys}", "--config"):
        assert way in str(caught.value)


def test_a_folder_that_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a current folder there is nowhere to look."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    try:
        with pytest.raises(ConfigError, match="the current folder does not exist"):
            Config.find({})
        with pytest.raises(ConfigError, match="cannot be read: No such file"):
            Config.load("settings.toml", environ={})
    finally:
        monkeypatch.undo()


def test_the_process_environment_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without arguments, the process's own environment and folder are meant."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOLYBALANCE_CONFIG", "a.toml")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    (tmp_path / "a.toml").write_text(ONE.format("mine"))

    assert "mine" == Config.find().endpoints[0].name


def test_importing_stays_light() -> None:
    """Readers and what only they need are loaded when first used."""
    late = ["asyncio", "tomllib", "difflib", "pathlib", "holybalance.config.reader"]
    late += ["google", "concurrent.futures", "holybalance.config.google_login"]
    program = (
        "import sys; before = set(sys.modules); import holybalance.config;"
        f"print([m for m in {late} if m in set(sys.modules) - before])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert "[]" == done.stdout.strip()
