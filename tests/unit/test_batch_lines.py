"""Owns the proof of how a batch reads its input, files and pipes alike."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from holybalance.batch import answers, lines, rows
from holybalance.batch.lines import Line
from holybalance.batch.source import Source
from holybalance.batch.terms import Terms
from holybalance.errors import ConfigError
from tests.unit.batches import World


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    if writer in _open_descriptors():
        os.close(writer)


def _open_descriptors() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/fd")}


def test_lines_are_numbered_and_blank_ones_left_out() -> None:
    """Numbers are those of an editor; ends of lines go, other spaces stay."""
    contents = [b"\xef\xbb\xbfa\n", b"\n", b" \t\r\n", b" b \r\n", b"\xef\xbb\xbfc"]
    expected = [Line(1, b"a"), Line(4, b" b "), Line(5, b"\xef\xbb\xbfc")]
    assert expected == list(lines.numbered(contents))


def test_a_first_line_of_nothing_but_a_mark_is_blank() -> None:
    """A byte order mark is no text."""
    assert [Line(2, b"a")] == list(lines.numbered([b"\xef\xbb\xbf\n", b"a\n"]))


@pytest.mark.parametrize("content", [b"", b"a b", b" 7 x", b'{"a": 1}'])
def test_a_worker_reads_what_was_packed(content: bytes) -> None:
    """Whatever is in a line comes out again."""
    assert Line(12, content) == lines.unpack(lines.pack(Line(12, content)))


def test_a_silent_pipe_gives_none(pipe: tuple[int, int]) -> None:
    """Nobody waits for what has not come; a line comes once it is whole."""
    reader, writer = pipe
    contents = lines.of_pipe(reader)
    assert next(contents) is None
    os.write(writer, b"fir")
    assert [None, None] == [next(contents), next(contents)]
    os.write(writer, b"st\nsecond\nthi")
    assert [b"first", b"second", None] == [next(contents) for _ in range(3)]
    os.write(writer, b"rd")
    os.close(writer)
    assert [b"third"] == list(contents)


def test_a_line_longer_than_a_pipe_holds(pipe: tuple[int, int]) -> None:
    """Its pieces are put together in their order."""
    reader, writer = pipe
    contents = lines.of_pipe(reader)
    for letter in b"abc":
        os.write(writer, bytes([letter]) * 60_000)
        assert next(contents) is None or letter == ord("a")
    os.write(writer, b"\nx\n")
    whole = [each for each in (next(contents) for _ in range(9)) if each is not None]
    assert [b"a" * 60_000 + b"b" * 60_000 + b"c" * 60_000, b"x"] == whole


def test_a_file_can_be_read_again(tmp_path: Path) -> None:
    """Also while an earlier reading has stopped on the way."""
    world = World(tmp_path)
    world.write("a", "b", "c")
    with Source(world.source) as source:
        first = next(source.lines())
        texts = [line.content for line in source.lines() if line is not None]
        assert (Line(1, b"a"), [b"a", b"b", b"c"], 3) == (first, texts, source.count())


def test_what_was_looked_at_of_a_pipe_is_not_lost(tmp_path: Path) -> None:
    """The first line tells the format and is still read."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    keeper = os.open(path, os.O_RDWR)
    os.write(keeper, b'\n{"a": 1}\n')
    with Source(path) as source:
        assert "jsonl" == source.settle_format("auto")
        assert not source.is_regular
        given = source.lines()
        assert [Line(2, b'{"a": 1}'), None] == [next(given), next(given)]
    os.close(keeper)


def test_an_input_that_is_not_there(tmp_path: Path) -> None:
    """The message names it and says why."""
    with pytest.raises(ConfigError, match=r"cannot read .*nowhere: No such file"):
        Source(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="Is a directory"):
        Source(tmp_path)


@pytest.mark.parametrize(
    ("name", "first", "expected"),
    [
        ("x.jsonl", b"text", "jsonl"),
        ("x.NDJSON", b"text", "jsonl"),
        ("x.txt", b"{}", "lines"),
        ("x", b"  {", "jsonl"),
        ("x", b"[1]", "jsonl"),
        ("x", b"text", "lines"),
        ("x", None, "lines"),
    ],
)
def test_the_format_is_guessed(name: str, first: bytes | None, expected: str) -> None:
    """The suffix decides, or else how the first line begins."""
    line = None if first is None else Line(1, first)
    assert expected == rows.guess_format(name, lambda: line)


@pytest.mark.parametrize(
    "content",
    [
        b"not JSON",
        b"[1]",
        b'{"custom_id": 3}',
        b'{"custom_id": "x"}',
        b'{"custom_id": "x", "body": {"messages": []}}',
        b'{"body": {"messages": []}}',
    ],
)
def test_a_row_has_one_name(content: bytes) -> None:
    """What only looks for the name finds the one that the answer will have."""
    line = Line(3, content)
    assert rows.read(line, "jsonl", Terms()).label == rows.label_of(line, "jsonl")


def test_the_id_says_what_was_asked() -> None:
    """Equal lines have equal ids, wherever they are; others have others."""
    first, again, other = (
        rows.label_of(Line(number, content), "lines").id
        for number, content in ((1, b"a"), (2, b"a"), (3, b"b"))
    )
    assert (first, True) == (again, first != other)
    assert len("batch_req_") + 32 == len(first)


def test_a_question_is_told_by_its_body() -> None:
    """Neither its name nor the order of its keys matters."""

    def question(**row: object) -> bytes | None:
        return rows.question_of(Line(1, json.dumps(row).encode()), "jsonl")

    first = question(custom_id="a", body={"x": 1, "y": {"b": 2, "a": 1}})
    assert first == question(custom_id="b", body={"y": {"a": 1, "b": 2}, "x": 1})
    assert first != question(custom_id="a", body={"x": 2, "y": {"b": 2, "a": 1}})
    assert [None, None] == [question(body=3), question()]
    assert rows.question_of(Line(1, b"{"), "jsonl") is None


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [(200, None, False), (200, {}, True), (500, None, True), (None, None, True)],
)
def test_a_row_of_output_is_read(
    status: int | None, error: object, expected: bool
) -> None:
    """It failed unless there is a response of 200 and no error."""
    response = None if status is None else {"status_code": status}
    row = {"id": "x", "custom_id": "a", "response": response, "error": error}
    written = answers.read(json.dumps(row).encode())
    assert answers.Written("a", "x", expected) == written
