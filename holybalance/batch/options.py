"""Owns the options of a batch, and which of them do not go together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from holybalance.batch.rows import FORMATS, TEXTS
from holybalance.batch.source import DASH, Source
from holybalance.batch.targets import why_not_embedded
from holybalance.batch.terms import Terms
from holybalance.config import Config
from holybalance.config.checks import RejectedError, labels
from holybalance.config.wording import likely
from holybalance.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """
    How a batch is done.

    Args:
        format: "lines" (a prompt a line), "jsonl" (rows of OpenAI's batch input), or
            "auto", which goes by the input's name or else its first line.
        embed: each of "lines" is a text to embed, not a prompt. Rows of "jsonl" say
            for themselves what they ask for.
        system: a system message before each prompt of "lines".
        model: of rows that name none; `None` for the configured default, which holds
            for chats alone: embeddings have no default.
        resume: go on where the output ends, by what it has; otherwise an output that
            has anything is refused.
        errors: a file for the rows that fail, which then do not go into the output.
            A resumed run has to name it again to know them.
        retry_errors: call rows again that failed in an earlier run; their old answers
            are taken out of the files first.
        ordered: write answers in the order of the input. What has to wait for an
            earlier row is held in memory, up to 10,000 rows or 64 MB. It is lost when
            the run ends before that row is answered, and a resumed run calls it again:
            so the output is in order at any time.
        limit: only the first so many rows of the input.
        sample: only so many rows of a regular file, chosen by `seed`; the same ones
            each time, as long as the file keeps its number of rows.
        dedupe: call rows with equal bodies once, and give each the answer. A resumed
            run takes answers of the runs before as well, but not their errors.
        max_tokens: the longest answer of each chat that sets no bound of its own, by
            `max_tokens` or `max_completion_tokens`.
        tags: words of your own for every call, besides those of its row; for routes
            and budgets.

    Raises:
        ConfigError: they are wrong, or do not go together.
    """

    format: str = "auto"
    embed: bool = False
    system: str | None = None
    model: str | None = None
    resume: bool = True
    errors: str | os.PathLike[str] | None = None
    retry_errors: bool = False
    ordered: bool = False
    limit: int | None = None
    sample: int | None = None
    seed: int = 0
    dedupe: bool = False
    max_tokens: int | None = None
    tags: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            known = ", ".join(FORMATS)
            raise ConfigError(f'format must be one of {known}, not "{self.format}"')
        if self.format == "jsonl":
            self._refuse_for_lines_only("the input")
        if self.errors is not None and os.fspath(self.errors) in ("", DASH):
            raise ConfigError("errors must name a file")
        _check_count("limit", self.limit)
        _check_count("sample", self.sample)
        _check_count("max_tokens", self.max_tokens)
        object.__setattr__(self, "tags", _tags(self.tags))
        self._check_pairs()

    @property
    def terms(self) -> Terms:
        """What all rows are told."""
        return Terms(
            system=self.system,
            model=self.model,
            max_tokens=self.max_tokens,
            tags=tuple(self.tags),
        )

    def settle_kind(self, source: Source) -> str:
        """
        Say what the lines of an input are: "lines", "texts" or "jsonl".

        Raises:
            ConfigError: it cannot be read, or these options do not fit it.
        """
        found = source.settle_format(self.format)
        if found == "jsonl":
            self._refuse_for_lines_only(source.name)
            return found
        return TEXTS if self.embed else found

    def _refuse_for_lines_only(self, name: str) -> None:
        if self.system is not None:
            raise ConfigError(
                f"a system message is for plain lines, and {name} is read as jsonl; "
                "put one into each row's messages"
            )
        if self.embed:
            raise ConfigError(
                f"embed is for plain lines, and {name} is read as jsonl, where a row "
                'is embedded whose url is "/v1/embeddings", or whose body has input '
                "and no url is given"
            )

    def _check_pairs(self) -> None:
        if self.embed and self.system is not None:
            raise ConfigError("a system message is for prompts, and embed has none")
        if self.embed and self.max_tokens is not None:
            raise ConfigError(
                "max_tokens bounds what models write, and embed has them write nothing"
            )
        if self.limit is not None and self.sample is not None:
            raise ConfigError("limit and sample do not go together: leave one out")
        if self.retry_errors and not self.resume:
            raise ConfigError(
                "retry_errors goes on with an existing output: leave resume on"
            )
        if self.retry_errors and self.ordered:
            raise ConfigError(
                "ordered does not go with retry_errors: what is called again is added "
                "at the end; leave ordered out"
            )


def refuse_model(config: Config, kind: str, options: BatchOptions) -> None:
    """
    Refuse a model that nobody serves, or none where lines, which name none, need one.

    Args:
        kind: what the lines of the input are.

    Raises:
        ConfigError: says what to do.
    """
    model = options.model
    if model is not None:
        # Whoever checks the configured default knows what a model may be.
        replace(config, defaults=replace(config.defaults, model=model))
    elif kind == TEXTS:
        raise ConfigError(
            "no model given, and embeddings have no default: name one by --model (-m), "
            "or model= in Python"
        )
    elif kind == "lines" and config.default_model is None:
        raise ConfigError(
            f'no model given, and the endpoint "{config.endpoints[0].name}" takes any; '
            "say --model, or set model in [defaults]"
        )
    if kind == TEXTS and model and (why := why_not_embedded(config, model)):
        raise ConfigError(why)


def _check_count(name: str, value: Any) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and (not is_whole or value < 1):
        raise ConfigError(f"{name} must be a whole number from 1 on, not {value!r}")


def _tags(value: Any) -> tuple[str, ...]:
    try:
        return labels(value)
    except RejectedError as rejected:
        raise ConfigError(f"tags {rejected}") from None


def make_options(given: Mapping[str, Any]) -> BatchOptions:
    """
    Take options by name.

    Raises:
        ConfigError: one of them is unknown or wrong.
    """
    known = [each.name for each in fields(BatchOptions)]
    for name in given:
        if name not in known:
            message = f'unknown option "{name}"{likely(name, known, "options")}'
            raise ConfigError(message)
    return BatchOptions(**given)
