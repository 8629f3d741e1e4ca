"""Owns what is known beforehand about each provider: URLs, variables and models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from holybalance.config.routing import ANY_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """
    A provider that needs no more than a key, or less.

    Args:
        format: the wire format that it speaks, of `schema.FORMATS`.
        origin: scheme and host of its own address; `None` where every user has another.
        path: what stands behind the host, the version of the API included.
        key_variables: environment variables that may hold its key; the first that is
            set does. None for a provider that takes no key of its own.
        url_variable: the one that may hold another base URL for it.
        is_path_left_out: whether that URL has no `path`, as the provider's own package
            wants it.
        hosts: a pattern of hosts that are its own as well, and may have its key.
        auth: how it takes a key, of `schema.AUTHS`.
        catalog_name: the catalog's name for it, of `catalog.PROVIDERS`; `None` where
            the catalog knows none of its models.
        keeps_days: whether it withdraws models on the days that the catalog has.
        has_google_login: whether Google's own login does in place of a key.
    """

    name: str
    format: str = "openai"
    origin: str | None = None
    path: str = ""
    key_variables: tuple[str, ...] = ()
    url_variable: str | None = None
    is_path_left_out: bool = False
    hosts: str | None = None
    auth: str = "bearer"
    catalog_name: str | None = None
    keeps_days: bool = True
    has_google_login: bool = False

    @property
    def base_url(self) -> str:
        """Its own, without a trailing slash; empty where every user has another."""
        return "" if self.origin is None else self.origin + self.path

    @property
    def key_variable(self) -> str:
        """The first variable for its key; empty where there is none."""
        return self.key_variables[0] if self.key_variables else ""

    @property
    def models(self) -> Mapping[str, str]:
        """Its models, by our names and by its own, to its own; the default first."""
        from holybalance.config.catalog import shipped  # noqa: PLC0415 - it reads a file

        if self.catalog_name is None:
            return {ANY_MODEL: ANY_MODEL}
        return shipped().offered_by(self.catalog_name)

    def variables_in(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Give the variables by which it can be used; none where one is missing."""
        key = next((name for name in self.key_variables if environ.get(name)), None)
        if key is None:
            return ()
        if self.origin is not None:
            return (key,)
        url = self.url_variable
        return (key, url) if url is not None and environ.get(url) else ()


_ALL = (
    Preset(
        name="holysheep",
        origin="https://api.holysheep.ai",
        path="/v1",
        key_variables=("HOLYSHEEP_API_KEY",),
        url_variable="HOLYSHEEP_BASE_URL",
        catalog_name="holysheep",
    ),
    Preset(
        name="openai",
        origin="https://api.openai.com",
        path="/v1",
        key_variables=("OPENAI_API_KEY",),
        url_variable="OPENAI_BASE_URL",
        catalog_name="openai",
    ),
    Preset(
        name="deepseek",
        origin="https://api.deepseek.com",
        key_variables=("DEEPSEEK_API_KEY",),
        url_variable="DEEPSEEK_BASE_URL",
        catalog_name="deepseek",
    ),
    Preset(
        name="anthropic",
        format="anthropic",
        origin="https://api.anthropic.com",
        path="/v1",
        key_variables=("ANTHROPIC_API_KEY",),
        url_variable="ANTHROPIC_BASE_URL",
        is_path_left_out=True,
        auth="x-api-key",
        catalog_name="anthropic",
    ),
    Preset(
        name="gemini",
        format="gemini",
        origin="https://generativelanguage.googleapis.com",
        path="/v1beta",
        # In this order, as Google's own package has it.
        key_variables=("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        url_variable="GOOGLE_GEMINI_BASE_URL",
        is_path_left_out=True,
        auth="x-goog-api-key",
        catalog_name="google",
    ),
    Preset(
        name="azure",
        path="/openai/v1",
        key_variables=("AZURE_OPENAI_API_KEY",),
        url_variable="AZURE_OPENAI_ENDPOINT",
        is_path_left_out=True,
        hosts=r"[a-z0-9-]+\.(openai|cognitiveservices|services\.ai)\.azure\.com",
        auth="api-key",
    ),
    Preset(
        name="openrouter",
        origin="https://openrouter.ai",
        path="/api/v1",
        key_variables=("OPENROUTER_API_KEY",),
    ),
    Preset(
        name="groq",
        origin="https://api.groq.com",
        path="/openai/v1",
        key_variables=("GROQ_API_KEY",),
    ),
    Preset(
        name="together",
        origin="https://api.together.xyz",
        path="/v1",
        key_variables=("TOGETHER_API_KEY",),
    ),
    Preset(
        name="vertex",
        format="vertex",
        hosts=(
            r"(aiplatform|[a-z0-9-]+-aiplatform|aiplatform\.[a-z0-9-]+\.rep)"
            r"\.googleapis\.com"
        ),
        catalog_name="google",
        # The same models leave Google Cloud on other days than the Gemini API.
        keeps_days=False,
        has_google_login=True,
    ),
    Preset(name="vllm", origin="http://localhost:8000", path="/v1"),
    Preset(name="ollama", origin="http://localhost:11434", path="/v1"),
    Preset(name="llamacpp", origin="http://localhost:8080", path="/v1"),
)

PRESETS = {preset.name: preset for preset in _ALL}
"""Every preset by its name, in the order in which they are tried."""

OTHER_NAMES = {
    "google": ("gemini", "vertex"),
    "claude": ("anthropic",),
    "azure-openai": ("azure",),
    "azure_openai": ("azure",),
}
"""Which presets are meant by names that are unlike theirs."""
