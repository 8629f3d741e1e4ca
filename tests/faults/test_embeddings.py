"""Embeddings are one vector for each input, or an error."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from holybalance.errors import RequestError, RetriesExhausted
from holybalance.messages import Usage
from tests.faults.scripted import answering, http
from tests.faults.world import World


def entry(index: Any, embedding: Any = (0.5, -1.0)) -> dict[str, Any]:
    """One vector of an answer."""
    return {"object": "embedding", "index": index, "embedding": embedding}


def listed(*entries: dict[str, Any]) -> bytes:
    """Write an answer."""
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    body = {"object": "list", "data": entries, "model": "m", "usage": usage}
    return http(orjson.dumps(body))


def test_in_the_order_of_the_inputs(world: World) -> None:
    """Whatever the order of the answer; base64 is decoded."""
    answer = listed(entry(1, [2.0, 3.0]), entry(0, "AAAAPwAAgL8="))
    client = world.client(world.upstream(answering(answer)))

    answered = client.embed(["a", "b"], model="m")

    assert [[0.5, -1.0], [2.0, 3.0]] == answered.vectors
    assert Usage(input_tokens=3) == answered.usage


@pytest.mark.parametrize(
    "entries",
    [
        [entry(0)],
        [entry(0), entry(1), entry(2)],
        [entry(0), entry(0)],
        [entry(0), entry(None)],
        [entry(0), entry(1, {"a": 1})],
        [entry(0), entry(1, "abc")],
        [entry(0), entry(1, [])],
        [],
    ],
    ids=[
        "too few",
        "too many",
        "one twice",
        "no number",
        "an object",
        "no base64",
        "empty",
        "none",
    ],
)
def test_others_are_asked_for_what_is_not_whole(
    world: World, entries: list[dict[str, Any]]
) -> None:
    """An answer that is not one vector for each input is none."""
    broken = world.upstream(answering(listed(*entries), listed(*entries)))
    sound = world.upstream(answering(listed(entry(0), entry(1))))

    answered = world.client(broken, sound).embed(["a", "b"], model="m")
    assert "b" == answered.endpoint
    with pytest.raises(RetriesExhausted):
        world.client(broken).embed(["a", "b"], model="m")


@pytest.mark.parametrize("inputs", ["a", [1, 2, 3]], ids=["a text", "token ids"])
def test_one_input(world: World, inputs: Any) -> None:
    """It is sent as it was given, and has one vector."""
    upstream = world.upstream(answering(listed(entry(0))))

    assert 1 == len(world.client(upstream).embed(inputs, model="m").vectors)
    assert inputs == orjson.loads(upstream.requests[0].body)["input"]


@pytest.mark.parametrize("model", ["auto", "both"])
def test_several_models(world: World, model: str) -> None:
    """Their vectors would not compare."""
    client = world.client(world.upstream())
    aliased = {"both": {"targets": ["m", "n"]}}
    config = {
        "models": aliased,
        "endpoints": [
            {"provider": "openai", "base_url": "http://127.0.0.1:9/v1", "models": ["*"]}
        ],
    }
    with pytest.raises(RequestError, match="do not compare"):
        type(client)(config).embed("a", model=model)
