"""Owns the proof of the `mock` command."""

from __future__ import annotations

import signal
import socket
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import urllib3
from click.testing import Result

from holybalance import Client, Config

Call = Callable[..., Result]
Spawn = Callable[..., "subprocess.Popen[bytes]"]


def _snippet(process_output: list[str]) -> str:
    start = process_output.index("[[endpoints]]\n")
    return "".join(process_output[start:])


def test_its_snippet_works_and_ctrl_c_ends_it(spawn: Spawn, tmp_path: Path) -> None:
    """What it prints can be pasted, and Ctrl-C prints the counts."""
    process = spawn("mock", "--port", "0", "--latency", "0", "--reply", "Hello.")
    assert process.stdout is not None
    lines = [process.stdout.readline().decode() for _ in range(7)]
    path = tmp_path / "holybalance.toml"
    path.write_text('[defaults]\nproxy = ""\n' + _snippet(lines))
    with Client(Config.load(path)) as client:
        assert "Hello." == client.chat("hi").text
    process.send_signal(signal.SIGINT)
    output, complaints = process.communicate(timeout=10)
    counted = (
        "1 request: 1 answered, 0 throttled, 0 failed; 0 abandoned before their answer,"
        " 0 left within it\n"
    )
    assert output.decode().endswith(counted)
    assert (b"", 0) == (complaints, process.returncode)


def test_the_snippet_is_toml_whatever_the_model(spawn: Spawn) -> None:
    """A name with a quote in it is written so that TOML can read it."""
    process = spawn("mock", "--port", "0", "-m", 'odd"name', "-m", "other")
    assert process.stdout is not None
    lines = [process.stdout.readline().decode() for _ in range(7)]
    (endpoint,) = tomllib.loads(_snippet(lines))["endpoints"]
    assert ['odd"name', "other"] == endpoint["models"]


def test_a_port_in_use(call: Call) -> None:
    """A port that is taken is said to be, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = call("mock", "--port", port)
    assert 2 == result.exit_code
    assert f"cannot listen on 127.0.0.1:{port}" in result.stderr


def test_a_setting_out_of_range(call: Call) -> None:
    """A wrong setting is a mistake in usage."""
    result = call("mock", "--latency", "gamma:1")
    assert 2 == result.exit_code
    assert "there is no distribution 'gamma'" in result.stderr


def test_it_streams(spawn: Spawn) -> None:
    """A stream comes in as many pieces as asked for, at once if so asked."""
    options = ("--latency", "0", "--pieces", "3", "--piece-interval", "0")
    process = spawn("mock", "--port", "0", *options)
    assert process.stdout is not None
    lines = [process.stdout.readline().decode() for _ in range(7)]
    (endpoint,) = tomllib.loads(_snippet(lines))["endpoints"]
    messages = [{"role": "user", "content": "hi"}]
    body = {"model": "m", "messages": messages, "stream": True}
    with urllib3.PoolManager() as pool:
        url = f"{endpoint['base_url']}/chat/completions"
        reply = pool.request("POST", url, json=body, retries=False, timeout=10)
    assert 3 == reply.data.count(b'"delta":{"content"')


def test_a_reader_that_leaves_is_counted(spawn: Spawn) -> None:
    """Whoever goes in the middle of a stream is, beside those who wait to the end."""
    options = ("--latency", "0", "--piece-interval", "5", "--reply", "one two three")
    process = spawn("mock", "--port", "0", *options)
    assert process.stdout is not None
    lines = [process.stdout.readline().decode() for _ in range(7)]
    (endpoint,) = tomllib.loads(_snippet(lines))["endpoints"]
    messages = [{"role": "user", "content": "hi"}]
    body = {"model": "m", "messages": messages, "stream": True}
    with urllib3.PoolManager() as pool:
        url = f"{endpoint['base_url']}/chat/completions"
        reply = pool.request(
            "POST", url, json=body, retries=False, timeout=10, preload_content=False
        )
        assert next(reply.stream(65536))
        reply.close()
        # Answered after the end of the first connection has been seen.
        pool.request("GET", f"{endpoint['base_url']}/models", timeout=10)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert "0 abandoned before their answer, 1 left within it" in output.decode()


def test_help_names_the_paths(call: Call) -> None:
    """What it answers can be read in its help."""
    output = call("mock", "--help").output
    for path in ("/v1/embeddings", "/v1/messages", ":streamGenerateContent?alt=sse"):
        assert path in output
