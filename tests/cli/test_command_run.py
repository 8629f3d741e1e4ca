"""Owns the proof of the `run` command: a row out for each row in, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from holybalance.testing import Answer, MockUpstream

MODEL = "mock-model"

Call = Callable[..., Result]
Spawn = Callable[..., "subprocess.Popen[bytes]"]

Rows = dict[str, dict[str, Any]]


def _rows_of(text: str | bytes) -> list[dict[str, Any]]:
    """Read rows of batch output; every line must be whole."""
    return [json.loads(line) for line in text.splitlines()]


def _row(custom_id: str, **changes: Any) -> dict[str, Any]:
    body = {"model": MODEL, "messages": [{"role": "user", "content": custom_id}]}
    row = {"method": "POST", "url": "/v1/chat/completions", "body": body | changes}
    return {"custom_id": custom_id, **row}


@pytest.fixture
def run(call: Call, config: str, tmp_path: Path) -> Callable[..., tuple[Any, Rows]]:
    """Run over some input; give the result and the rows out by their custom_id."""

    def run(text: str | bytes, *arguments: str, name: str = "in") -> tuple[Any, Rows]:
        source, output = tmp_path / name, tmp_path / "out.jsonl"
        source.write_bytes(text.encode() if isinstance(text, str) else text)
        common = [str(source), "-o", str(output), "--config", config]
        result = call("run", *common, *arguments)
        written = output.exists() and result.exit_code != 2
        rows = _rows_of(output.read_bytes()) if written else []
        return result, {row["custom_id"]: row for row in rows}

    return run


Run = Callable[..., tuple[Any, Rows]]


def _text(row: dict[str, Any]) -> str:
    text: str = row["response"]["body"]["choices"][0]["message"]["content"]
    return text


def test_plain_lines(run: Run) -> None:
    """Each line that is not blank is a prompt, named by its number."""
    result, rows = run("first\n\n  \nfourth\r\nlast")
    assert 0 == result.exit_code
    texts = {name: _text(row) for name, row in rows.items()}
    assert {"row-1": "first", "row-4": "fourth", "row-5": "last"} == texts


def test_a_row_of_batch_output(run: Run) -> None:
    """A row has OpenAI's four keys, and an id of its own."""
    _, rows = run(json.dumps(_row("a")) + "\n" + json.dumps(_row("b")))
    assert {"id", "custom_id", "response", "error"} == set(rows["a"])
    assert {"status_code", "request_id", "body"} == set(rows["a"]["response"])
    assert 200 == rows["a"]["response"]["status_code"]
    assert rows["a"]["error"] is None
    assert rows["a"]["id"].startswith("batch_req_")
    assert rows["a"]["id"] != rows["b"]["id"]


def test_method_and_url_may_be_left_out(run: Run) -> None:
    """Together's rows have neither."""
    row = _row("a")
    del row["method"], row["url"]
    result, rows = run(json.dumps(row))
    assert (0, "a") == (result.exit_code, _text(rows["a"]))


def test_parameters_reach_the_upstream(
    call: Call, configure: Callable[..., str], tmp_path: Path
) -> None:
    """Whatever stands in the body is passed on, odd names included."""
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps(_row("a", temperature=0.5, config=1, stream=False)))
    with MockUpstream() as upstream:
        config = configure(upstream.url)
        result = call("run", str(source), "-o", "-", "--config", config)
        assert 1 == upstream.received
    assert (0, 1) == (result.exit_code, len(_rows_of(result.stdout)))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"custom_id": "a", "body"', "it is not JSON"),
        ("[1]", "it is not a JSON object"),
        (json.dumps({"custom_id": 7}), "custom_id must be a string"),
        (json.dumps({"custom_id": "a"}), "body must be an object"),
        (json.dumps(_row("a") | {"method": "GET"}), 'method must be "POST"'),
        (json.dumps(_row("a") | {"url": "/v1/embeddings"}), "url must be"),
        (json.dumps(_row("a", messages="hi")), "body.messages must be a list"),
        (json.dumps(_row("a", stream=True)), "body.stream must be false"),
        (json.dumps(_row("a", timeout=3)), "body.timeout is no parameter"),
        (b"\xff", "it is not JSON"),
    ],
)
def test_a_bad_row_is_answered_and_the_rest_goes_on(
    run: Run, line: str | bytes, message: str
) -> None:
    """A row that no call can be made of has its line and its mistake in its answer."""
    bad = line.encode() if isinstance(line, str) else line
    good = json.dumps(_row("good")).encode()
    result, rows = run(b"\n".join([good, b"", bad]), name="in.jsonl")
    assert (3, 2, "good") == (result.exit_code, len(rows), _text(rows.pop("good")))
    (answer,) = rows.values()
    assert answer["response"] is None
    assert "invalid_row" == answer["error"]["code"]
    assert answer["error"]["message"].startswith(f"line 3: {message}")


def test_bytes_that_are_not_text(run: Run) -> None:
    """A prompt that is not UTF-8 is a bad row as well."""
    result, rows = run(b"good\nb\xffd\n", name="in.txt")
    assert 3 == result.exit_code
    message = "line 2: it is not UTF-8 text, from byte 2 on"
    assert message == rows["row-2"]["error"]["message"]


def test_messages_that_make_no_sense(run: Run) -> None:
    """What the client refuses is an error of the row."""
    _, rows = run(json.dumps(_row("a", messages=[])))
    assert "invalid_request" == rows["a"]["error"]["code"]


def test_a_row_for_a_model_that_nobody_serves(run: Run) -> None:
    """Its answer says so; the others are answered."""
    lines = [json.dumps(_row("a", model="gpt-9")), json.dumps(_row("b"))]
    result, rows = run("\n".join(lines))
    assert (3, "unknown_model") == (result.exit_code, rows["a"]["error"]["code"])
    assert "b" == _text(rows["b"])


def test_a_rejection_is_a_response(run: Run, upstream: MockUpstream) -> None:
    """An upstream's 4xx is its answer, with an error of OpenAI's shape."""
    upstream.script(Answer(status=422))
    result, rows = run(json.dumps(_row("a")))
    response = rows["a"]["response"]
    assert (3, 422, None) == (
        result.exit_code,
        response["status_code"],
        rows["a"]["error"],
    )
    assert {"message", "type", "param", "code"} == set(response["body"]["error"])


def test_an_endpoint_that_is_not_there(
    call: Call, configure: Callable[..., str], tmp_path: Path
) -> None:
    """Every row still has its answer: an error with a code."""
    (tmp_path / "in").write_text("a\nb\nc\n" * 10)
    config = configure("http://127.0.0.1:9/v1")
    arguments = ["--timeout", "0.5", "--config", config]
    result = call("run", str(tmp_path / "in"), "-o", "-", *arguments)
    rows = _rows_of(result.stdout)
    codes = {row["error"]["code"] for row in rows}
    assert (3, 30) == (result.exit_code, len(rows))
    assert codes <= {"no_endpoint", "retries_exhausted", "deadline_exceeded"}


def test_the_deadline_has_a_code(
    call: Call, configure: Callable[..., str], tmp_path: Path
) -> None:
    """A call that takes too long is answered as such."""
    (tmp_path / "in").write_text("a\n")
    with MockUpstream(latency=30) as upstream:
        arguments = ["--timeout", "0.2", "--config", configure(upstream.url)]
        result = call("run", str(tmp_path / "in"), "-o", "-", *arguments)
    (row,) = _rows_of(result.stdout)
    assert "deadline_exceeded" == row["error"]["code"]


def test_a_model_that_nobody_serves_is_refused(run: Run) -> None:
    """A misspelt --model is noticed before any call."""
    result, rows = run("hi", "--model", "mock-modle")
    assert (2, {}) == (result.exit_code, rows)
    assert 'no endpoint serves the model "mock-modle"' in result.stderr


def test_a_system_message_for_plain_lines(run: Run) -> None:
    """--system goes before each prompt: the upstream counts its tokens as well."""
    result, rows = run("hi", "--system", "Be brief. " * 40)
    usage = rows["row-1"]["response"]["body"]["usage"]
    assert (0, "hi") == (result.exit_code, _text(rows["row-1"]))
    assert usage["prompt_tokens"] >= 100


def test_model_for_rows_without_one(run: Run) -> None:
    """--model is the default of rows that name none."""
    row = _row("a")
    del row["body"]["model"]
    result, rows = run(json.dumps(row), "--model", MODEL)
    assert (0, "a") == (result.exit_code, _text(rows["a"]))


@pytest.mark.parametrize(
    ("name", "text", "names"),
    [
        ("in.jsonl", json.dumps(_row("a")), ["a"]),
        ("in.ndjson", json.dumps(_row("a")), ["a"]),
        ("in.txt", json.dumps(_row("a")), ["row-1"]),
        ("in", "\n" + json.dumps(_row("a")), ["a"]),
        ("in", "\ufeff" + json.dumps(_row("a")), ["a"]),
        ("in", "a line", ["row-1"]),
        ("in", "", []),
    ],
)
def test_the_format_is_guessed(
    run: Run, name: str, text: str, names: list[str]
) -> None:
    """The suffix decides, or else how the first line begins."""
    result, rows = run(text, name=name)
    assert (0, names) == (result.exit_code, list(rows))


@pytest.mark.parametrize("text", ["{not JSON", '[{"custom_id": "a"}]'])
def test_what_begins_as_json_is_never_sent_as_a_prompt(run: Run, text: str) -> None:
    """A malformed first row is a bad row, and the guess is said."""
    result, rows = run(text, name="in.dat")
    assert (3, "invalid_row") == (result.exit_code, rows["row-1"]["error"]["code"])
    assert result.stderr.splitlines()[0].endswith("in.dat as jsonl")


def test_a_system_message_has_no_place_in_jsonl(run: Run) -> None:
    """--system would be ignored there, so it is refused."""
    result, rows = run(json.dumps(_row("a")), "--system", "Be brief.")
    assert (2, {}) == (result.exit_code, rows)
    assert "--system is for plain lines" in result.stderr


def test_the_format_can_be_said(run: Run) -> None:
    """--format overrules the suffix."""
    _, rows = run("just text", "--format", "lines", name="in.jsonl")
    assert ["row-1"] == list(rows)


def test_an_existing_output_is_never_touched(run: Run, tmp_path: Path) -> None:
    """The message says what to do, and no call is made."""
    (tmp_path / "out.jsonl").write_text("{}")
    result, _ = run("hi")
    assert (2, "{}") == (result.exit_code, (tmp_path / "out.jsonl").read_text())
    assert "exists already; name another file with -o" in result.stderr


def test_an_output_that_cannot_be_written(
    call: Call, configure: Callable[..., str], tmp_path: Path
) -> None:
    """It is noticed before any call is made."""
    (tmp_path / "in").write_text("hi")
    output = str(tmp_path / "nowhere" / "out")
    with MockUpstream() as upstream:
        config = configure(upstream.url)
        result = call("run", str(tmp_path / "in"), "-o", output, "--config", config)
        assert 0 == upstream.received
    assert 2 == result.exit_code
    assert f"cannot write {output}: No such file or directory" in result.stderr


def test_an_input_that_is_not_there(call: Call, config: str, tmp_path: Path) -> None:
    """It is named, and no output is made."""
    output = tmp_path / "out"
    result = call("run", "nowhere.txt", "-o", str(output), "--config", config)
    assert 2 == result.exit_code
    assert "cannot read nowhere.txt: No such file or directory" in result.stderr
    assert not output.exists()


def test_a_full_disk_is_fatal(call: Call, config: str, tmp_path: Path) -> None:
    """The message says why, and how many rows are written."""
    (tmp_path / "in").write_text("a\nb\n")
    source = str(tmp_path / "in")
    result = call("run", source, "-o", "/dev/full", "--config", config)
    assert 1 == result.exit_code
    reason = "cannot write /dev/full: No space left on device; 0 rows written"
    assert reason in " ".join(result.stderr.split())


def test_a_disk_that_fills_up_keeps_whole_rows(config: str, tmp_path: Path) -> None:
    """What was written of the row that did not fit is taken back."""
    (tmp_path / "in").write_text("a prompt\n" * 200)
    limited = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "from holybalance_cli.main import main\n"
        "main()\n"
    )
    output = tmp_path / "out"
    ended = subprocess.run(
        [
            *(sys.executable, "-c", limited, "run", str(tmp_path / "in")),
            *("-o", str(output), "--config", config),
        ],
        capture_output=True,
        check=False,
    )
    assert 1 == ended.returncode
    assert f"cannot write {output}: File too large" in ended.stderr.decode()
    assert output.read_bytes().endswith(b"}\n")
    assert 5 < len(_rows_of(output.read_bytes())) < 200


def test_refused_keys_break_it_off(
    call: Call, configure: Callable[..., str], tmp_path: Path
) -> None:
    """Nothing more can work: rows under way have errors, the others stay unread."""
    (tmp_path / "in").write_text("a prompt\n" * 5000)
    with MockUpstream(api_key="another") as upstream:
        arguments = ["--config", configure(upstream.url), "--threads", "2"]
        result = call("run", str(tmp_path / "in"), "-o", "-", *arguments)
    rows = _rows_of(result.stdout)
    assert 1 == result.exit_code
    assert {"no_endpoint"} == {row["error"]["code"] for row in rows}
    assert len(rows) < 100
    assert "Error: the run broke off: no endpoint" in result.stderr
    assert result.stderr.endswith(f" {len(rows)} rows written\n") or 1 == len(rows)


def test_the_summary_says_why_rows_failed(run: Run) -> None:
    """The most frequent code comes first, each with one example in one line."""
    bad = ["{", json.dumps({"custom_id": "x"}), json.dumps(_row("y", model="gpt-9"))]
    result, _ = run("\n".join(bad), name="in.jsonl")
    first, second = (line for line in result.stderr.splitlines() if " x " in line)
    assert first.startswith("  2 x invalid_row: it is not JSON")
    assert second.startswith("  1 x unknown_model: ")


def test_repeated_names_are_warned_of(run: Run) -> None:
    """Answers of one custom_id cannot be told apart."""
    result, _ = run("\n".join(json.dumps(_row(name)) for name in "abaa"))
    assert 0 == result.exit_code
    assert "Warning: 2 custom_ids repeated from earlier rows\n" in result.stderr


def test_an_output_without_a_name(run: Run) -> None:
    """An empty name is no file."""
    result, _ = run("hi", "-o", "")
    assert 2 == result.exit_code
    assert "it is empty; name a file, or - for standard output" in result.stderr


def test_a_prompt_for_any_model(call: Call, tmp_path: Path) -> None:
    """Where any model will do, --model has to name one."""
    (tmp_path / "in").write_text("hi\n")
    path = tmp_path / "any.toml"
    lines = ["[[endpoints]]", 'provider = "openai"', 'models = ["*"]']
    path.write_text("\n".join([*lines, 'base_url = "http://127.0.0.1:9/v1"']))
    result = call("run", str(tmp_path / "in"), "-o", "-", "--config", str(path))
    assert 2 == result.exit_code
    assert "say --model" in result.stderr


def test_the_summary(run: Run) -> None:
    """Standard error ends with what the run came to."""
    result, _ = run("a\nb\n[]", "--format", "lines")
    assert "3 rows: 3 ok, 0 failed, in " in result.stderr
    assert "p50 " in result.stderr
    assert "cost $0.0" in result.stderr


def test_from_standard_input_to_standard_output(spawn: Spawn, config: str) -> None:
    """Dashes make it a filter; the summary stays out of the rows."""
    process = spawn("run", "-", "-o", "-", "--config", config)
    output, complaints = process.communicate(b"one\ntwo\nthree", timeout=20)
    texts = sorted(_text(row) for row in _rows_of(output))
    assert (["one", "three", "two"], 0) == (texts, process.returncode)
    assert b"3 rows: 3 ok" in complaints


def test_more_rows_than_are_held_at_once(run: Run) -> None:
    """Nothing is lost over many windows, few threads, and bad rows in between."""
    lines = [json.dumps(_row(f"id-{n}")) if n % 10 else "{" for n in range(1, 501)]
    result, rows = run("\n".join(lines), "--threads", "4", name="in.jsonl")
    assert (3, 500) == (result.exit_code, len(rows))
    assert 50 == sum(row["error"] is not None for row in rows.values())


def test_ctrl_c_writes_what_is_done(
    spawn: Spawn, configure: Callable[..., str], tmp_path: Path
) -> None:
    """All rows written are whole, their number is said, and nothing hangs."""
    source, output = tmp_path / "in", tmp_path / "out"
    source.write_text("a prompt\n" * 5000)
    with MockUpstream(latency="uniform:0.01:0.05") as upstream:
        config = configure(upstream.url)
        process = spawn(
            "run", str(tmp_path / "in"), "-o", str(output), "--config", config
        )
        while not output.exists() or output.read_bytes().count(b"\n") < 20:
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=10)
        answered = upstream.counts().answered
    rows = _rows_of(output.read_bytes())
    assert 130 == process.returncode
    assert f"{len(rows)} rows written" in complaints.decode()
    assert (0, answered) == (sum(row["error"] is not None for row in rows), len(rows))


def test_ctrl_c_does_not_wait_for_calls_under_way(
    spawn: Spawn, configure: Callable[..., str]
) -> None:
    """Calls that would take a minute are given up within seconds."""
    with MockUpstream(latency=60) as upstream:
        config = configure(upstream.url)
        process = spawn("run", "-", "-o", "-", "--config", config)
        assert process.stdin is not None
        process.stdin.write(b"a\nb\n")
        process.stdin.flush()
        while upstream.received < 2:
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert b"" == process.stdout.read()
        assert 130 == process.wait(timeout=10)


def test_a_reader_that_leaves_ends_it_quietly(spawn: Spawn, config: str) -> None:
    """A broken pipe on standard output is no drama."""
    process = spawn("run", "-", "-o", "-", "--config", config)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(b"a\n" * 10)
    process.stdin.close()
    assert b"reading standard input as lines\n" == process.stderr.read()
    assert 1 == process.wait(timeout=10)
