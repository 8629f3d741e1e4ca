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

    def run(
        text: str | bytes, *arguments: str, name: str = "in", config: str = config
    ) -> tuple[Any, Rows]:
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


def test_an_id_says_what_was_asked(run: Run, tmp_path: Path) -> None:
    """The same line has the same id in every run, so that answers can be told apart."""
    _, first = run(json.dumps(_row("a")))
    (tmp_path / "out.jsonl").unlink()
    _, again = run(json.dumps(_row("a")))
    assert first["a"]["id"] == again["a"]["id"]


def test_method_and_url_may_be_left_out(run: Run) -> None:
    """Together's rows have neither."""
    row = _row("a")
    del row["method"], row["url"]
    result, rows = run(json.dumps(row))
    assert (0, "a") == (result.exit_code, _text(rows["a"]))


def test_parameters_reach_the_upstream(run: Run, configure: Callable[..., str]) -> None:
    """Whatever stands in the body is passed on, odd names included."""
    row = _row("a", temperature=0.5, config=1, stream=False)
    with MockUpstream() as upstream:
        result, rows = run(json.dumps(row), config=configure(upstream.url))
        assert 1 == upstream.received
    assert (0, ["a"]) == (result.exit_code, list(rows))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"custom_id": "a", "body"', "it is not JSON"),
        ("[1]", "it is not a JSON object"),
        (json.dumps({"custom_id": 7}), "custom_id must be a string"),
        (json.dumps({"custom_id": "a"}), "body must be an object"),
        (json.dumps(_row("a") | {"method": "GET"}), 'method must be "POST"'),
        (json.dumps(_row("a") | {"url": "/v1/completions"}), "url must be"),
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


def test_an_endpoint_that_is_not_there(run: Run, configure: Callable[..., str]) -> None:
    """Every row still has its answer: an error with a code."""
    config = configure("http://127.0.0.1:9/v1")
    result, rows = run("a\nb\nc\n" * 5, "--timeout", "0.5", config=config)
    codes = {row["error"]["code"] for row in rows.values()}
    assert (3, 15) == (result.exit_code, len(rows))
    assert codes <= {"no_endpoint", "retries_exhausted", "deadline_exceeded"}


def test_a_run_that_never_gets_an_answer(
    run: Run, configure: Callable[..., str]
) -> None:
    """It does not work its way through all rows to learn that the URL is wrong."""
    config = configure("http://127.0.0.1:9/v1")
    text, arguments = "a\n" * 20_000, ("--threads", "4", "--processes", "1")
    result, rows = run(text, *arguments, "--timeout", "0.5", config=config)
    assert 1 == result.exit_code
    assert 20 <= len(rows) < 1_000
    assert "Error: the run broke off: nothing was answered; 20 rows" in result.stderr


def test_the_deadline_has_a_code(run: Run, configure: Callable[..., str]) -> None:
    """A call that takes too long is answered as such."""
    with MockUpstream(latency=30) as upstream:
        _, rows = run("a\n", "--timeout", "0.2", config=configure(upstream.url))
    assert "deadline_exceeded" == rows["row-1"]["error"]["code"]


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
    assert "a system message is for plain lines" in result.stderr


def test_the_format_can_be_said(run: Run) -> None:
    """--format overrules the suffix."""
    _, rows = run("just text", "--format", "lines", name="in.jsonl")
    assert ["row-1"] == list(rows)


def test_finished_rows_are_not_sent_again(
    run: Run, configure: Callable[..., str], tmp_path: Path
) -> None:
    """A run over an output that exists goes on with what is missing there."""
    first, _ = run("one\ntwo\n")
    with MockUpstream(echo=True) as upstream:
        again, rows = run("one\ntwo\nthree\n", config=configure(upstream.url))
        assert 1 == upstream.received
    assert (0, 0) == (first.exit_code, again.exit_code)
    texts = {name: _text(row) for name, row in rows.items()}
    assert {"row-1": "one", "row-2": "two", "row-3": "three"} == texts
    assert "2 rows are done already" in again.stderr
    assert "1: 1 ok, 0 failed; 2 skipped, done before" in again.stderr
    assert 3 == (tmp_path / "out.jsonl").read_bytes().count(b"\n")


def test_nothing_left_to_do(run: Run) -> None:
    """A run that is complete already is fine, and says so."""
    run("one\n")
    result, rows = run("one\n")
    assert (0, ["row-1"]) == (result.exit_code, list(rows))
    assert "0: 0 ok, 0 failed; 1 skipped" in result.stderr


def test_nothing_left_to_pay_for(run: Run) -> None:
    """A run that called nobody has no word of budgets."""
    bound = ("--max-cost", "0.01", "--max-tokens", "9")
    first, _ = run("one\n", *bound)
    assert "--max-cost: " in first.stderr
    again, _ = run("one\n", *bound)
    assert (0, False) == (again.exit_code, "budgets" in again.stderr)


def test_a_resumed_run_does_not_forget_failed_rows(run: Run) -> None:
    """What failed before a crash still shows in the exit code after it."""
    text = json.dumps(_row("a", model="gpt-9"))
    first, _ = run(text)
    again, _ = run(text)
    assert (3, 3) == (first.exit_code, again.exit_code)
    assert "1 skipped, done before (1 of them failed)" in again.stderr
    assert "to send failed rows again: holybalance run --retry-errors" in again.stderr


def test_an_output_of_another_input_is_refused(run: Run, tmp_path: Path) -> None:
    """Its rows have the same names, and answer something else."""
    run("one\n")
    before = (tmp_path / "out.jsonl").read_bytes()
    result, _ = run("something else\n")
    assert (2, before) == (result.exit_code, (tmp_path / "out.jsonl").read_bytes())
    assert "out.jsonl has 1 row that answers nothing of " in result.stderr


def test_without_resuming_an_existing_output_is_refused(
    run: Run, tmp_path: Path
) -> None:
    """The message says what to do, and nothing is touched."""
    (tmp_path / "out.jsonl").write_text("{}")
    result, _ = run("hi", "--no-resume")
    assert (2, "{}") == (result.exit_code, (tmp_path / "out.jsonl").read_text())
    assert "exists already" in result.stderr


def test_failed_rows_have_a_file_of_their_own(run: Run, tmp_path: Path) -> None:
    """--errors keeps them out of the answers."""
    lines = [json.dumps(_row("a", model="gpt-9")), json.dumps(_row("b"))]
    errors = tmp_path / "errors.jsonl"
    result, rows = run("\n".join(lines), "--errors", str(errors))
    (failed,) = _rows_of(errors.read_bytes())
    assert (3, ["b"], "a") == (result.exit_code, list(rows), failed["custom_id"])


def test_failed_rows_are_retried_when_asked(run: Run, upstream: MockUpstream) -> None:
    """Else they count as done; with --retry-errors each ends up there once."""
    upstream.script(Answer(status=422))
    lines = json.dumps(_row("a"))
    codes = [run(lines)[0].exit_code for _ in range(2)]
    result, rows = run(lines, "--retry-errors")
    assert ([3, 3], 0, "a") == (codes, result.exit_code, _text(rows["a"]))
    assert "0: 0 ok, 0 failed; 1 skipped" in run(lines)[0].stderr


def test_in_the_order_of_the_input(run: Run, configure: Callable[..., str]) -> None:
    """--ordered, however long single answers take."""
    with MockUpstream(echo=True, latency="uniform:0:0.05") as upstream:
        text = "\n".join(map(str, range(200)))
        result, rows = run(text, "--ordered", config=configure(upstream.url))
    assert 0 == result.exit_code
    assert [str(n) for n in range(200)] == [_text(row) for row in rows.values()]


def test_the_first_rows(run: Run) -> None:
    """--limit leaves the others alone."""
    result, rows = run("a\n\nb\nc\nd\n", "--limit", "3")
    assert (0, {"row-1", "row-3", "row-4"}) == (result.exit_code, set(rows))


def test_some_rows_at_random(run: Run, tmp_path: Path) -> None:
    """--sample chooses the same ones for the same seed, and others for another."""
    text, chosen = "\n".join(map(str, range(1000))), []
    for seed in ("1", "1", "2"):
        result, rows = run(text, "--sample", "5", "--seed", seed)
        assert (0, 5) == (result.exit_code, len(rows))
        chosen.append(sorted(rows))
        (tmp_path / "out.jsonl").unlink()
    assert chosen[0] == chosen[1] != chosen[2]


def test_equal_rows_are_sent_once(run: Run, configure: Callable[..., str]) -> None:
    """--dedupe gives each of them the one answer."""
    with MockUpstream(echo=True) as upstream:
        config = configure(upstream.url)
        result, rows = run("same\nother\nsame\nsame\n", "--dedupe", config=config)
        assert 2 == upstream.received
    assert (0, 4) == (result.exit_code, len(rows))
    assert ["same"] * 3 == [_text(rows[f"row-{n}"]) for n in (1, 3, 4)]
    assert "4: 4 ok, 0 failed; 2 of them repeated another's answer" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--limit", "3", "--sample", "3"], "sample"),
        (["--sample", "0"], "--sample"),
        (["--rate", "nan"], "it must be a number"),
        (["--rate", "0"], "--rate"),
        (["--grace", "inf"], "it must be a number"),
        (["--threads", "0"], "--threads"),
        (["--errors", "out.jsonl", "-o", "out.jsonl"], "errors"),
        (["--fail-on", "error_rate"], "an example: error_rate>0.01"),
        (["--fail-on", "p99>2", "--dry-run"], "--dry-run sends nothing"),
        (["--report", "nowhere/report.json"], "No such file or directory"),
        (["--report", "out.jsonl", "-o", "out.jsonl"], "another file of this run"),
        (["--report", "/dev/null"], "no regular file"),
    ],
)
def test_what_does_not_combine(run: Run, arguments: list[str], reason: str) -> None:
    """It is refused at once, in the words of the command line."""
    result, rows = run("hi", *arguments)
    assert (2, {}) == (result.exit_code, rows)
    assert reason in result.stderr


def test_a_sample_of_a_pipe(call: Call, config: str) -> None:
    """Nobody can choose from what has not come yet."""
    arguments = ["--sample", "3", "--config", config]
    result = call("run", "-", "-o", "out", *arguments, piped="hi")
    assert 2 == result.exit_code
    assert "sample" in result.stderr


def test_an_output_is_asked_for(call: Call, config: str) -> None:
    """Only a dry run can do without."""
    result = call("run", "in", "--config", config)
    assert 2 == result.exit_code
    assert "Missing option '-o' / '--output'." in result.stderr


@pytest.mark.parametrize(
    ("expressions", "code"),
    [
        (["error_rate>0.4"], 99),
        (["error_rate>0.5"], 3),
        (["error_rate>0.9", "p99>=0ms"], 99),
    ],
)
def test_thresholds(run: Run, expressions: list[str], code: int) -> None:
    """One that is hit is told, and outdoes failed rows."""
    lines = [json.dumps(_row("a", model="gpt-9")), json.dumps(_row("b"))]
    arguments = [part for each in expressions for part in ("--fail-on", each)]
    result, _ = run("\n".join(lines), *arguments)
    assert code == result.exit_code
    told = [line for line in result.stderr.splitlines() if "fail-on: " in line]
    assert (code == 99) == bool(told)
    if told:
        assert told[0].startswith(f"fail-on: {expressions[-1]}: ")


def test_the_report(run: Run, tmp_path: Path) -> None:
    """It has the figures, the exit code, the thresholds; an old one is replaced."""
    path = tmp_path / "report.json"
    path.write_text("old")
    lines = [json.dumps(_row("a", model="gpt-9")), json.dumps(_row("b"))]
    arguments = ["--fail-on", "failed>0", "--report", str(path)]
    run("\n".join(lines), *arguments)
    report = json.loads(path.read_text())
    assert (1, 1, 0, 99) == tuple(
        report[key] for key in ("ok", "failed", "skipped", "exit_code")
    )
    assert report["is_complete"]
    assert 1 == report["errors"]["unknown_model"]["count"]
    assert 1 == report["metrics"]["endpoints"]["mock-1"]["success"]
    judged = {"expression": "failed>0", "value": 1, "hit": True}
    assert [judged] == report["fail_on"]
    assert ["in", "out.jsonl", "report.json", "settings.toml"] == sorted(
        each.name for each in tmp_path.iterdir()
    )


def test_a_dry_run(run: Run, configure: Callable[..., str], tmp_path: Path) -> None:
    """It says what a run would take, sends nothing, and writes no answers."""
    rows = [json.dumps(_row(f"id-{n}", max_tokens=10)) for n in range(1000)]
    path = tmp_path / "report.json"
    arguments = ["--dry-run", "--rate", "10", "--report", str(path)]
    with MockUpstream() as upstream:
        config = configure(upstream.url)
        result, _ = run("\n".join([*rows, "{"]), *arguments, config=config)
        assert 0 == upstream.received
    assert 0 == result.exit_code
    assert not (tmp_path / "out.jsonl").exists()
    facts = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert facts["rows"].startswith("1,001")
    assert facts["time"].startswith("at least 1:40, by --rate")
    assert 1001 == json.loads(path.read_text())["rows"]


def test_a_bound_for_rows_without_one(run: Run, config: str) -> None:
    """It counts in the dry run, and makes a run of little money possible."""
    path = Path(config)
    card = path.read_text("utf-8").replace("[[end", "max_output = 100_000\n[[end", 1)
    path.write_text(card, "utf-8")
    bound = ("--max-cost", "0.01", "--max-tokens", "9")
    result, _ = run("one\ntwo\n", *bound, "--dry-run")
    assert ", 0 to 18 out\n" in result.stdout
    hint = "answers are not bounded, so each call holds the cost of the model's longest"
    result, rows = run("one\ntwo\n", "--max-cost", "0.01")
    assert (4, 0) == (result.exit_code, len(rows))
    assert result.stderr.splitlines()[1].startswith(hint)
    assert "bound answers with max_tokens (--max-tokens N)" in result.stderr
    assert "\n--max-cost has no room: one such call may cost " in result.stderr
    assert "max_cost-" not in result.stderr
    result, rows = run("one\ntwo\n", *bound)
    assert (0, 2) == (result.exit_code, len(rows))
    assert hint not in result.stderr


def _embedding(custom_id: str, **changes: Any) -> dict[str, Any]:
    body = {"model": MODEL, "input": custom_id} | changes
    row = {"method": "POST", "url": "/v1/embeddings", "body": body}
    return {"custom_id": custom_id, **row}


def _vectors(row: dict[str, Any]) -> list[Any]:
    return [entry["embedding"] for entry in row["response"]["body"]["data"]]


def test_chats_and_embeddings_in_one_file(run: Run, tmp_path: Path) -> None:
    """Each row has the answer that OpenAI's batch output has for its url."""
    report = tmp_path / "report.json"
    asked = [
        _embedding("a", dimensions=4),
        _row("b"),
        _embedding("c", input=[[1, 2, 3], [4]], dimensions=2),
        _embedding("d", encoding_format="base64"),
        _embedding("e", model="auto"),
    ]
    lines = "\n".join(json.dumps(each) for each in asked)
    result, rows = run(lines, "--max-tokens", "9", "--report", str(report))
    assert (3, "b") == (result.exit_code, _text(rows["b"]))
    assert {"status_code", "request_id", "body"} == set(rows["a"]["response"])
    assert "list" == rows["a"]["response"]["body"]["object"]
    assert [4] == [len(vector) for vector in _vectors(rows["a"])]
    assert [2, 2] == [len(vector) for vector in _vectors(rows["c"])]
    assert isinstance(_vectors(rows["d"])[0], str)
    assert "several_models" == rows["e"]["error"]["code"]
    figures = json.loads(report.read_text())
    assert (4, 1, 4) == (
        figures["ok"],
        figures["failed"],
        figures["models"][MODEL]["calls"],
    )


def test_embeddings_keep_what_a_run_promises(
    run: Run, configure: Callable[..., str]
) -> None:
    """In order, equal ones once, failed ones again, and nothing twice."""
    asked = [_embedding(str(n), input=str(n % 3)) for n in range(5)]
    asked.append(_row("chat"))
    lines = "\n".join(json.dumps(each) for each in asked)
    with MockUpstream(echo=True) as upstream:
        config = configure(upstream.url)
        first, rows = run(lines, "--ordered", "--limit", "2", config=config)
        assert (0, ["0", "1"], 2) == (first.exit_code, [*rows], upstream.received)
        upstream.script(Answer(status=422))
        then, _ = run(lines, "--dedupe", "--limit", "5", config=config)
        assert (3, 3) == (then.exit_code, upstream.received)
        last, rows = run(lines, "--retry-errors", config=config)
        assert (0, 5) == (last.exit_code, upstream.received)
    assert _vectors(rows["0"]) == _vectors(rows["3"]) != _vectors(rows["2"])


def test_lines_are_embedded(run: Run) -> None:
    """--embed takes each line for a text; the model is the one of -m."""
    result, rows = run("one\ntwo\n\none\n", "--embed", "-m", MODEL)
    assert (0, {"row-1", "row-2", "row-4"}) == (result.exit_code, set(rows))
    assert _vectors(rows["row-1"]) == _vectors(rows["row-4"]) != _vectors(rows["row-2"])
    assert result.stderr.splitlines()[0].endswith("in as texts")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            [],
            "no model given, and embeddings have no default: name one by --model (-m)",
        ),
        (["-m", "auto"], "vectors of different models do not compare"),
        (["-m", MODEL, "-s", "Be brief."], "a system message is for prompts"),
        (["-m", MODEL, "--format", "jsonl"], "embed is for plain lines"),
    ],
)
def test_lines_that_cannot_be_embedded(
    run: Run, arguments: list[str], reason: str
) -> None:
    """It is refused at once."""
    result, rows = run("one\n", "--embed", *arguments)
    assert (2, {}) == (result.exit_code, rows)
    assert reason in result.stderr


def test_a_dry_run_of_embeddings(run: Run) -> None:
    """It counts what goes in, and nothing that comes out."""
    lines = [_embedding("a", input="x" * 4000), _embedding("b", input=[1] * 1000)]
    text = "\n".join(json.dumps(each) for each in lines)
    result, _ = run(text, "--dry-run", "--max-cost", "0.01")
    assert "tokens    about 2,000 in, 0 out\n" in result.stdout
    assert "cost      $0.00400\n" in result.stdout
    assert "--max-cost: $0.0100 left, enough\n" in result.stdout


def test_what_embeddings_may_cost(run: Run) -> None:
    """The bytes that go in are held, so no bound of an answer is asked for."""
    lines = "\n".join(json.dumps(_embedding(str(n))) for n in range(50))
    result, rows = run(lines, "--max-cost", "0.01")
    assert (0, 50) == (result.exit_code, len(rows))
    assert "answers are not bounded" not in result.stderr
    dear = json.dumps(_embedding("dear", input="x" * 9000))
    result, rows = run(f"{lines}\n{dear}", "--max-cost", "0.01")
    assert (4, 50) == (result.exit_code, len(rows))
    assert "--max-cost has no room: one such call may cost " in result.stderr
    assert "; raise the limit" in result.stderr


def test_a_dry_run_needs_no_output(call: Call, config: str, tmp_path: Path) -> None:
    """What is never written needs no name."""
    (tmp_path / "in").write_text("hi\n")
    result = call("run", str(tmp_path / "in"), "--dry-run", "--config", config)
    assert 0 == result.exit_code


def test_a_rate(run: Run, configure: Callable[..., str], tmp_path: Path) -> None:
    """--rate caps the calls of all processes together."""
    path = tmp_path / "report.json"
    arguments = ["--rate", "50", "--processes", "2", "--report", str(path)]
    result, _ = run("hi\n" * 30, *arguments)
    assert 0 == result.exit_code
    # 30 calls, one every 20 ms: by arithmetic, not by this machine's speed.
    assert json.loads(path.read_text())["seconds"] > 0.4


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
    """The message says why, and that nothing of it can be read again."""
    (tmp_path / "in").write_text("a\nb\n")
    source = str(tmp_path / "in")
    result = call("run", source, "-o", "/dev/full", "--config", config)
    assert 1 == result.exit_code
    assert "rows      0: 0 ok, 0 failed; " in result.stderr
    assert "more answered, but not written\n" in result.stderr
    reason = "Error: the run broke off: cannot write /dev/full: No space left on device"
    assert f"{reason}\nnot resumable: " in result.stderr


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
    run: Run, configure: Callable[..., str], tmp_path: Path
) -> None:
    """Nothing more can work: no row is written, and a good key does them all."""
    with MockUpstream(api_key="another") as upstream:
        config = configure(upstream.url)
        arguments = ["--threads", "2", "--processes", "1"]
        result, _ = run("a prompt\n" * 50_000, *arguments, config=config)
    assert (1, b"") == (result.exit_code, (tmp_path / "out.jsonl").read_bytes())
    assert "Error: the run broke off: no endpoint" in result.stderr
    assert "mend its key and run the same command again" in result.stderr
    assert "Client.restore" not in result.stderr
    assert "rows      0: 0 ok, 0 failed" in result.stderr
    assert "\nto go on: holybalance run " in result.stderr
    assert "--retry-errors" not in result.stderr


def test_the_summary_says_why_rows_failed(run: Run) -> None:
    """The most frequent code comes first, each with one example in one line."""
    bad = ["{", json.dumps({"custom_id": "x"}), json.dumps(_row("y", model="gpt-9"))]
    result, _ = run("\n".join(bad), name="in.jsonl")
    first, second = (line for line in result.stderr.splitlines() if " x " in line)
    assert first.startswith("failures  2 x invalid_row, such as line 1: it is not")
    assert second.startswith("          1 x unknown_model, such as line 3: ")


def test_notices_are_warnings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the launcher wants people to know is told before anything is sent."""
    monkeypatch.setattr("holybalance.launcher.Launcher.notices", ("few files",))
    result, _ = run("hi")
    assert 0 == result.exit_code
    assert "Warning: few files" == result.stderr.splitlines()[0]


def test_an_interrupt_before_anything_is_sent(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """While files are read, SIGTERM ends it as Ctrl-C does."""

    def prepare(*arguments: object, **options: object) -> None:
        del arguments, options
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("holybalance.launcher.Launcher.batch", prepare)
    before = signal.getsignal(signal.SIGTERM)
    result, _ = run("hi")
    assert (130, "interrupted\n") == (result.exit_code, result.stderr)
    assert before == signal.getsignal(signal.SIGTERM)
    assert not (tmp_path / "out.jsonl").exists()


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
    """Standard error ends with what the run came to, and with each endpoint."""
    result, _ = run("a\nb\n[]", "--format", "lines")
    lines = result.stderr.splitlines()
    assert "rows      3: 3 ok, 0 failed" in lines
    for label in ("time", "latency   p50 ", "tokens", "cost      $0.0"):
        assert any(line.startswith(label) for line in lines)
    assert ["mock-1", "3", "0", "0"] == lines[-1].split()[:4]


def test_from_standard_input_to_standard_output(spawn: Spawn, config: str) -> None:
    """Dashes make it a filter; the summary stays out of the rows."""
    process = spawn("run", "-", "-o", "-", "--config", config)
    output, complaints = process.communicate(b"one\ntwo\nthree", timeout=20)
    texts = sorted(_text(row) for row in _rows_of(output))
    assert (["one", "three", "two"], 0) == (texts, process.returncode)
    assert b"3: 3 ok" in complaints


def test_more_rows_than_are_held_at_once(run: Run) -> None:
    """Nothing is lost over many windows, few threads, and bad rows in between."""
    lines = [json.dumps(_row(f"id-{n}")) if n % 10 else "{" for n in range(1, 501)]
    result, rows = run(
        "\n".join(lines), "--threads", "4", "--processes", "2", name="in.jsonl"
    )
    assert (3, 500) == (result.exit_code, len(rows))
    assert 50 == sum(row["error"] is not None for row in rows.values())


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


def test_nobody_reads_the_messages(
    spawn: Spawn, configure: Callable[..., str], tmp_path: Path
) -> None:
    """The run goes on in silence, and ends with the code that it came to."""
    source, output = tmp_path / "in", tmp_path / "out.jsonl"
    source.write_text("".join(f"prompt {n}\n" for n in range(60)))
    with MockUpstream(latency=0.05) as upstream:
        process = spawn(
            *("run", str(source), "-o", str(output), "--threads", "2"),
            *("--processes", "1", "--fail-on", "failed<1"),
            *("--config", configure(upstream.url)),
        )
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        assert 99 == process.wait(timeout=30)
    assert 60 == len(_rows_of(output.read_bytes()))


def test_a_model_of_a_rows_own(run: Run, configure: Callable[..., str]) -> None:
    """--model is only for rows that name none."""
    rows = [_row("a"), _row("b", model="gpt-9")]
    _, answers = run("\n".join(map(json.dumps, rows)), "-m", MODEL)
    assert answers["a"]["error"] is None
    assert "unknown_model" == answers["b"]["error"]["code"]
