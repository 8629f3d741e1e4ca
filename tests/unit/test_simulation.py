"""How the whole balancer behaves over minutes in which upstreams misbehave."""

from __future__ import annotations

import pytest

from holybalance.messages import Verdict
from tests.unit.simulation import ERROR, OK, Simulation, Upstream

TAU = 30.0


def brown_out(now: float) -> float:
    """Ten times as slow from one minute to two."""
    return 10.0 if 60 <= now < 120 else 1.0


def test_equal_upstreams_share_alike() -> None:
    """The simulation itself is fair."""
    run = Simulation({name: Upstream() for name in "abcd"}, rate=25).run(120)

    assert {n: pytest.approx(0.25, rel=0.1) for n in "abcd"} == {
        n: run.share(n, 0, 120) for n in "abcd"
    }
    assert [] == run.unserved


def test_a_brown_out_moves_the_load_within_a_tau() -> None:
    """Ten times slower: at most a fifth of the usual share after τ, and back after."""
    upstreams = {name: Upstream() for name in "abc"}
    upstreams["slow"] = Upstream(seconds=brown_out)
    run = Simulation(upstreams, rate=25).run(400)

    before = run.share("slow", 20, 60)
    during = run.share("slow", 60 + TAU, 120)
    after = run.share("slow", 300, 400)
    assert 0.25 == pytest.approx(before, rel=0.15)
    assert during <= before / 5
    assert 0.25 == pytest.approx(after, rel=0.2)


def test_a_recovered_upstream_is_not_stampeded() -> None:
    """After its circuit has closed, its share grows over the thirty seconds."""
    upstreams = {name: Upstream() for name in "abc"}
    upstreams["dead"] = Upstream(
        seconds=lambda now: 0.01 if 60 <= now < 80 else 1.0,
        outcome=lambda now: ERROR if 60 <= now < 80 else OK,
    )
    run = Simulation(upstreams, rate=25).run(200)

    # It opens soon after 60, half-opens 30 s later, closes with three answers.
    closed = next(b.at for b in run.began if b.endpoint == "dead" and b.at > 85) + 2
    fair = run.share("dead", 20, 60)
    shares = [
        run.share("dead", closed + 10 * n, closed + 10 * (n + 1)) for n in range(4)
    ]
    usual = run.most_in_flight("dead", 20, 60)
    assert 0 == run.calls("dead", 62, 85)
    assert shares[0] < 0.5 * fair
    assert shares[0] < shares[1] < shares[2]
    assert shares[3] == pytest.approx(fair, rel=0.3)
    assert run.most_in_flight("dead", closed, closed + 10) < usual


def test_an_outage_of_one_is_not_noticed_by_callers() -> None:
    """Every call is answered by another upstream, within its attempts."""
    upstreams = {name: Upstream() for name in "abc"}
    upstreams["dead"] = Upstream(outcome=lambda now: ERROR if now >= 30 else OK)
    run = Simulation(upstreams, rate=25).run(120)

    assert {Verdict.OK} == {verdict for _, verdict in run.ended}
    assert [] == run.unserved


def test_a_flapping_upstream_does_not_rock_the_others() -> None:
    """Up and down every seven seconds; the others' shares stay close to each other."""
    upstreams = {name: Upstream() for name in "abc"}
    upstreams["flapping"] = Upstream(
        outcome=lambda now: ERROR if int(now / 7) % 2 else OK
    )
    run = Simulation(upstreams, rate=25).run(160)

    for begin in range(20, 160, 20):
        shares = [run.share(name, begin, begin + 20) for name in "abc"]
        assert max(shares) <= 1.25 * min(shares)
    assert run.share("flapping", 60, 160) < 0.25


@pytest.mark.parametrize("policy", ["p2c", "least_in_flight", "weighted"])
def test_instant_errors_are_no_black_hole(policy: str) -> None:
    """Errors that come at once attract no calls: few get there in a whole minute."""
    upstreams = {name: Upstream() for name in "abc"}
    upstreams["hole"] = Upstream(
        seconds=lambda now: 0.001, outcome=lambda now: ERROR if now >= 30 else OK
    )
    run = Simulation(upstreams, rate=25, policy=policy).run(90)

    # Five open the circuit; a trial each time it half-opens.
    assert run.calls("hole", 30, 90) <= 10


def test_an_upstream_dead_from_the_start_is_no_black_hole() -> None:
    """It has never answered, so nothing is known of its speed."""
    upstreams = {name: Upstream(seconds=lambda now: 5.0) for name in "abc"}
    upstreams["hole"] = Upstream(seconds=lambda now: 0.001, outcome=lambda now: ERROR)
    run = Simulation(upstreams, rate=25).run(60)

    assert run.calls("hole", 0, 60) <= 10


def test_an_upstream_that_never_answers_gets_few_calls() -> None:
    """It hangs from its first call on, while others take five seconds."""
    upstreams = {name: Upstream(seconds=lambda now: 5.0) for name in "abc"}
    upstreams["hung"] = Upstream(seconds=lambda now: 10_000.0)
    run = Simulation(upstreams, rate=10).run(120)

    assert run.calls("hung", 20, 120) <= 10


def test_a_dead_fleet_is_probed_once_a_second() -> None:
    """All circuits open: one call a second goes through, the others fail at once."""
    upstreams = {name: Upstream(outcome=lambda now: ERROR) for name in "ab"}
    for upstream in upstreams.values():
        upstream.seconds = lambda now: 0.01
    run = Simulation(upstreams, rate=25).run(60)

    attempts = [b for b in run.began if 5 <= b.at < 25]
    assert len(attempts) <= 2 * 21
    assert len(run.unserved) > 600


def test_a_fleet_that_recovers_is_back_within_seconds() -> None:
    """The first probe that succeeds ends the outage, not the thirty seconds."""
    upstreams = {
        name: Upstream(
            seconds=lambda now: 0.1,
            outcome=lambda now: ERROR if 10 <= now < 20 else OK,
        )
        for name in "ab"
    }
    run = Simulation(upstreams, rate=25).run(40)

    assert [] == [at for at in run.unserved if at > 23]
