"""Owns how a chat request becomes one to Anthropic's `/messages`."""

from __future__ import annotations

from holybalance.messages import ChatRequest
from holybalance.wire.anthropic.conversation import Conversation
from holybalance.wire.anthropic.models import traits
from holybalance.wire.anthropic.options import told
from holybalance.wire.formats import Gaps, Manner, Written
from holybalance.wire.writing import written

PATH = "/messages"


def encode(request: ChatRequest, manner: Manner) -> Written:
    """
    Write a chat request.

    Raises:
        UnsupportedError: it asks for what Anthropic cannot do.
        RequestError: something in it is not as it must be.
    """
    gaps = Gaps("Anthropic")
    conversation = Conversation(gaps, hears_late=traits(manner.model).hears_late)
    # Whoever knows the parameter of that name means it as well as the messages.
    conversation.add_system(request.options.get("system"), "system")
    for number, message in enumerate(request.messages):
        conversation.add(message, f"messages[{number}]")
    options = told(request.options, manner, gaps)
    dropped = gaps.settle(drops=manner.drops)
    body = {"model": manner.model, **options, **conversation.told()}
    return Written(PATH, written(body), dropped)
