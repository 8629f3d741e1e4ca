"""Keys reach an upstream from workers, and show nowhere on their way."""

from __future__ import annotations

from pathlib import Path

from holybalance.errors import HolyBalanceError
from tests.faults.scripted import Peer, error, http
from tests.processes.stage import KEY, Stage, Watch, eventually, iterating, pids


def test_a_key_shows_nowhere(stage: Stage) -> None:
    """Not in a worker's command line, nor in the environment that it was given."""
    upstream = stage.upstream(Watch(held=frozenset({"*"})))
    launcher = stage.launcher(upstream.url, processes=1)

    with iterating(launcher.map(["one"])):
        eventually(lambda: upstream.seen == 1, "a call is under way")
        process = Path("/proc") / str(pids(launcher)[0])
        shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        launcher._crew.abort()

    assert f"Bearer {KEY}-a" == upstream.requests[0].headers["authorization"]
    assert b"holybalance" in shown
    assert KEY.encode() not in shown


def test_a_key_is_not_on_standard_error(stage: Stage) -> None:
    """Not even of workers that are refused, that fail, and that are killed."""

    def refusing(peer: Peer) -> None:
        while True:
            request = peer.request()
            key = request.headers["authorization"]
            peer.send(http(error(f"a wrong key: {key}"), "401 Unauthorized"))

    script = stage.script(
        """
        import logging
        logging.basicConfig(level=logging.DEBUG)
        with launcher(sys.argv[1], processes=1) as crowd:
            for result in crowd.map(["one", "two"], return_errors=True, timeout=1):
                print(result, repr(result), flush=True)
            print(crowd, crowd.metrics(), crowd.config, flush=True)
        """,
        stage.upstream(refusing).url,
    )

    code, output, trouble = script.finish()
    assert 0 == code
    assert "sk-canary" not in output + trouble


def test_secrets_of_headers_and_proxies_arrive(stage: Stage) -> None:
    """A header's value with blanks in it, and a proxy's password."""
    proxy = stage.upstream(Watch())
    launcher = stage.launcher(
        "http://upstream.invalid/v1",
        processes=1,
        endpoint={
            "headers": {"X-Tenant": "a secret of two\twords"},
            "proxy": f"http://me:{KEY}@127.0.0.1:{proxy.port}",
        },
    )

    assert "one" == next(launcher.map(["one"])).text
    (request,) = proxy.requests
    assert "a secret of two\twords" == request.headers["x-tenant"]
    assert request.headers["proxy-authorization"].startswith("Basic ")
    assert KEY not in repr(launcher) + str(launcher.metrics())


def test_no_proxy_stays_none(stage: Stage, monkeypatch: object) -> None:
    """A proxy that is switched off is not asked of the environment by workers."""
    upstream = stage.upstream(Watch())
    script = stage.script(
        """
        os.environ["http_proxy"] = "http://127.0.0.1:1"
        with launcher(sys.argv[1], processes=1, proxy="") as crowd:
            print(next(crowd.map(["one"])).text)
        """,
        upstream.url,
    )

    assert ["one"] == script.output()


def test_an_error_on_the_way_shows_no_key(stage: Stage) -> None:
    """The error that a worker sends is the client's, with keys masked."""

    def repeating(peer: Peer) -> None:
        while True:
            key = peer.request().headers["authorization"]
            peer.send(http(error(f"I do not like {key}"), "400 Bad Request"))

    launcher = stage.launcher(stage.upstream(repeating).url, processes=1)

    (failure,) = launcher.map(["one"], return_errors=True)

    assert isinstance(failure, HolyBalanceError)
    assert "I do not like" in str(failure)
    assert "sk-canary" not in f"{failure} {failure!r} {failure.__dict__}"
