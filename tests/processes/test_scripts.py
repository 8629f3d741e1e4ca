"""Whatever a script is like, workers import nothing of it, and it cannot multiply."""

from __future__ import annotations

import os

import pytest

from holybalance import Launcher
from holybalance.errors import ConfigError
from holybalance.testing import MockUpstream
from tests.processes import policies
from tests.processes.stage import (
    Stage,
    Watch,
    children,
    config,
    eventually,
    is_alive,
    table,
)

FEW = """
with launcher(sys.argv[1]) as crowd:
    print(*[reply.text for reply in crowd.map(["one", "two", "three"])])
"""


def test_a_script_without_a_guard(stage: Stage, echo: MockUpstream) -> None:
    """Nobody needs `if __name__ == "__main__"`; it runs once."""
    script = stage.script("print('begun', flush=True)" + FEW, echo.url)

    assert ["begun", "one two three"] == script.output()
    assert 3 == echo.received


def test_a_script_from_standard_input(stage: Stage, echo: MockUpstream) -> None:
    """There is no file that a worker could import."""
    assert ["one two three"] == stage.script_from_stdin(FEW, echo.url).output()


def test_a_search_path_that_is_no_text(stage: Stage, echo: MockUpstream) -> None:
    """Python passes over a `Path` in `sys.path`, and so do we."""
    code = "import pathlib\nsys.path.insert(0, pathlib.Path('x'))" + FEW

    assert ["one two three"] == stage.script(code, echo.url).output()


def test_a_module_named_like_one_of_ours(stage: Stage, echo: MockUpstream) -> None:
    """A script's neighbours do not get into workers by accident."""
    (stage.folder / "worker.py").write_text("raise SystemExit('the wrong worker')")

    assert ["one two three"] == stage.script(FEW, echo.url).output()


def test_output_of_a_worker_is_no_output_of_the_script(
    stage: Stage, echo: MockUpstream
) -> None:
    """A module that prints when a worker imports it does not spoil a pipe."""
    (stage.folder / "talking.py").write_text(
        "print('imported', flush=True)\ndef first(candidates, request):"
        "\n    return candidates[0]\n"
    )
    code = f"""
    import talking
    settings = {config(table(echo.url), table(echo.url, "b"))!r}
    settings["defaults"]["policy"] = talking.first
    with Launcher(settings, processes=2) as crowd:
        print(len(list(crowd.map(["one", "two"]))))
    """

    assert ["imported", "2"] == stage.script(code).output()


def test_a_policy_of_a_module(stage: Stage) -> None:
    """Workers import it, and go by it."""
    first, second = Watch(), Watch()
    urls = [stage.upstream(watch).url for watch in (first, second)]
    endpoints = [table(url, name) for url, name in zip(urls, "ab", strict=True)]
    settings = config(*endpoints, policy=policies.last)
    launcher = stage.add(Launcher(settings, processes=2, threads=4))

    replies = list(launcher.map(["prompt"] * 50))

    assert {"b"} == {reply.endpoint for reply in replies}
    assert (0, 50) == (first.seen, second.seen)


def test_a_policy_that_fails(stage: Stage, echo: MockUpstream) -> None:
    """An error in its place, as a client gives it."""
    endpoints = [table(echo.url, name) for name in "ab"]
    settings = config(*endpoints, policy=policies.failing)
    launcher = stage.add(Launcher(settings, processes=1, threads=4))

    (failure,) = launcher.map(["one"], return_errors=True)

    assert "a policy of mine" in str(failure)


@pytest.mark.parametrize(
    "policy",
    [
        "lambda candidates, request: candidates[0]",
        "mine",
        "Mine()",
        "functools.partial(mine, last=True)",
        "Mine().method",
    ],
)
def test_a_policy_of_the_script(stage: Stage, echo: MockUpstream, policy: str) -> None:
    """No worker can import it: it is said at once, with what to do."""
    script = stage.script(
        f"""
        import functools
        def mine(candidates, request, last=False):
            return candidates[0]
        class Mine:
            def __call__(self, candidates, request):
                return candidates[0]
            def method(self, candidates, request):
                return candidates[0]
        try:
            with launcher(sys.argv[1], policy={policy}) as crowd:
                list(crowd.map(["one"]))
        except errors.ConfigError as error:
            print(error)
        """,
        echo.url,
    )

    (message,) = script.output()
    assert "cannot import the policy" in message
    assert "a module of its own" in message


def test_a_policy_made_in_a_function(echo: MockUpstream) -> None:
    """It has no name by which a worker could import it."""

    def inner(candidates: list[object], request: object) -> object:
        return candidates[0]

    with pytest.raises(ConfigError, match="in a module of its own"):
        Launcher(config(table(echo.url), policy=inner))


def test_a_module_that_launches_when_it_is_imported(
    stage: Stage, echo: MockUpstream
) -> None:
    """A worker that imports it is refused; the number of processes stays as it is."""
    (stage.folder / "launching_itself.py").write_text(
        "from holybalance import Launcher\n"
        "def first(candidates, request):\n    return candidates[0]\n"
        f"settings = {config(table(echo.url), table(echo.url, 'b'))!r}\n"
        "settings['defaults']['policy'] = first\n"
        "with Launcher(settings, processes=2) as crowd:\n"
        "    list(crowd.map(['one', 'two']))\n"
    )
    before = set(children(os.getpid()))
    script = stage.script(
        """
        try:
            import launching_itself
        except errors.ConfigError as error:
            print(error)
        """
    )

    (message,) = script.output()
    assert "a worker of a launcher cannot launch" in message
    assert '__name__ == "__main__"' in message
    assert set() == set(children(os.getpid())) - before
    assert 0 == echo.received


def test_a_prompt_of_a_class_of_the_script(stage: Stage, echo: MockUpstream) -> None:
    """A worker cannot read it: an error in its place, and an end."""
    code = """
        class Mine(str):
            pass
        with launcher(sys.argv[1], processes=1) as crowd:
            results = crowd.map(["one", Mine("two"), "three"], return_errors=True)
            print(*[type(result).__name__ for result in results])
    """
    script = stage.script(code, echo.url)

    assert "Reply RequestError Reply" == script.finish()[1].strip()


def test_a_launcher_in_a_forked_child(stage: Stage, echo: MockUpstream) -> None:
    """It belongs to its maker, which is said; the child's close ends no worker."""
    script = stage.script(
        """
    crowd = launcher(sys.argv[1], processes=2)
    list(crowd.map(["first"]))
    before = pids(crowd)
    child = os.fork()
    if child == 0:
        try:
            next(crowd.map(["mine"]))
        except errors.HolyBalanceError as error:
            print(error, flush=True)
        crowd.close()
        sys.exit()
    os.waitpid(child, 0)
    print(*[reply.text for reply in crowd.map(["one", "two"])])
    print(before[0] in pids(crowd))
    crowd.close()
    """,
        echo.url,
    )

    refusal, *replies = script.output()
    assert "make one after the fork" in refusal
    assert ["one two", "True"] == replies


@pytest.mark.parametrize(
    "what", ["sys.exit()", "results.close(); sys.exit()", "list(results); sys.exit()"]
)
def test_a_child_forked_in_the_middle_of_a_map(
    stage: Stage, echo: MockUpstream, what: str
) -> None:
    """Whatever it does with the results that it inherits, the parent gets them all."""
    script = stage.script(
        f"""
        prompts = [str(number) for number in range(500)]
        with launcher(sys.argv[1]) as crowd:
            results = crowd.map(prompts)
            replies = [next(results).text for _ in range(50)]
            child = os.fork()
            if child == 0:
                sys.stderr = open(os.devnull, "w")
                {what}
            os.waitpid(child, 0)
            replies += [reply.text for reply in results]
        print(replies == prompts)
        """,
        echo.url,
    )

    assert ["True"] == script.output()


@pytest.mark.parametrize("rest", ["", "first = next(results)", "results.close()"])
def test_a_script_that_never_closes(
    stage: Stage, echo: MockUpstream, rest: str
) -> None:
    """It ends as it would without us: at once, and with nothing to complain of."""
    script = stage.script(
        f"""
        crowd = launcher(sys.argv[1])
        results = crowd.map([str(number) for number in range(500)])
        next(results)
        {rest}
        print(*pids(crowd))
        """,
        echo.url,
    )

    (line,) = script.output()
    workers = [int(word) for word in line.split()]
    eventually(lambda: not any(map(is_alive, workers)), "the workers have ended")
