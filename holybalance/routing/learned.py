"""Owns what a process has learned of models from their replies; decides nothing."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections.abc import Callable

from holybalance import tokens
from holybalance.messages import ChatRequest, Reply
from holybalance.routing.demand import Size, measure
from holybalance.telemetry.models import ModelReport

# A running mean at first, then an average that forgets: 0.05 gives the last 20 replies
# about two thirds of the weight.
_FORGETS = 0.05
# To learn costs as much as to admit a call; once a model is known, a sample will do.
_ALL_OF = 64
_ONE_IN = 8
# Where calls are few, none of these samples may become old.
_AT_LEAST_EVERY_S = 1.0
# How long a latency holds, and in what time it halves after that: a model that was slow
# is asked for again some time, and the later, the slower it was.
HOLDS_S = 30.0
# Below this many tokens of text, what providers add themselves outweighs the prompt.
_TELLING_TOKENS = 20
# Characters per token of any text: Chinese has about 1, spaces in code many. Beyond is
# an upstream's error, or no text at all, such as audio; to learn from that would close
# a model to prompts that fit it.
MOST_TOKENS_PER_CHARACTER = 5
_LEAST_RATIO, _MOST_RATIO = 1 / MOST_TOKENS_PER_CHARACTER, 20.0
# Endpoints that take any name must not let callers' typing errors fill the memory.
_MOST_UNLISTED = 1_000


class Mean:
    """A running mean of the first values, and a moving average of later ones."""

    __slots__ = ("count", "value")

    def __init__(self) -> None:
        self.value: float | None = None
        self.count = 0

    def observe(self, value: float) -> float:
        """Take a value in, and give the new mean."""
        self.count += 1
        known = value if self.value is None else self.value
        self.value = known + (value - known) * max(1 / self.count, _FORGETS)
        return self.value


class Means:
    """What replies have told of one model."""

    __slots__ = ("answer_tokens", "characters_per_token", "latency_s", "token_error")

    def __init__(self) -> None:
        self.characters_per_token = Mean()
        self.token_error = Mean()
        self.answer_tokens = Mean()
        self.latency_s = Mean()


class Record:
    """
    What to expect of one model: what is usual, until its replies have told.

    Plain attributes, read without a lock by every call; `Learned` alone changes them.
    """

    __slots__ = (
        "_asked_at",
        "_latency_s",
        "_noted_at",
        "_seen",
        "_usual_s",
        "answer_tokens",
        "characters_per_token",
        "means",
        "replies",
    )

    def __init__(self, latency_s: float | None = None) -> None:
        self.characters_per_token = tokens.CHARACTERS_PER_TOKEN
        self.answer_tokens = tokens.USUAL_ANSWER_TOKENS
        self.means = Means()
        self.replies = 0
        self._latency_s = self._usual_s = latency_s
        # When a reply has told last, and when that or a call on trial began to count.
        self._noted_at = self._asked_at = -math.inf
        self._seen = itertools.count()

    def expected(self, now: float) -> tuple[float | None, bool]:
        """
        Give the latency, and whether it is doubtful: no call has told of it lately.

        One that is old fades, down to what was usual; else a model that seemed slow
        once would never be asked again.
        """
        latency, age = self._latency_s, now - self._asked_at
        if age <= HOLDS_S:
            return latency, False
        if latency is None:
            return None, True
        usual = self._usual_s
        least = 0.0 if usual is None else min(usual, latency)
        faded = max(least, latency * 0.5 ** (age / HOLDS_S - 1))
        return faded, faded < latency

    def note_trial(self, now: float) -> None:
        """Take what was known for good again, for a call is on its way to find out."""
        self._asked_at = now

    def is_telling(self, now: float) -> bool:
        """Tell whether to learn from the next reply: from each at first, then some."""
        number = next(self._seen)
        return (
            number < _ALL_OF
            or number % _ONE_IN == 0
            or now - self._noted_at >= _AT_LEAST_EVERY_S
        )

    def note_latency(self, seconds: float, now: float) -> None:
        """Learn from how long a whole reply took, and from it alone after a pause."""
        if now - self._noted_at > HOLDS_S:
            self.means.latency_s = Mean()
        self._latency_s = self.means.latency_s.observe(seconds)
        self._noted_at = self._asked_at = now

    def note_answer(self, tokens_each: float) -> None:
        """Learn from an answer that no bound has cut."""
        self.answer_tokens = round(self.means.answer_tokens.observe(tokens_each))

    def note_input(self, size: Size, counted: int) -> None:
        """Compare the estimate with what was counted, then learn from it."""
        text_tokens = counted - size.overhead
        if size.images or text_tokens < _TELLING_TOKENS:
            return
        ratio = size.characters / text_tokens
        if not _LEAST_RATIO <= ratio <= _MOST_RATIO:
            return
        estimate = size.input_tokens(self.characters_per_token)
        self.means.token_error.observe(abs(estimate - counted) / counted)
        self.characters_per_token = self.means.characters_per_token.observe(ratio)

    def report(self) -> ModelReport:
        """Tell what replies have told."""
        means = self.means
        return ModelReport(
            characters_per_token=means.characters_per_token.value,
            token_error=means.token_error.value,
            answer_tokens=means.answer_tokens.value,
            latency_s=means.latency_s.value,
            replies=self.replies,
        )


class Learned:
    """
    Keeps a record of each model.

    Args:
        clock: monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Guards the records and what is in them; held for arithmetic only.
        self._lock = threading.Lock()
        self._records: dict[str, Record] = {}
        self._most = _MOST_UNLISTED

    def add(self, model: str, latency_s: float | None) -> Record:
        """
        Keep a record of a model that is configured.

        Args:
            latency_s: what to expect until replies have told.
        """
        with self._lock:
            self._most += 1
            return self._records.setdefault(model, Record(latency_s))

    def record(self, model: str) -> Record:
        """Find a model's record; one model too many has one that is not kept."""
        with self._lock:
            return self._kept(model) or Record()

    def learn(self, request: ChatRequest, reply: Reply) -> None:
        """Take a reply in; a call that failed tells nothing here."""
        record, now = self._records.get(reply.model), self._clock()
        if record is not None and not record.is_telling(now):
            return
        size, usage = measure(request), reply.usage
        answers = tokens.choices(request.options)
        is_whole = reply.finish_reason != "length"
        with self._lock:
            record = self._kept(reply.model)
            if record is None:
                return
            record.replies += 1
            # A stream takes as long as its reader does.
            if reply.attempts and reply.first_token_s is None:
                record.note_latency(reply.attempts[-1].latency_s, now)
            if usage is None:
                return
            record.note_input(size, usage.input_tokens)
            if is_whole and usage.output_tokens > 0:
                record.note_answer(usage.output_tokens / answers)

    def report(self) -> dict[str, ModelReport]:
        """Tell what is known of each model that has replied."""
        with self._lock:
            known = self._records.items()
            return {model: record.report() for model, record in known if record.replies}

    def _kept(self, model: str) -> Record | None:
        record = self._records.get(model)
        if record is None and len(self._records) < self._most:
            record = self._records[model] = Record()
        return record
