"""What a secret shows (nothing) and what it refuses to hold."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holybalance.config import Secret
from holybalance.errors import ConfigError

MASK = "Secret('****')"
CANARY = "sk-canary-7Zq"

visible = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=60
)
# None of these letters stands in a message of ours, so any of them is a leak.
telltale = st.text(st.sampled_from("ŻЖ漢ñ\u2028"), min_size=1, max_size=30)


@given(visible)
def test_reveals_what_it_was_given(key: str) -> None:
    """Any visible ASCII is held as it is."""
    assert key == Secret(key).reveal()


@given(visible)
def test_every_view_is_the_same_mask(key: str) -> None:
    """Nothing about the key, not even its length, changes what is shown."""
    secret = Secret(key)
    record = logging.LogRecord("n", 20, "p", 1, "%s %r", (secret, secret), None)

    views = [repr(secret), str(secret), f"{secret}", f"{secret!r}", "%s" % secret]  # noqa: UP031 - the operator is what is tested

    assert {MASK} == set(views)
    assert f"{MASK} {MASK}" == record.getMessage()
    assert f"{MASK:>20}" == f"{secret:>20}"
    assert f"[{MASK}]" == str([secret])


@given(telltale)
def test_a_refusal_shows_no_character_of_the_key(key: str) -> None:
    """The message names a position and a kind, never the text."""
    with pytest.raises(ConfigError) as caught:
        Secret(key)

    shown = "".join(traceback.format_exception(caught.value))
    assert not set(key) & set(str(caught.value) + repr(caught.value))
    assert not set(key) & set(shown)


@pytest.mark.parametrize("make", [Secret, Secret.header, Secret.url])
@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "é", "\x7f", "\u2028"])
def test_refuses_what_would_break_a_request_head(make: Any, bad: str) -> None:
    """CR, LF, NUL and non-ASCII are refused wherever they stand, unshown."""
    for value in (bad + CANARY, f"{CANARY}{bad}{CANARY}", CANARY + bad):
        with pytest.raises(ConfigError) as caught:
            make(value)
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "the key is empty; a key is visible ASCII only"),
        (
            "abc\ndef",
            "the key has a line break at position 4; a key is visible ASCII only",
        ),
        (
            "abc\r\n",
            (
                "the key has a line break at position 4, at its end: strip it;"
                " a key is visible ASCII only"
            ),
        ),
        ("a b", "the key has a space at position 2; a key is visible ASCII only"),
        (
            "é",
            (
                "the key has a non-ASCII character at position 1;"
                " a key is visible ASCII only"
            ),
        ),
    ],
)
def test_says_what_is_wrong_and_where(value: str, message: str) -> None:
    """The position is counted from one."""
    with pytest.raises(ConfigError) as caught:
        Secret(value)

    assert message == str(caught.value)


@pytest.mark.parametrize("value", [None, 5, b"key", ["key"]])
def test_refuses_what_is_no_string(value: Any) -> None:
    """The type is named, the value is not."""
    with pytest.raises(ConfigError, match="must be a str, not"):
        Secret(value)


def test_a_header_may_have_blanks_inside() -> None:
    """Spaces and tabs are part of a header's value."""
    assert "Bearer a\tb" == Secret.header("Bearer a\tb").reveal()


@pytest.mark.parametrize("value", ["", " a", "a ", "a\t"])
def test_a_header_has_no_blanks_around_it(value: str) -> None:
    """Blanks at either end do not survive HTTP, so they are refused."""
    with pytest.raises(ConfigError, match="the header value"):
        Secret.header(value)


def test_a_url_may_be_empty() -> None:
    """The empty URL says: no proxy."""
    assert "" == Secret.url("").reveal()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_is_never_pickled(protocol: int) -> None:
    """Every protocol ends in a clear error that shows nothing."""
    with pytest.raises(TypeError, match="never pickled") as caught:
        pickle.dumps(Secret(CANARY), protocol)

    assert "canary" not in str(caught.value)


def test_a_copy_is_the_secret_itself() -> None:
    """Copying needs no pickling."""
    secret = Secret(CANARY)

    assert secret is copy.copy(secret)
    assert [secret] == copy.deepcopy([secret])


def test_equal_by_value() -> None:
    """Two of the same key are one in a set; a plain string is not equal."""
    assert 1 == len({Secret("a"), Secret("a")})
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
