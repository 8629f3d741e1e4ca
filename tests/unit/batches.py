"""Owns the stand-ins of the batch tests: a crew in this thread, a scripted engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from holybalance.batch.job import Batch
from holybalance.batch.options import BatchOptions
from holybalance.batch.report import BatchReport
from holybalance.batch.work import RowWork
from holybalance.config import Config
from holybalance.messages import Embeddings, EmbedRequest, Reply, Usage

MODEL = "mock-model"
CONFIG = Config.from_dict(
    {
        "endpoints": [
            {
                "name": "one",
                "provider": "openai",
                "base_url": "http://127.0.0.1:9/v1",
                "models": [MODEL],
            }
        ]
    }
)
Row = dict[str, Any]
Script = Callable[[str], Reply]


def reply(text: str, cost_usd: float | None = 0.5) -> Reply:
    """A reply with a text."""
    return Reply(
        body={"choices": [{"message": {"content": text}}]},
        model=MODEL,
        endpoint="one",
        usage=Usage(input_tokens=3, output_tokens=2),
        cost_usd=cost_usd,
        latency_s=0.25,
    )


def embeddings(*vectors: list[float]) -> Embeddings:
    """Embeddings of some texts."""
    entries = [{"index": n, "embedding": each} for n, each in enumerate(vectors)]
    return Embeddings(
        body={"object": "list", "data": entries},
        model=MODEL,
        endpoint="one",
        usage=Usage(input_tokens=5),
        cost_usd=0.25,
        latency_s=0.25,
    )


class Engine:
    """
    Answers prompts by a script, an echo unless told otherwise, and keeps them.

    What is to be embedded gets the same vector each time, and is kept as well.
    """

    def __init__(self, script: Script = reply) -> None:
        self.config = CONFIG
        self.script = script
        self.embedded: list[EmbedRequest] = []
        self.prompts: list[str] = []
        self.tags: list[Any] = []
        self.bounds: list[dict[str, Any]] = []
        self.is_dead = False

    def is_hopeless(self) -> bool:
        """Whether a test says so."""
        return self.is_dead

    def call(self, request: EmbedRequest, *, is_patient: bool) -> Embeddings:
        """Note what is to be embedded, and embed it."""
        assert is_patient
        self.embedded.append(request)
        return embeddings([0.5, 0.25])

    def call_patiently(self, arguments: Mapping[str, Any]) -> Reply:
        """Note the prompt and do as the script says."""
        messages = arguments["messages"]
        prompt = messages if isinstance(messages, str) else messages[-1]["content"]
        self.prompts.append(prompt)
        self.tags.append(arguments.get("tags"))
        keys = ("max_tokens", "max_completion_tokens")
        self.bounds.append({key: arguments[key] for key in keys if key in arguments})
        return self.script(prompt)


class Answer(NamedTuple):
    """What a crew gives."""

    item: bytes
    value: Any


class Counts:
    """Counts of nothing."""

    def snapshot(self) -> Mapping[str, Any]:
        """Something that a report can carry."""
        return {"calls": 0}


class Crew:
    """
    Works in the thread that iterates.

    Args:
        hand: how many items it takes before it gives what came of them.
        late: prompts whose items are answered after all others are.
        values: what it gives for a prompt, in place of what the work makes of it.
    """

    def __init__(
        self,
        engine: Engine | None = None,
        *,
        hand: int = 4,
        late: Sequence[str] = (),
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self.engine = engine or Engine()
        self.hand = hand
        self.late = late
        self.values = values or {}
        self.pauses = 0
        self.most_pauses = 1000
        self.on_hand: Callable[[int], object] = lambda number: None
        self.is_drained = self.is_aborted = False

    def perform(
        self, work: RowWork, items: Iterator[bytes | None], expected: int | None = None
    ) -> Generator[Sequence[Answer], None, None]:
        """Take hands of items and answer them."""
        held: list[bytes] = []
        for number, hand in enumerate(self._hands(items)):
            self.on_hand(number)
            if self.is_aborted:
                return
            held += [item for item in hand if self._is_late(item)]
            now = [item for item in hand if not self._is_late(item)]
            yield [self._answer(work, item) for item in now]
            if len(hand) < self.hand and held:  # starved: then the late ones
                yield [self._answer(work, item) for item in held]
                held = []
        if not self.is_aborted:
            yield [self._answer(work, item) for item in held]

    def drain(self) -> None:
        """Take no more hands."""
        self.is_drained = True

    def abort(self) -> None:
        """Answer nothing more."""
        self.is_aborted = True

    def report(self) -> Counts:
        """Nothing is counted."""
        return Counts()

    def _hands(self, items: Iterator[bytes | None]) -> Iterator[list[bytes]]:
        hand: list[bytes] = []
        for item in items:
            if self.is_drained:
                return
            if item is not None:
                hand.append(item)
            else:
                self.pauses += 1
                assert self.pauses < self.most_pauses, "it would wait for ever"
            if item is None or len(hand) == self.hand:
                yield hand
                hand = []
        yield hand

    def _is_late(self, item: bytes) -> bool:
        return any(prompt.encode() in item for prompt in self.late)

    def _answer(self, work: RowWork, item: bytes) -> Answer:
        for prompt, value in self.values.items():
            if prompt.encode() in item:
                return Answer(item, value)
        return Answer(item, work.perform(self.engine, 0, item))


class World:
    """An input and an output in a folder, and batches over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "in.txt"
        self.output = folder / "out.jsonl"
        self.errors = folder / "errors.jsonl"

    def write(self, *prompts: str) -> None:
        """Make the input of these prompts."""
        self.source = self.folder / "in.txt"
        self.source.write_text("".join(f"{prompt}\n" for prompt in prompts))

    def write_rows(self, *rows: Row) -> None:
        """Make the input of these rows of jsonl."""
        self.source = self.folder / "in.jsonl"
        self.source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def batch(self, crew: Crew | None = None, **options: Any) -> Batch:
        """Make a batch over both."""
        return Batch(
            crew or Crew(), self.source, self.output, BatchOptions(**options), CONFIG
        )

    def run(self, engine: Engine | None = None, **options: Any) -> BatchReport:
        """Run a batch in hands of four."""
        return self.batch(Crew(engine), **options).run()

    def rows(self, path: Path | None = None) -> list[Row]:
        """Read an output; every line must be whole."""
        content = (path or self.output).read_bytes()
        assert not content or content.endswith(b"\n")
        return [json.loads(line) for line in content.splitlines()]

    def names(self, path: Path | None = None) -> list[str]:
        """The custom_ids of an output, in their order."""
        return [row["custom_id"] for row in self.rows(path)]


def row(custom_id: str, prompt: str | None = None, **body: Any) -> Row:
    """A row of batch input."""
    messages = [{"role": "user", "content": prompt or custom_id}]
    return {"custom_id": custom_id, "body": {"messages": messages, **body}}


def text_of(row: Row) -> str:
    """What an answer says."""
    text: str = row["response"]["body"]["choices"][0]["message"]["content"]
    return text
