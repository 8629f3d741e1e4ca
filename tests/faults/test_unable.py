"""What one provider cannot do, another one may; nothing is left out silently."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from holybalance import Client
from holybalance.errors import NoEndpoint, RequestError
from tests.faults.scripted import Upstream, answering, error, http, silent
from tests.faults.world import World, failure_of


def mixed(world: World, claude: Upstream, *others: Upstream, **defaults: Any) -> Client:
    """Make a client of an Anthropic endpoint, and of OpenAI's kind behind it."""
    tables: list[dict[str, Any]] = [
        {"name": "claude", "provider": "anthropic", "base_url": claude.url}
    ]
    tables += [
        {"name": f"other-{place}", "provider": "openai", "base_url": each.url}
        for place, each in enumerate(others)
    ]
    for priority, table in enumerate(tables):
        table |= {"models": ["m"], "priority": priority, "api_key": "k-123456"}
    client = Client({"endpoints": tables, "defaults": {"timeout": 5.0, **defaults}})
    world.clients.append(client)
    return client


def test_another_provider_takes_what_one_cannot_do(world: World) -> None:
    """Without asking the one that cannot."""
    claude, other = world.upstream(silent), world.upstream()
    reply = mixed(world, claude, other).chat("ping", model="m", seed=7)

    assert ("other-0", 1) == (reply.endpoint, len(reply.attempts))
    assert 0 == claude.seen


def test_nobody_can(world: World) -> None:
    """Then nothing is sent, and the error has all that is in the way."""
    claude = world.upstream(silent)
    with pytest.raises(RequestError) as caught:
        mixed(world, claude).chat("ping", model="m", seed=7, n=2)

    assert "unsupported" == caught.value.code
    assert (
        'no endpoint for the model "m" can do this: Anthropic has no n, seed; '
        "leave it out of the call, or have it left out where it cannot be had, with "
        'on_unsupported = "drop"'
    ) == str(caught.value)
    assert 0 == claude.seen


def test_no_advice_that_does_not_help(world: World) -> None:
    """A part of a prompt is never left out."""
    part = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
    client = mixed(world, world.upstream(silent), on_unsupported="drop")
    with pytest.raises(RequestError) as caught:
        client.chat([{"role": "user", "content": [part]}], model="m")

    assert "on_unsupported" not in str(caught.value)


def test_left_out_with_one_warning(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Each endpoint says once of each option that it is left out there."""
    refusing = http(error("no"), "400 Bad")
    claude = world.upstream(answering(refusing, refusing, refusing))
    client = mixed(world, claude, on_unsupported="drop")
    with caplog.at_level(logging.WARNING, "holybalance"):
        for _ in range(3):
            with pytest.raises(RequestError):
                client.chat("ping", model="m", seed=7)

    (record,) = caplog.records
    assert (
        '"claude" leaves seed out of requests: Anthropic has no such thing '
        '(on_unsupported = "drop")'
    ) == record.getMessage()
    assert b"seed" not in claude.requests[0].body


def test_an_outage_of_those_that_can(world: World) -> None:
    """Says so, and does not blame the request."""
    other = world.upstream(answering(*[http(error(), "500 Oops")] * 9))
    client = mixed(world, world.upstream(silent), other, max_attempts=1)
    # Five failures open the circuit, and one call a second may still try it.
    failures = [failure_of(client, model="m", seed=7) for _ in range(7)]

    outage = [each for each in failures if isinstance(each, NoEndpoint)]
    assert outage
    assert "its provider cannot do what is asked for" in str(outage[-1])


def test_what_one_format_cannot_write(world: World) -> None:
    """Arguments that were cut short: OpenAI takes them back as they are."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{"}}
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "?"},
    ]
    claude, other = world.upstream(silent), world.upstream()

    assert "other-0" == mixed(world, claude, other).chat(messages, model="m").endpoint
    assert 0 == claude.seen
