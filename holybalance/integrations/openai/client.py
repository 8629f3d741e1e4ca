"""Owns the client that stands in for `openai.OpenAI`: its arguments and its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, NoReturn, Self

from holybalance.client import Client
from holybalance.integrations.openai.inputs import NOT_GIVEN, given_of, is_given
from holybalance.integrations.openai.live_settings import LiveSettings
from holybalance.integrations.openai.pools import GivenConfig, find_pool
from holybalance.integrations.openai.resources.chat import Chat
from holybalance.integrations.openai.resources.embeddings import Embeddings
from holybalance.integrations.openai.resources.models import Models
from holybalance.integrations.openai.settings import Arguments, changed, refuse_others


class OpenAI:
    """
    Stands in for `openai.OpenAI`, and balances its calls.

    Safe from any thread, and after a fork. Close it, or use it as a context manager.

    Args:
        api_key: of the one endpoint, or a function that gives it; `None` for
            `$OPENAI_API_KEY`.
        base_url: of the one endpoint; `None` for `$OPENAI_BASE_URL`, or OpenAI's own.
        organization: sent as a header; `None` for `$OPENAI_ORG_ID`.
        project: sent as a header; `None` for `$OPENAI_PROJECT_ID`.
        timeout: seconds for a whole call; not given, the configuration's, or without
            one the official package's.
        max_retries: attempts after the first; not given, likewise.
        default_headers: sent with every call.
        default_query: sent with every call.
        config: a `Config`, a dictionary of its shape, or a path of a TOML file.
        client: a client of the library's, which stays its owner's to close.

    Raises:
        OpenAIError: there is neither a configuration nor a key, or one of them is
            wrong; it is a `ConfigError` as well.
    """

    def __init__(
        self,
        *,
        api_key: str | Callable[[], str] | None = None,
        base_url: Any = None,
        organization: str | None = None,
        project: str | None = None,
        timeout: Any = NOT_GIVEN,
        max_retries: Any = NOT_GIVEN,
        default_headers: Mapping[str, Any] | None = None,
        default_query: Mapping[str, Any] | None = None,
        config: GivenConfig | None = None,
        client: Client | None = None,
        **others: Any,
    ) -> None:
        refuse_others(others)
        arguments = Arguments(
            api_key=api_key,
            base_url=base_url if is_given(base_url) else None,
            organization=organization,
            project=project,
            timeout=timeout,
            max_retries=max_retries,
            headers=dict(default_headers or {}),
            query=dict(default_query or {}),
        )
        self._settings = LiveSettings(arguments, find_pool(arguments, config, client))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<OpenAI over {self.holybalance!r}>"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"'OpenAI' object has no attribute {name!r}")
        raise AttributeError(
            f"holybalance.OpenAI has no {name!r}: it has chat.completions, embeddings "
            "and models; for the rest, keep the official package beside it"
        )

    @cached_property
    def chat(self) -> Chat:
        """Chats."""
        return Chat(self._settings)

    @cached_property
    def embeddings(self) -> Embeddings:
        """Embeddings."""
        return Embeddings(self._settings)

    @cached_property
    def models(self) -> Models:
        """Models."""
        return Models(self._settings)

    @property
    def holybalance(self) -> Client:
        """The library's own client, with `metrics`, `explain` and the rest."""
        return self._settings.state.pool.client

    # As with the official client, what is set holds for the calls from then on.

    @property
    def api_key(self) -> str:
        """The key that was passed or found; empty for several, and for a function."""
        return self._settings.state.pool.key

    @api_key.setter
    def api_key(self, key: str | Callable[[], str]) -> None:
        self._settings.change(api_key=key)

    @property
    def base_url(self) -> str:
        """Where calls go, with a slash at its end; of several endpoints the first."""
        return self.holybalance.config.endpoints[0].base_url + "/"

    @base_url.setter
    def base_url(self, url: Any) -> None:
        self._settings.change(base_url=url)

    @property
    def organization(self) -> str | None:
        """Sent as a header; `None` over a configuration."""
        return self._settings.state.arguments.organization

    @organization.setter
    def organization(self, organization: str | None) -> None:
        self._settings.change(organization=organization)

    @property
    def project(self) -> str | None:
        """Sent as a header; `None` over a configuration."""
        return self._settings.state.arguments.project

    @project.setter
    def project(self, project: str | None) -> None:
        self._settings.change(project=project)

    @property
    def timeout(self) -> Any:
        """For a whole call; see `settings.seconds_of`."""
        return self._settings.state.timeout

    @timeout.setter
    def timeout(self, timeout: Any) -> None:
        self._settings.change(timeout=timeout)

    @property
    def max_retries(self) -> int:
        """How many attempts there may be after the first."""
        return self._settings.state.max_retries

    @max_retries.setter
    def max_retries(self, max_retries: int) -> None:
        self._settings.change(max_retries=max_retries)

    @property
    def default_headers(self) -> dict[str, Any]:
        """The headers that were passed; to change them, set all of them."""
        return dict(self._settings.state.arguments.headers)

    @default_headers.setter
    def default_headers(self, headers: Mapping[str, Any]) -> None:
        self._settings.change(headers=dict(headers))

    @property
    def default_query(self) -> dict[str, Any]:
        """The query that was passed; to change it, set all of it."""
        return dict(self._settings.state.arguments.query)

    @default_query.setter
    def default_query(self, query: Mapping[str, Any]) -> None:
        self._settings.change(query=dict(query))

    def copy(
        self,
        *,
        api_key: str | Callable[[], str] | None = None,
        base_url: Any = None,
        organization: str | None = None,
        project: str | None = None,
        timeout: Any = NOT_GIVEN,
        max_retries: Any = NOT_GIVEN,
        default_headers: Mapping[str, Any] | None = None,
        set_default_headers: Mapping[str, Any] | None = None,
        default_query: Mapping[str, Any] | None = None,
        set_default_query: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> Self:
        """
        Give a client with other settings, over the same connections.

        Args:
            api_key: another key; it makes connections of its own, as `base_url` does.
            base_url: another server.
            organization: another one.
            project: another one.
            timeout: another one.
            max_retries: another number.
            default_headers: added to those that there are.
            set_default_headers: in place of those.
            default_query: added to the query that there is.
            set_default_query: in place of that.
            **others: what the official package has besides; mostly refused.
        """
        refuse_others(others)
        mine = self._settings.state.arguments
        changes: dict[str, Any] = {
            "api_key": api_key,
            "base_url": base_url if is_given(base_url) else None,
            "organization": organization,
            "project": project,
            "headers": changed("headers", mine, default_headers, set_default_headers),
            "query": changed("query", mine, default_query, set_default_query),
        }
        changes = {name: v for name, v in changes.items() if v is not None}
        changes |= given_of({"timeout": timeout, "max_retries": max_retries})
        twin = self.__class__.__new__(self.__class__)
        twin._settings = self._settings.changed(changes)  # noqa: SLF001 its own class
        return twin

    with_options = copy

    def is_closed(self) -> bool:
        """Tell whether it was closed."""
        return self._settings.state.pool.is_closed

    def close(self) -> None:
        """End its connections, and those of its copies; may be called again."""
        self._settings.close()
