"""Owns the proof of the `ask` command."""

from __future__ import annotations

import json
import os
import pty
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import Result

from holybalance.testing import Answer, BrokenStream, MockUpstream, Then
from tests.cli.conftest import COMMAND

MODEL = "mock-model"

Call = Callable[..., Result]


def test_prints_the_answer(call: Call, config: str) -> None:
    """The text goes to standard output, and nothing else does."""
    result = call("ask", "Hello you", "--config", config)
    assert ("Hello you\n", "", 0) == (result.stdout, result.stderr, result.exit_code)


@pytest.mark.parametrize("prompt", [["-"], []])
def test_reads_standard_input(call: Call, config: str, prompt: list[str]) -> None:
    """A dash or no prompt at all reads what is piped in."""
    result = call("ask", *prompt, "--config", config, piped="Grüße")
    assert "Grüße\n" == result.stdout


def test_json(call: Call, config: str) -> None:
    """The upstream's body comes whole, with what we know beside it."""
    result = call("ask", "hi", "--json", "--config", config, "--model", MODEL)
    document = json.loads(result.stdout)
    assert "hi" == document["choices"][0]["message"]["content"]
    ours = document["holybalance"]
    assert {"model", "endpoint", "latency_s", "cost_usd", "attempts"} == set(ours)
    assert ["ok"] == [attempt["verdict"] for attempt in ours["attempts"]]


def test_verbose(call: Call, config: str) -> None:
    """The story goes to standard error."""
    result = call("ask", "hi", "-v", "--config", config)
    assert "hi\n" == result.stdout
    names = [line.split()[0] for line in result.stderr.splitlines()]
    assert ["model", "endpoint", "latency", "tokens", "cost", "attempts"] == names


def test_verbose_tells_of_a_retry(
    call: Call, configure: Callable[..., str], upstream: MockUpstream
) -> None:
    """Each attempt has its line when there was more than one."""
    upstream.script(Answer(status=503))
    config = configure(upstream.url, upstream.url)
    result = call("ask", "hi", "-v", "--config", config)
    assert "attempts  2\n  1. mock-" in result.stderr


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_empty_prompt(call: Call, config: str, prompt: str) -> None:
    """An empty prompt is a mistake in usage."""
    result = call("ask", prompt, "--config", config)
    assert 2 == result.exit_code
    assert "the prompt is empty" in result.stderr


def test_input_that_is_not_text(call: Call, config: str) -> None:
    """Bytes that are not UTF-8 are refused with their place."""
    result = call("ask", "--config", config, piped=b"ab\xff")
    assert 2 == result.exit_code
    assert "not UTF-8 text, from byte 3 on" in result.stderr


def test_unknown_model(call: Call, config: str) -> None:
    """A misspelt model is a mistake in usage, with a hint."""
    result = call("ask", "hi", "-m", "mock-modle", "--config", config)
    assert 2 == result.exit_code
    assert (
        'Error: -m mock-modle: no endpoint serves the model "mock-modle"; did you mean '
        f'"{MODEL}"?\n'
    ) == result.stderr


def test_an_empty_model(call: Call, config: str) -> None:
    """It, too, was typed."""
    result = call("ask", "hi", "-m", "", "--config", config)
    assert (2, True) == (
        result.exit_code,
        result.stderr.startswith("Error: -m: model is empty"),
    )


def test_no_model_at_all(call: Call, tmp_path: Path) -> None:
    """Where any model will do, one has to be named."""
    path = tmp_path / "any.toml"
    lines = ["[[endpoints]]", 'provider = "openai"', 'models = ["*"]']
    path.write_text("\n".join([*lines, 'base_url = "http://127.0.0.1:9/v1"']))
    result = call("ask", "hi", "--config", str(path))
    assert 2 == result.exit_code
    assert "Error: no model given" in result.stderr
    assert "say --model" in result.stderr


@pytest.mark.parametrize("command", [["ask", "hi"], ["check"]])
@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1"])
def test_a_timeout_that_is_none(
    call: Call, config: str, command: list[str], seconds: str
) -> None:
    """The message names the option."""
    result = call(*command, "--timeout", seconds, "--config", config)
    assert 2 == result.exit_code
    assert "Invalid value for '--timeout': it must be seconds" in result.stderr


def test_rejected_request(call: Call, config: str, upstream: MockUpstream) -> None:
    """What the upstream rejects is fatal, and no traceback is shown."""
    upstream.script(Answer(status=400))
    result = call("ask", "hi", "--config", config)
    assert 1 == result.exit_code
    assert result.stderr.startswith("Error: mock-1 rejected the request (400)")


def test_missing_key(call: Call, config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is not set is named by its variable."""
    monkeypatch.delenv("TEST_KEY")
    result = call("ask", "hi", "--config", config)
    assert 2 == result.exit_code
    assert "$TEST_KEY is not set" in result.stderr


def test_no_endpoint_answers(call: Call, configure: Callable[..., str]) -> None:
    """An endpoint that is not there is fatal, within the timeout."""
    config = configure("http://127.0.0.1:9/v1")
    result = call("ask", "hi", "--timeout", "0.5", "--config", config)
    assert 1 == result.exit_code
    assert result.stderr.startswith("Error: no")
    assert os.environ["TEST_KEY"] not in result.output


def _extend(config: str, tables: str = "", card: str = "") -> None:
    """Add tables to a configuration, and a line to its model's card."""
    path = Path(config)
    text = path.read_text("utf-8").replace("[[endpoints]]", f"{card}\n[[endpoints]]")
    path.write_text(f"{text}\n{tables}", "utf-8")


def test_verbose_tells_which_model_it_was(call: Call, config: str) -> None:
    """Where an alias or "auto" left it open."""
    _extend(config, f'[models.fast]\ntargets = ["{MODEL}"]\n')
    result = call("ask", "hi", "-m", "fast", "-v", "--config", config)
    assert f"model     {MODEL}, for fast" == result.stderr.splitlines()[0]
    result = call("ask", "hi", "-m", "fast", "--json", "--config", config)
    assert MODEL == json.loads(result.stdout)["holybalance"]["model"]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--max-cost", "0.000001", "max_cost is 0.000001 USD"),
        ("--max-latency", "0.5", "max_latency is 0.5 s"),
    ],
)
def test_bounds(call: Call, config: str, option: str, value: str, message: str) -> None:
    """A model that is expected to go beyond them is not asked."""
    _extend(config, card="latency_s = 2.0")
    result = call("ask", "hi", option, value, "--config", config)
    assert 2 == result.exit_code
    assert message in result.stderr


def test_a_bound_for_the_answer(
    call: Call, configure: Callable[..., str], tmp_path: Path
) -> None:
    """It goes with the request, and a budget holds no more than it."""
    budget = '[[budgets]]\nname = "daily"\nlimit_usd = 0.001\n'
    with MockUpstream(echo=True) as upstream:
        config = configure(upstream.url)
        _extend(config, budget, card="max_output = 100_000")
        assert 4 == call("ask", "hi", "--config", config).exit_code
        result = call("ask", "hi", "--max-tokens", "9", "--config", config)
    assert (0, "hi\n") == (result.exit_code, result.stdout)
    result = call("ask", "hi", "--max-tokens", "0", "--config", config)
    assert 2 == result.exit_code
    assert "Invalid value for '--max-tokens'" in result.stderr


def test_an_empty_budget(call: Call, config: str) -> None:
    """It has an exit code of its own, and one line; tags decide whose it is."""
    budget = '[[budgets]]\nname = "web"\nlimit_usd = 0.000001\nscope = "tag:web"\n'
    _extend(config, budget, card="max_output = 9")
    assert 0 == call("ask", "hi", "--config", config).exit_code
    result = call("ask", "hi", "--tag", "web", "--config", config)
    assert (4, "") == (result.exit_code, result.stdout)
    (line,) = result.stderr.splitlines()
    assert line.startswith('Error: the budget "web" has no room: one such call may')
    assert "more than the whole budget of 0.000001 USD" in line


class Terminal(NamedTuple):
    """A command whose standard output is a terminal, and what shows on that."""

    process: subprocess.Popen[bytes]
    shown: int

    def read_until(self, word: bytes) -> bytes:
        """Read up to a word and no further than what came with it."""
        text = b""
        while word not in text:
            text += os.read(self.shown, 1024)
        return text

    def read_rest(self) -> bytes:
        """Read what is shown until the command has ended."""
        text = b""
        try:
            while piece := os.read(self.shown, 1024):
                text += piece
        except OSError:  # how Linux says that nobody writes to it any more
            pass
        return text

    def ended(self) -> tuple[int, str]:
        """Give its exit code and what it said on standard error."""
        _, complaints = self.process.communicate(timeout=20)
        return self.process.returncode, complaints.decode()


@contextmanager
def _terminal(*arguments: str) -> Iterator[Terminal]:
    shown, screen = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=screen,
        stderr=subprocess.PIPE,
    )
    os.close(screen)
    try:
        with process:
            yield Terminal(process, shown)
            process.kill()
    finally:
        os.close(shown)


def test_on_a_terminal_it_shows_as_it_comes(configure: Callable[..., str]) -> None:
    """The first piece is there while the upstream still waits with the next."""
    with MockUpstream(reply="one two") as upstream:
        upstream.script(BrokenStream(then=Then.HANG, pieces=1))
        config = configure(upstream.url)
        with _terminal("ask", "hi", "--config", config) as terminal:
            assert b"one" == terminal.read_until(b"one")


def test_the_story_of_a_stream(configure: Callable[..., str]) -> None:
    """It has the time to the first token."""
    with MockUpstream(reply="one two three", piece_interval=0.01) as upstream:
        config = configure(upstream.url)
        with _terminal("ask", "hi", "-v", "--config", config) as terminal:
            text = terminal.read_rest()
            code, story = terminal.ended()
    assert (b"one two three\r\n", 0) == (text, code)
    latency = story.splitlines()[2]
    assert latency.startswith("latency   ")
    assert ", the first token after " in latency


def test_on_a_terminal_it_may_be_whole(configure: Callable[..., str]) -> None:
    """--no-stream asks for a whole reply there."""
    with MockUpstream(reply="one two", piece_interval=30.0) as upstream:
        config = configure(upstream.url)
        with _terminal("ask", "hi", "-v", "--no-stream", "--config", config) as shown:
            text = shown.read_rest()
            code, story = shown.ended()
    assert (b"one two\r\n", 0, False) == (text, code, "first token" in story)


ODD = "Gr\u00fc\u00dfe \U0001f389\n\n  in \x1b[31mred\x1b[0m, a tab\t and\r a return \n"


@pytest.mark.parametrize("text", ["hi", ODD, "x" * 100_000, " "])
def test_streamed_or_whole_it_is_the_same(
    spawn: Callable[..., subprocess.Popen[bytes]],
    configure: Callable[..., str],
    text: str,
) -> None:
    """Byte for byte, and what is piped is the whole answer unless asked otherwise."""
    with MockUpstream(reply=text) as upstream:
        config = configure(upstream.url)
        told = []
        for way in (["--stream"], ["--no-stream"], []):
            process = spawn("ask", "hi", "-v", *way, "--config", config)
            output, story = process.communicate(timeout=20)
            assert (f"{text}\n".encode(), 0) == (output, process.returncode)
            told.append(b"first token" in story)
    assert [True, False, False] == told


def test_json_is_whole(call: Call, config: str) -> None:
    """Half of it would be no JSON."""
    result = call("ask", "hi", "--json", "--stream", "--config", config)
    assert 2 == result.exit_code
    assert "--json prints a whole reply: leave --stream out" in result.stderr


def test_ctrl_c_while_it_comes(configure: Callable[..., str]) -> None:
    """What came stays, on a line of its own, and there is no traceback."""
    with MockUpstream(reply="one two", piece_interval=30.0) as upstream:
        config = configure(upstream.url)
        with _terminal("ask", "hi", "--config", config) as terminal:
            first = terminal.read_until(b"one")
            terminal.process.send_signal(signal.SIGINT)
            rest = terminal.read_rest()
            ended = terminal.ended()
    assert (b"one", b"\r\n", (130, "interrupted\n")) == (first, rest, ended)


def test_ctrl_c_before_it_begins(configure: Callable[..., str]) -> None:
    """Then nothing is printed."""
    with MockUpstream(latency=30.0) as upstream:
        config = configure(upstream.url)
        with _terminal("ask", "hi", "--config", config) as terminal:
            while not upstream.received:
                os.sched_yield()
            terminal.process.send_signal(signal.SIGINT)
            assert b"" == terminal.read_rest()
            assert (130, "interrupted\n") == terminal.ended()


@pytest.mark.parametrize("command", ["ask", "route"])
@pytest.mark.parametrize("more", [["there"], ["there", "-m", "x"]])
def test_a_prompt_in_several_words(call: Call, command: str, more: list[str]) -> None:
    """It is shown how to quote it, also for the shell that would read it."""
    result = call(command, "it's", *more)
    assert 2 == result.exit_code
    quoted = shlex.quote("it's there")
    advice = f"a prompt is one argument, so quote it: main {command} {quoted}\n"
    assert advice in result.stderr


def test_a_price_that_nobody_knows(
    call: Call, configure: Callable[..., str], upstream: MockUpstream
) -> None:
    """It is told once, where it refuses the call, and not where others can answer."""
    config = configure(upstream.url)
    with open(config, "a", encoding="utf-8") as file:
        file.write('\n[[endpoints]]\nprovider = "ollama"\nmodels = ["odd"]\n')
        file.write('[[budgets]]\nname = "daily"\nlimit_usd = 1\n')
    result = call("ask", "hi", "--max-tokens", "9", "--config", config)
    assert (0, "") == (result.exit_code, result.stderr)
    result = call("ask", "hi", "-m", "odd", "--config", config)
    assert 4 == result.exit_code
    assert result.stderr.startswith('Error: the budget "daily" cannot hold what a call')
    result = call("check", "--config", config)
    warned = 'calls of unknown price are refused under a budget ("daily"): "odd" at'
    assert (1, 1) == (result.stderr.count("Warning: "), result.stderr.count(warned))


@pytest.mark.parametrize("then", [Then.CLOSE, Then.END])
def test_an_answer_that_breaks_off(
    call: Call, configure: Callable[..., str], then: Then
) -> None:
    """What came stays on standard output, and standard error says what happened."""
    with MockUpstream(reply="one two three") as upstream:
        upstream.script(BrokenStream(then=then, pieces=2))
        config = configure(upstream.url)
        result = call("ask", "hi", "--stream", "--config", config)
    assert (1, "one two\n") == (result.exit_code, result.stdout)
    first = result.stderr.splitlines()[0]
    assert first.startswith("Error: the stream from mock-1 broke off after 7 character")


def test_an_answer_that_does_not_begin(
    call: Call, configure: Callable[..., str], upstream: MockUpstream
) -> None:
    """The call goes on elsewhere, as that for a whole reply does."""
    upstream.script(BrokenStream(then=Then.CLOSE, pieces=0))
    config = configure(upstream.url, upstream.url)
    result = call("ask", "hi", "-v", "--stream", "--config", config)
    assert (0, "hi\n") == (result.exit_code, result.stdout)
    assert "attempts  2\n" in result.stderr


def test_a_reader_that_leaves(
    spawn: Callable[..., subprocess.Popen[bytes]], configure: Callable[..., str]
) -> None:
    """A broken pipe is no drama in the middle of an answer either."""
    with MockUpstream(reply="word " * 100, piece_interval=0.01) as upstream:
        config = configure(upstream.url)
        process = spawn("ask", "hi", "--stream", "--config", config)
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"word" == process.stdout.read(4)
        process.stdout.close()
        assert (b"", 1) == (process.stderr.read(), process.wait(timeout=20))
