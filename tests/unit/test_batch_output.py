"""Owns the proof that rows are written whole, and kept by the disk in time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pytest

from holybalance.batch.opening import open_output
from holybalance.batch.output import SYNC_S, Output
from holybalance.errors import BatchError
from tests.unit.batches import Crew, World
from tests.unit.stubs import Clock

ROWS = [b"first row\n", b"second row\n", b"third row\n"]


@pytest.fixture
def clock() -> Clock:
    """A clock that moves when told."""
    return Clock()


@pytest.fixture
def output(tmp_path: Path, clock: Clock) -> Iterator[Output]:
    """An output into a file."""
    with (tmp_path / "out").open("a+b", buffering=0) as file:
        yield Output(file, "out", clock=clock)


class _Small:
    """A file on a disk that has room for so many bytes, a part at a time."""

    def __init__(self, path: Path, room: int, part: int = 1000) -> None:
        self._file = path.open("a+b", buffering=0)
        self._room = room
        self._part = part

    def write(self, data: bytes) -> int:
        if not self._room:
            raise OSError(28, "No space left on device")
        taken = self._file.write(data[: min(self._room, self._part)])
        self._room -= taken
        return taken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("part", [1, 7, 1000])
def test_a_full_disk_at_every_byte(tmp_path: Path, part: int) -> None:
    """Whole rows stay and are counted; of the one that does not fit nothing stays."""
    data = b"".join(ROWS)
    for room in range(len(data)):
        path = tmp_path / f"{room}"
        path.write_bytes(b"before\n")
        small = _Small(path, room, part)
        output = Output(cast("IO[bytes]", small), "out")
        with pytest.raises(BatchError, match="cannot write out: No space left"):
            output.append(ROWS)
        whole = data[:room].rfind(b"\n") + 1
        assert b"before\n" + data[:whole] == path.read_bytes()
        assert (data[:whole].count(b"\n"), 7 + whole) == (output.rows, output.size)
        output.close()


def test_a_disk_that_fills_up_during_a_run(tmp_path: Path) -> None:
    """The run ends, the rows that are there are counted, and a later run goes on."""
    world = World(tmp_path)
    world.write(*(f"prompt {number}" for number in range(100)))
    limited = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.unit.batches import World\n"
        "world = World(Path(sys.argv[1]))\n"
        "batch = world.batch()\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        "    batch.run()\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, batch.report().rows, error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", limited, str(tmp_path)],
        capture_output=True,
        check=True,
        text=True,
    )
    kept = len(world.rows())
    expected = f"BatchError {kept} cannot write {world.output}: File too large\n"
    assert (expected, True) == (ended.stdout, 5 < kept < 100)
    assert (kept, 100 - kept) == ((report := world.run()).skipped, report.ok)


def test_a_reader_that_has_left(tmp_path: Path) -> None:
    """A broken pipe is told as such."""
    reader, writer = os.pipe()
    os.close(reader)
    with (
        os.fdopen(writer, "wb", buffering=0) as file,
        pytest.raises(BrokenPipeError),
    ):
        Output(file, "pipe").append(ROWS)


def test_a_pipe_that_does_not_block(tmp_path: Path) -> None:
    """Where it is full, its reader is waited for."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    rows = [b"x" * 99_999 + b"\n"] * 3
    code = (
        "import os, sys\n"
        "count = 0\n"
        "while chunk := os.read(int(sys.argv[1]), 1 << 16):\n"
        "    count += len(chunk)\n"
        "print(count)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(reader)],
        pass_fds=[reader],
        stdout=subprocess.PIPE,
    ) as process:
        os.close(reader)
        with os.fdopen(writer, "wb", buffering=0) as file:
            output = Output(file, "pipe")
            output.append(rows)
        assert process.stdout is not None
        assert (b"300000\n", 3) == (process.stdout.read(), output.rows)


def test_what_is_written_can_be_read_back(output: Output) -> None:
    """By where it began."""
    offset = output.size
    output.append(ROWS)
    assert ROWS[1] == output.read(offset + len(ROWS[0]), len(ROWS[1]))


def test_a_copy_of_what_cannot_be_read_back(tmp_path: Path) -> None:
    """A device's rows are kept aside, if somebody will want them."""
    output = open_output(os.devnull, may_exist=True, is_read_back=True)
    output.append(ROWS[:1])
    offset = output.size
    output.append(ROWS[1:])
    assert ROWS[1] == output.read(offset, len(ROWS[1]))
    output.close()


def test_the_disk_is_asked_now_and_then(
    output: Output, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some seconds after the first row that it does not have, and at the end."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    output.sync()
    output.append(ROWS)
    output.sync()
    clock.now += SYNC_S - 0.1
    output.append(ROWS)
    output.sync()
    assert [] == synced
    clock.now += 0.1
    output.sync()
    output.sync(0.0)
    assert 1 == len(synced)
    output.append(ROWS)
    output.close()
    assert 2 == len(synced)


def test_a_disk_that_fails_to_keep_it(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may be lost is not passed over."""

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    output.append(ROWS)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BatchError, match="cannot write out: Input/output error"):
        output.sync(0.0)


def test_one_write_for_what_came_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows it is."""
    world = World(tmp_path)
    world.write(*(f"p{number}" for number in range(20)))
    batch = world.batch(Crew(hand=10))
    file = batch._files.outputs[0].file
    writes: list[int] = []

    class Counted(io.RawIOBase):
        def write(self, data: Any) -> int:
            writes.append(len(data))
            return file.write(data)

        def fileno(self) -> int:
            return file.fileno()

        def close(self) -> None:
            file.close()

    batch._files.outputs[0].file = cast("IO[bytes]", Counted())
    batch.run()
    assert (2, 20) == (len(writes), len(world.rows()))


@pytest.mark.parametrize(("step", "expected"), [(5.0, [1010.0]), (2.0, [1006.0])])
def test_what_is_written_is_on_the_disk_in_time(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: float,
    expected: list[float],
) -> None:
    """During the run where it takes long, and at its end."""
    world = World(tmp_path)
    world.write(*"abcd")
    clock = Clock()
    crew = Crew(hand=2)
    batch = world.batch(crew)
    batch._files.outputs[0]._clock = clock
    synced: list[float] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(clock.now))

    def later(number: int) -> None:
        clock.now += step

    crew.on_hand = later
    batch.run()
    assert expected == synced


def test_a_disk_that_fails_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is not complete before the disk has all of it."""

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    world = World(tmp_path)
    world.write("a")
    batch = world.batch()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BatchError, match="Input/output error"):
        batch.run()
    assert not batch.report().is_complete
