"""Owns the client that stands in for `openai.OpenAI`: its arguments and its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import Any, NoReturn, Self

from holybalance.client import Client
from holybalance.config import Config
from holybalance.errors import RequestError
from holybalance.integrations.openai.calls import Calls
from holybalance.integrations.openai.chat import Chat
from holybalance.integrations.openai.embeddings import Embeddings
from holybalance.integrations.openai.errors import OpenAIError
from holybalance.integrations.openai.extras import merged_headers
from holybalance.integrations.openai.given import NOT_GIVEN, given_of, is_given
from holybalance.integrations.openai.models import Models
from holybalance.integrations.openai.pools import (
    Arguments,
    Pool,
    find_pool,
    make_pool,
    warn_of_unused,
)
from holybalance.integrations.openai.settings import (
    affiliated,
    affiliation,
    changed,
    refuse_others,
    retries_of,
    timeout_of,
)


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
        config: a `Config` or a dictionary of its shape.
        client: a client of the library's, which stays its owner's to close.

    Raises:
        OpenAIError: there is neither a configuration nor a key.
        ConfigError: the configuration is wrong.
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
        config: Config | Mapping[str, Any] | None = None,
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
        self._begin(arguments, find_pool(arguments, config, client))

    def _begin(self, arguments: Arguments, pool: Pool) -> None:
        self._arguments = arguments
        self._pool = pool
        self.organization, self.project = affiliation(arguments, pool)
        self.max_retries, max_attempts = retries_of(arguments, pool)
        self.timeout, timeout_s = timeout_of(arguments, pool)
        headers = {**affiliated(self.organization, self.project), **arguments.headers}
        is_pool = len(pool.client.config.endpoints) > 1
        try:
            merged_headers(headers, is_pool=is_pool)
        except RequestError as error:
            raise OpenAIError(f"default_headers: {error.args[0]}") from error
        self._calls = Calls(
            pool.client,
            is_pool=is_pool,
            timeout_s=timeout_s,
            max_attempts=max_attempts,
            headers=headers,
            query=arguments.query,
        )

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
        return Chat(self._calls)

    @cached_property
    def embeddings(self) -> Embeddings:
        """Embeddings."""
        return Embeddings(self._calls)

    @cached_property
    def models(self) -> Models:
        """Models."""
        return Models(self._calls)

    @property
    def holybalance(self) -> Client:
        """The library's own client, with `metrics`, `explain` and the rest."""
        return self._pool.client

    @property
    def api_key(self) -> str:
        """The key that was passed or found; empty for several, and for a function."""
        return self._pool.key

    @property
    def base_url(self) -> str:
        """Where calls go, with a slash at its end; of several endpoints the first."""
        return self._pool.client.config.endpoints[0].base_url + "/"

    @property
    def default_headers(self) -> dict[str, Any]:
        """The headers that were passed."""
        return dict(self._arguments.headers)

    @property
    def default_query(self) -> dict[str, Any]:
        """The query that was passed."""
        return dict(self._arguments.query)

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
        mine = self._arguments
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
        return self._with(replace(mine, **changes), changes)

    with_options = copy

    def is_closed(self) -> bool:
        """Tell whether it was closed."""
        return self._pool.is_closed

    def close(self) -> None:
        """End its connections, and those of its copies; may be called again."""
        self._pool.close()

    def _with(self, arguments: Arguments, changes: Mapping[str, Any]) -> Self:
        pool = self._pool
        if pool.is_configured:
            warn_of_unused(changes, pool.client.config.source)
        elif changes.keys() & {"api_key", "base_url"}:
            pool = make_pool(arguments)
        twin = self.__class__.__new__(self.__class__)
        twin._begin(arguments, pool)  # noqa: SLF001 its own class
        return twin
