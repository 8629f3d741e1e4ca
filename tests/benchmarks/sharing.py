"""
Prints how exactly processes hold a rate together, as the upstream counts it.

Run it as `python -m tests.benchmarks.sharing`. Four processes of eight threads each
want more than a limit allows, of requests and of tokens a minute, for 75 seconds; the
steady minute is the last one. With `--redis URL` they meet there, else in a file.
"""

from __future__ import annotations

import argparse
import tempfile
import threading

from tests.faults.scripted import Upstream
from tests.state.members import Crew, Orders, endpoint
from tests.state.recording import TOKENS, Recorder, excess, most_within

MINUTE_S = 60.0
SPANS_S = (1, 5, 10, 15, 60)


def orders(url: str, state: str, rpm: float) -> Orders:
    """Order a process to call a model under an rpm, and one under a tpm."""
    config = {
        "endpoints": [
            endpoint(url, "sk-rater", "m", rpm=rpm),
            endpoint(url, "sk-rater", "n", tpm=rpm * TOKENS),
        ],
        "state": {"url": state},
    }
    return Orders(config=config, threads={"m": 8, "n": 8})


def measure(state: str, rpm: float, processes: int, seconds: float) -> Recorder:
    """Let processes work for so long; the marks are when all were up, and the end."""
    recorder, crew = Recorder(), Crew()
    try:
        with Upstream(recorder) as upstream:
            crew.begin(*[orders(upstream.url, state, rpm)] * processes)
            recorder.mark()
            threading.Event().wait(seconds)
            recorder.mark()
            crew.end()
    finally:
        crew.close()
    return recorder


def tell(name: str, recorder: Recorder, model: str, rpm: float) -> None:
    """Print a limit's figures; tokens in calls, of which each uses as many."""
    begin, end = recorder.marks
    times = recorder.times(model)
    steady = [at for at in times if end - MINUTE_S <= at < end]
    print(f"{name}: {rpm:g} calls a minute")
    used = len([at for at in times if begin <= at < end]) / (rpm / 60 * (end - begin))
    print(f"  of the room from when all were up: {used:.1%}")
    if end - begin >= MINUTE_S:
        print(f"  the steady minute: {len(steady)} ({0.95 * rpm:g} to {1.02 * rpm:g})")
    for span in SPANS_S:
        if span <= end - begin:
            most, allowed = most_within(times, span), rpm / 60 * span
            print(f"  worst {span:>2} s: {most} of {allowed:g} + {0.02 * rpm:g}")
    print(f"  most beyond the rate, any span: {excess(times, rpm / 60):.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--redis", help="the address of a server")
    parser.add_argument("--rpm", type=float, default=600.0)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=75.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = options.redis or f"sqlite:///{folder}/state.db"
        recorder = measure(state, options.rpm, options.processes, options.seconds)
    tell("rpm", recorder, "m", options.rpm)
    tell(f"tpm {options.rpm * TOKENS:g}", recorder, "n", options.rpm)


if __name__ == "__main__":
    main()
