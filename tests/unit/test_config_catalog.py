"""What `[catalog]` adds to what is known of models, and what endpoints make of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from holybalance.config import Card, Config, EndpointConfig, LongPrice, Price
from holybalance.config.catalog import shipped
from holybalance.errors import ConfigError

ENVIRON = {
    "OPENAI_API_KEY": "sk-openai",
    "DEEPSEEK_API_KEY": "sk-deepseek",
    "HOLYSHEEP_API_KEY": "hs",
}
LOCAL = {"provider": "openai", "name": "local", "base_url": "http://127.0.0.1:8000/v1"}
SHIPPED = Price(input=2, output=8, cached=0.5)
OURS = {"input": 1.0, "output": 3.0}


def read(*endpoints: dict[str, Any], environ: Any = None, **catalog: Any) -> Config:
    """Read endpoints and a catalog of one card, `gpt_4_1`, or of any others."""
    tables = {
        name.replace("gpt_4_1", "gpt-4.1"): card for name, card in catalog.items()
    }
    raw = {"endpoints": list(endpoints or [{**LOCAL, "models": ["m"]}])}
    return Config.from_dict(raw | {"catalog": tables}, environ=environ or ENVIRON)


def first(*endpoints: dict[str, Any], **rest: Any) -> EndpointConfig:
    """The first of the endpoints."""
    return read(*endpoints, **rest).endpoints[0]


def mistakes(**catalog: Any) -> str:
    """What a catalog is refused with."""
    with pytest.raises(ConfigError) as caught:
        read(**catalog)
    return str(caught.value)


def test_every_name_leads_to_a_card() -> None:
    """Our own and those of providers."""
    known = read().catalog

    assert known["deepseek-v3.2"] is known["deepseek-chat"]
    assert known["claude-sonnet-4.5"] is known["claude-sonnet-4-5"]
    assert dict(shipped().by_name) == known


def test_a_table_changes_what_it_names() -> None:
    """Field by field; the rest stays as it is shipped."""
    card = read(gpt_4_1={"context_window": 5, "strengths": {"math": 1}}).catalog[
        "gpt-4.1"
    ]
    before = shipped().cards["gpt-4.1"]

    assert 5 == card.context_window
    assert {**before.strengths, "math": 1.0} == card.strengths
    assert (before.price, before.retires) == (card.price, card.retires)


def test_names_are_added_to_names() -> None:
    """One provider's name for it does not take away another's."""
    known = read(gpt_4_1={"names": {"deepseek": "x"}}).catalog

    assert {"openai": "gpt-4.1", "holysheep": "gpt-4.1", "deepseek": "x"} == (
        known["gpt-4.1"].names
    )
    assert known["x"] is known["gpt-4.1"]


def test_a_new_model() -> None:
    """All that there may be to say of it."""
    card = read(
        mine={
            "maker": "openai",
            "names": {"openai": "ft:mine"},
            "price": {
                **OURS,
                "cached": 0.1,
                "cache_write": 2,
                "long": {"above": 9, "input": 2, "output": 6},
            },
            "prices": {"holysheep": OURS},
            "context_window": 1000,
            "max_output": 100,
            "abilities": ["tools"],
            "strengths": {"code": 0.5},
            "latency_s": 1,
            "retires": "2030-01-02",
            "successor": "gpt-4.1",
            "source": "our contract",
            "checked": dt.date(2026, 11, 1),
        }
    ).catalog["ft:mine"]

    long = LongPrice(above=9, input=2, output=6)
    assert card == Card(
        name="mine",
        maker="openai",
        names={"openai": "ft:mine"},
        price=Price(input=1, output=3, cached=0.1, cache_write=2, long=long),
        prices={"holysheep": Price(input=1, output=3)},
        context_window=1000,
        max_output=100,
        abilities=frozenset({"tools"}),
        strengths={"code": 0.5},
        latency_s=1.0,
        retires=dt.date(2030, 1, 2),
        successor="gpt-4.1",
        source="our contract",
        checked=dt.date(2026, 11, 1),
    )


def test_a_table_may_go_by_a_providers_name() -> None:
    """It is of the same card."""
    known = read(**{"deepseek-chat": {"price": OURS}}).catalog

    assert Price(input=1, output=3) == known["deepseek-v3.2"].price


def test_one_card_has_one_table() -> None:
    """Two tables by different names would have to be told apart by their order."""
    message = mistakes(**{"deepseek-v3.2": {}, "deepseek-chat": {}})

    assert 'deepseek-chat: it is "deepseek-v3.2" above by another name' in message


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"pirce": {}}, 'catalog."gpt-4.1": unknown key "pirce"; did you mean "price"'),
        ({"name": "x"}, 'unknown key "name"'),
        (
            {"names": {"opnai": "x"}},
            'names: unknown key "opnai"; did you mean "openai"',
        ),
        ({"prices": {"x": OURS}}, 'prices: unknown key "x"; valid keys: openai,'),
        ({"prices": {"openai": {"input": 1}}}, "prices.openai: output is missing"),
        ({"price": {**OURS, "long": 5}}, "long must be a table such as { above ="),
        ({"price": {**OURS, "long": {"above": 0}}}, "long: above must be a whole"),
        ({"price": {**OURS, "long": {"input": 0}}}, "long: above is missing"),
        ({"abilities": ["see"]}, "abilities has one that must be one of tools, vision"),
        ({"strengths": {"cod": 1}}, 'did you mean "code"'),
        ({"strengths": {"code": 2}}, "a share from 0 to 1"),
        ({"retires": "soon"}, "retires must be a date such as 2027-01-14"),
        ({"retires": dt.datetime(2027, 1, 1, tzinfo=dt.UTC)}, "retires must be a date"),
        (5, "gpt-4.1 must be a table, not 5"),
    ],
)
def test_a_mistake_in_a_card(card: Any, message: str) -> None:
    """Table and key are named, and what would be right."""
    assert message in mistakes(gpt_4_1=card)


def test_a_name_that_no_model_can_have() -> None:
    """A blank would be sent as part of it."""
    assert "name has a space" in mistakes(**{"a b": {}})


def test_a_shipped_price_holds_at_the_provider() -> None:
    """By each of the model's names."""
    one = first({"provider": "deepseek"})

    v3 = shipped().cards["deepseek-v3.2"].price
    assert v3 == one.prices["deepseek-v3.2"] == one.prices["deepseek-chat"]
    assert set(one.models) == set(one.prices)


def test_a_shipped_price_holds_at_the_address_in_the_providers_variable() -> None:
    """That is where the provider has been moved to."""
    one = first(
        {"provider": "openai"}, environ={**ENVIRON, "OPENAI_BASE_URL": "http://host/v1"}
    )

    assert SHIPPED == one.prices["gpt-4.1"]
    assert "claude-sonnet-4.5" not in one.prices


@pytest.mark.parametrize("models", [["gpt-4.1"], ["*"], {"gpt-4.1": "mine"}])
def test_a_shipped_price_holds_nowhere_else(models: Any) -> None:
    """What a server of the user's own charges is for the user to say."""
    assert {} == first({**LOCAL, "models": models}).prices


def test_the_users_price_holds_everywhere() -> None:
    """At a provider too, in place of what is shipped for it."""
    config = read(
        {"provider": "openai"},
        {"provider": "holysheep"},
        {**LOCAL, "models": {"gpt-4.1": "mine"}},
        {**LOCAL, "name": "another", "models": {"mine": "gpt-4.1"}},
        gpt_4_1={"price": OURS},
    )

    prices = [
        next(
            price for name, price in each.prices.items() if name in ("gpt-4.1", "mine")
        )
        for each in config.endpoints
    ]
    assert [Price(input=1, output=3)] * 4 == prices


def test_the_users_price_at_one_provider() -> None:
    """Stands before the one for all."""
    config = read(
        {"provider": "openai"},
        {"provider": "holysheep"},
        gpt_4_1={"price": OURS, "prices": {"holysheep": {"input": 0, "output": 0}}},
    )

    assert [1.0, 0.0] == [e.prices["gpt-4.1"].input for e in config.endpoints]


def test_a_price_of_one_provider_leaves_the_others() -> None:
    """It adds to what is shipped."""
    config = read(
        {"provider": "openai"},
        {"provider": "holysheep"},
        gpt_4_1={"prices": {"holysheep": OURS}},
    )

    assert [2.0, 1.0] == [e.prices["gpt-4.1"].input for e in config.endpoints]


def test_an_endpoints_own_price_comes_first() -> None:
    """Before the user's catalog and the shipped one."""
    one = first(
        {"provider": "openai", "prices": {"gpt-4.1": {"input": 0, "output": 1}}},
        gpt_4_1={"price": OURS},
    )

    assert Price(input=0, output=1) == one.prices["gpt-4.1"]


def test_what_is_sent_decides_on_what_the_provider_charges() -> None:
    """A model by the name of another is charged, and withdrawn, as what it is."""
    one = first({"provider": "openai", "models": {"gpt-4.1": "gpt-5"}})
    gpt_5 = shipped().cards["gpt-5"]

    assert {"gpt-4.1": gpt_5.price} == one.prices
    assert {"gpt-4.1": gpt_5.retires} == one.retires


def test_a_model_is_withdrawn_by_its_maker_only() -> None:
    """Whether others go on serving it is not known."""
    config = read(
        {"provider": "openai", "models": ["gpt-4.1"]},
        {"provider": "holysheep", "models": ["gpt-4.1"]},
        {**LOCAL, "models": ["gpt-4.1"]},
    )

    day = dt.date(2027, 1, 14)
    assert [{"gpt-4.1": day}, {}, {}] == [each.retires for each in config.endpoints]


def test_a_server_in_the_providers_variable_withdraws_nothing() -> None:
    """It may be anything that speaks the same way."""
    one = first(
        {"provider": "openai"}, environ={**ENVIRON, "OPENAI_BASE_URL": "http://host/v1"}
    )

    assert {} == one.retires


def test_the_user_knows_of_a_day() -> None:
    """A table of the catalog changes it."""
    one = first({"provider": "openai"}, gpt_4_1={"retires": dt.date(2030, 1, 1)})

    assert dt.date(2030, 1, 1) == one.retires["gpt-4.1"]


def test_a_list_is_sent_as_the_provider_calls_it() -> None:
    """At the provider's own address, where its names are known."""
    models = ["deepseek-v3.2", "deepseek-chat", "new-one"]

    config = read(
        {"provider": "deepseek", "models": models}, {**LOCAL, "models": models}
    )

    there, elsewhere = (each.models for each in config.endpoints)
    assert ["deepseek-chat", "deepseek-chat", "new-one"] == list(there.values())
    assert models == list(elsewhere.values())


def test_a_table_of_models_is_sent_as_it_is() -> None:
    """Who writes both names means them."""
    one = first({"provider": "deepseek", "models": {"deepseek-v3.2": "deepseek-v3.2"}})

    assert {"deepseek-v3.2": "deepseek-v3.2"} == one.models


def test_a_model_of_the_users_is_served_by_the_provider_that_has_a_name_for_it() -> (
    None
):
    """Where the endpoint lists no models of its own."""
    one = first({"provider": "openai"}, mine={"names": {"openai": "ft:mine"}})

    assert "ft:mine" == one.models["mine"] == one.models["ft:mine"]


def test_a_wrong_list_of_models_is_told_once() -> None:
    """Prices and names are left for when it is right."""
    with pytest.raises(ConfigError, match=r'\Aa dict, endpoints\[0\] "openai": models'):
        read({"provider": "openai", "models": ["a b"]})
