"""What a caller may pass, and what it is told when it may not."""

from __future__ import annotations

from typing import Any

import pytest

from holybalance.config import Config, Defaults
from holybalance.errors import RequestError
from holybalance.messages import Verdict
from holybalance.prompts import make_embedding, make_request
from tests.unit.stubs import MODEL, settings_of

CONFIG = Config(endpoints=(settings_of("one"),), defaults=Defaults(timeout=42))
ANY = Config(endpoints=(settings_of("any", models={"*": "*"}),))
USER = {"role": "user", "content": "hi"}


def test_a_string_is_a_users_message() -> None:
    """With the configured model and timeout."""
    made = make_request(CONFIG, "hi")

    assert (MODEL, (USER,), 42.0) == (made.model, made.messages, made.timeout_s)
    assert (None, {}) == (made.session, made.options)


def test_messages_pass_as_they_are() -> None:
    """A list or a tuple of mappings."""
    assert (USER, USER) == make_request(CONFIG, [USER, USER]).messages
    assert (USER,) == make_request(CONFIG, (USER,)).messages


def test_a_system_message_comes_first() -> None:
    """Before all others."""
    made = make_request(CONFIG, "hi", system="Be brief.")

    assert ({"role": "system", "content": "Be brief."}, USER) == made.messages


def test_other_parameters_pass_as_they_are() -> None:
    """And a stream that is not wanted is no option."""
    made = make_request(CONFIG, "hi", temperature=0, stream=False, session="s")

    assert ({"temperature": 0}, "s") == (made.options, made.session)


@pytest.mark.parametrize("timeout", [1, 0.5, 1e6])
def test_a_timeout_is_seconds(timeout: float) -> None:
    """Any number above zero."""
    made = make_request(CONFIG, "hi", timeout=timeout).timeout_s

    assert (timeout, float) == (made, type(made))


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    ("", {}, "the prompt is empty"),
    (" \n", {}, "the prompt is empty"),
    ([], {}, "messages are empty"),
    ((), {}, "messages are empty"),
    (b"hi", {}, "a list of messages, not bytes"),
    (None, {}, "a list of messages, not NoneType"),
    (7, {}, "a list of messages, not int"),
    (USER, {}, "a list of messages, not dict"),
    (iter([USER]), {}, "a list of messages, not list_iterator"),
    (["hi"], {}, r"messages\[0\] must be a mapping"),
    ([USER, {"content": "hi"}], {}, r"messages\[1\] must be a mapping with a role"),
    ([{"role": 7}], {}, r"messages\[0\]"),
    ("hi", {"model": ""}, "model must be a name, not ''"),
    ("hi", {"model": 7}, "model must be a name, not 7"),
    ("hi", {"system": 7}, "system must be a string, not int"),
    ("hi", {"timeout": 0}, "timeout must be seconds above 0, not 0"),
    ("hi", {"timeout": -1}, "timeout must be seconds above 0"),
    ("hi", {"timeout": float("nan")}, "timeout must be seconds above 0"),
    ("hi", {"timeout": float("inf")}, "timeout must be seconds above 0"),
    ("hi", {"timeout": True}, "timeout must be seconds above 0"),
    ("hi", {"timeout": "5"}, "timeout must be seconds above 0"),
    ("hi", {"timeout": 10**400}, "timeout must be seconds above 0"),
    ("hi", {"timeout": 10**5000}, "timeout must be seconds above 0"),
    ("hi", {"timeout": -(10**400)}, "timeout must be seconds above 0"),
    ("hi", {"stream": True}, "stream is not an option here"),
]


@pytest.mark.parametrize(("messages", "arguments", "message"), WRONG)
def test_what_can_never_work_is_refused(
    messages: Any, arguments: dict[str, Any], message: str
) -> None:
    """Before any call, as the caller's fault."""
    with pytest.raises(RequestError, match=message) as caught:
        make_request(CONFIG, messages, **arguments)

    assert ("invalid_request", None) == (caught.value.code, caught.value.status)
    assert Verdict.CALLER is caught.value.verdict


def test_a_model_must_come_from_somewhere() -> None:
    """An endpoint that takes any model names none."""
    with pytest.raises(RequestError, match="no model given and none configured"):
        make_request(ANY, "hi")

    assert "mine" == make_request(ANY, "hi", model="mine").model


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("timout", "timeout"),
        ("time_out", "timeout"),
        ("modle", "model"),
        ("sytem", "system"),
        ("sesion", "session"),
    ],
)
def test_a_misspelt_option_is_not_sent(name: str, meant: str) -> None:
    """It would go upstream, and what was meant would not happen."""
    with pytest.raises(RequestError) as caught:
        make_request(CONFIG, "hi", **{name: 1})  # type: ignore[arg-type] # is a slip

    assert f'unknown option "{name}"; did you mean "{meant}"?' == str(caught.value)


@pytest.mark.parametrize("name", ["ordered", "return_errors"])
def test_an_option_of_something_else_is_not_sent(name: str) -> None:
    """Of `map`, or of a library like this."""
    with pytest.raises(RequestError, match=f'unknown option "{name}"'):
        make_request(CONFIG, "hi", **{name: 1})  # type: ignore[arg-type] # is a slip


@pytest.mark.parametrize("name", ["models", "session_id", "top_k", "min_p", "tools"])
def test_a_providers_own_option_passes(name: str) -> None:
    """Even one that looks like ours, if it is known."""
    made = make_request(CONFIG, "hi", **{name: 1})  # type: ignore[arg-type] # any name
    assert {name: 1} == made.options


def test_what_the_router_is_told() -> None:
    """Money, time and the caller's own words."""
    asked = make_request(CONFIG, "hi", max_cost=0.01, max_latency=2, tags=["web"])

    assert (0.01, 2.0, ("web",)) == (
        asked.max_cost_usd,
        asked.max_latency_s,
        asked.tags,
    )


def test_one_tag_is_a_list_of_one() -> None:
    """It would be taken letter by letter."""
    assert ("web",) == make_request(CONFIG, "hi", tags="web").tags


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"max_cost": 0}, "max_cost must be US dollars above 0, not 0"),
        ({"max_latency": "2"}, "max_latency must be seconds above 0, not '2'"),
        ({"tags": [1]}, "tags must be a list of words, not [1]"),
        ({"tags": {"a": 1}}, "tags must be a list of words, not {'a': 1}"),
    ],
)
def test_what_the_router_cannot_be_told(option: dict[str, Any], message: str) -> None:
    """Before anything is sent."""
    with pytest.raises(RequestError) as caught:
        make_request(CONFIG, "hi", **option)

    assert message == str(caught.value)


@pytest.mark.parametrize("name", ["max_cost", "max_latency", "system", "stream"])
def test_what_is_not_for_embeddings(name: str) -> None:
    """It says so, and what is."""
    option: dict[str, Any] = {name: 1}
    with pytest.raises(RequestError) as caught:
        make_embedding(CONFIG, "a text", model="small", **option)

    expected = (
        f"{name} is not an option of embeddings: leave it out; they take model,"
        " timeout, session, tags, max_attempts, and parameters of the upstream's"
        " (dimensions, encoding_format, user …)"
    )
    assert expected == str(caught.value)


@pytest.mark.parametrize("name", ["messages", "input", "stream_options"])
def test_what_else_is_not_for_embeddings(name: str) -> None:
    """The body's other parts, which have a place of their own."""
    option: dict[str, Any] = {name: ["hi"]}
    with pytest.raises(RequestError, match=f"^{name} is not an option of embeddings"):
        make_embedding(CONFIG, "a text", model="small", **option)


def test_a_misspelt_option_of_embeddings() -> None:
    """What was meant is something that they take, too."""
    option: dict[str, Any] = {"timout": 1}
    with pytest.raises(RequestError) as caught:
        make_embedding(CONFIG, "a text", model="small", **option)

    assert 'unknown option "timout"; did you mean "timeout"?' == str(caught.value)


def test_what_embeddings_take() -> None:
    """Ours, and the upstream's own; a stream that is not wanted is no option."""
    made = make_embedding(
        CONFIG,
        "a text",
        model="small",
        timeout=5,
        tags="web",
        dimensions=4,
        input_type="query",
        stream=False,
    )

    assert {"dimensions": 4, "input_type": "query"} == made.options
    assert ("small", 5.0, ("web",)) == (made.model, made.timeout_s, made.tags)
