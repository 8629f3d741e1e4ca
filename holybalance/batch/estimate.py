"""Owns the dry run: what a batch would take and cost, without a call or an output."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from holybalance.batch import rows
from holybalance.batch.fits import Fit, Purse
from holybalance.batch.lines import Line
from holybalance.batch.opening import PathName
from holybalance.batch.options import BatchOptions, refuse_model
from holybalance.batch.rows import BadRow
from holybalance.batch.scratch import Table
from holybalance.batch.selection import make_selection
from holybalance.batch.sizes import Size, Sizes
from holybalance.batch.source import Source
from holybalance.config import Config, EndpointConfig
from holybalance.errors import ConfigError

BAD_EXAMPLES = 5
"""So many rows that cannot be sent are shown."""
_SCHEMA = "CREATE TABLE seen (question BLOB PRIMARY KEY) WITHOUT ROWID"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadExample:
    """A row that cannot be sent: its line of the input, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """
    What a batch would come to if nothing of it were done yet.

    A token is four characters, and each message takes four tokens besides; see
    `tokens.of_input`. Of what is embedded, token ids count as they are.

    Args:
        rows: all of them, with the next two.
        bad_rows: no call can be made of them, or no endpoint serves their model.
        bad_examples: the first of these, up to `BAD_EXAMPLES`.
        repeated: get another row's answer (`dedupe`).
        input_tokens: of all calls.
        output_tokens: the least, and the most: what `max_tokens` allows, or the usual
            length of an answer where a chat sets no bound; none of embeddings.
        cost_usd: US dollars, from the least at the cheapest place to the most at the
            dearest, of all models and endpoints that a row's model may mean; `None`
            when no price is known.
        unpriced: calls of unknown price, which `cost_usd` leaves out.
        seconds: how long the limits make it last; `None` when there are none.
        by: which limit that is: "rate", "rpm" or "tpm".
        budgets: the ones that some of its calls fall under.
    """

    rows: int
    bad_rows: int
    bad_examples: tuple[BadExample, ...]
    repeated: int
    input_tokens: int
    output_tokens: tuple[int, int]
    cost_usd: tuple[float, float] | None
    unpriced: int
    seconds: float | None
    by: str
    budgets: tuple[Fit, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON can hold it."""
        return asdict(self)


def estimate(
    config: Config,
    source: PathName,
    options: BatchOptions,
    *,
    rate: float | None = None,
    left_usd: Mapping[str, float] | None = None,
) -> Estimate:
    """
    Read the whole input and add up what it asks for.

    Args:
        rate: no more calls a second than this, if it is set.
        left_usd: what is left of budgets, by name; of others all of it.

    Raises:
        ConfigError: the input cannot be read, or the options do not fit it, as a run
            says as well.
    """
    with Source(source) as opened:
        kind = options.settle_kind(opened)
        refuse_model(config, kind, options)
        chosen = make_selection(opened, options).of(opened.waited_lines())
        count = _Count(config, options, kind)
        try:
            for line in chosen:
                if line is not None:
                    count.note(line)
        except OSError as error:
            raise ConfigError(opened.trouble(error)) from error
        finally:
            count.close()
    return count.result(rate, left_usd or {})


class _Count:
    """Adds up rows."""

    def __init__(self, config: Config, options: BatchOptions, kind: str) -> None:
        self._config = config
        self._kind = kind
        self._terms = options.terms
        self._sizes = Sizes(config, options.tags)
        self._seen = Table(_SCHEMA) if options.dedupe else None
        self._rows = self._bad = self._repeated = 0
        self._examples: list[BadExample] = []
        self._input = self._most_output = 0
        self._all = Purse()
        self._purses = [Purse() for _ in config.budgets]
        # Calls and tokens by those who may serve them.
        self._loads: dict[frozenset[str], list[int]] = defaultdict(lambda: [0, 0])

    def note(self, line: Line) -> None:
        """Add a row."""
        self._rows += 1
        row = rows.read(line, self._kind, self._terms)
        size = row.message if isinstance(row, BadRow) else self._sizes.of(row)
        if isinstance(size, str):
            self._note_bad(line, size)
        elif self._is_repeat(line):
            self._repeated += 1
        else:
            self._add(size)

    def close(self) -> None:
        """Let the temporary file go."""
        if self._seen is not None:
            self._seen.close()

    def result(self, rate: float | None, left_usd: Mapping[str, float]) -> Estimate:
        """Say what it has come to."""
        calls = self._rows - self._bad - self._repeated
        is_priced = calls > self._all.unpriced or not calls
        seconds, by = self._slowest(calls, rate)
        return Estimate(
            rows=self._rows,
            bad_rows=self._bad,
            bad_examples=tuple(self._examples),
            repeated=self._repeated,
            input_tokens=self._input,
            output_tokens=(0, self._most_output),
            cost_usd=self._all.cost_usd if is_priced else None,
            unpriced=self._all.unpriced,
            seconds=seconds,
            by=by,
            budgets=tuple(self._fits(left_usd)),
        )

    def _fits(self, left_usd: Mapping[str, float]) -> Iterator[Fit]:
        for budget, purse in zip(self._config.budgets, self._purses, strict=True):
            if purse.calls:
                yield Fit(
                    budget=budget.name,
                    left_usd=left_usd.get(budget.name, budget.limit_usd),
                    cost_usd=purse.cost_usd,
                    unpriced=purse.unpriced,
                )

    def _note_bad(self, line: Line, reason: str) -> None:
        self._bad += 1
        if len(self._examples) < BAD_EXAMPLES:
            self._examples.append(BadExample(line=line.number, reason=reason))

    def _is_repeat(self, line: Line) -> bool:
        question = rows.question_of(line, self._kind)
        if self._seen is None or question is None:
            return False
        is_known = bool(
            self._seen.execute("SELECT 1 FROM seen WHERE question = ?", (question,))
        )
        if not is_known:
            self._seen.execute("INSERT INTO seen VALUES (?)", (question,))
        return is_known

    def _add(self, size: Size) -> None:
        places = size.places
        self._input += size.input_tokens
        self._most_output += size.output_tokens
        load = self._loads[places.endpoints]
        load[0] += 1
        load[1] += size.tokens
        for number, prices in places.covered.items():
            is_whole = number in places.wholly
            self._purses[number].add(size.range_usd(prices), is_whole=is_whole)
        self._all.add(size.range_usd(places.prices), is_whole=True)

    def _slowest(self, calls: int, rate: float | None) -> tuple[float | None, str]:
        """Find the limit that makes it last longest."""
        bounds = [] if not rate else [(calls / rate, "rate")]
        # Each set of endpoints has at least what only they may serve; so has the whole.
        for served_by in {*self._loads, frozenset().union(*self._loads)}:
            serving = [e for e in self._config.endpoints if e.name in served_by]
            inside = [load for names, load in self._loads.items() if names <= served_by]
            for place, limit in enumerate(("rpm", "tpm")):
                a_minute = _sum_of(limit, serving)
                if a_minute:
                    amount = sum(load[place] for load in inside)
                    bounds.append((amount * 60 / a_minute, limit))
        return max(bounds, default=(None, ""), key=lambda bound: bound[0] or 0.0)


def _sum_of(limit: str, endpoints: list[EndpointConfig]) -> float | None:
    """Add up a limit; `None` when one of them has none."""
    limits = [getattr(endpoint, limit) for endpoint in endpoints]
    return None if None in limits else sum(limits)
