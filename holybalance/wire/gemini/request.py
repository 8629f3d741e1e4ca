"""Owns how a chat is asked for in Gemini's format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from holybalance.messages import ChatRequest
from holybalance.wire.formats import Gaps, Manner, Written
from holybalance.wire.gemini.contents import Conversation
from holybalance.wire.gemini.models import traits
from holybalance.wire.gemini.naming import PROVIDER, Json, invalid, path
from holybalance.wire.gemini.options import Options
from holybalance.wire.gemini.tools import Tools
from holybalance.wire.writing import written


def encode(request: ChatRequest, manner: Manner) -> Written:
    """
    Write a chat request.

    Raises:
        UnsupportedError: it asks for what Gemini cannot do.
        RequestError: something in it is not as it must be.
    """
    gaps = Gaps(PROVIDER)
    body = _body(request, manner, gaps)
    dropped = gaps.settle(drops=manner.drops)
    if not body["contents"]:
        raise invalid(
            "messages has nothing to answer; Gemini needs a message of the user with a "
            "text or other content"
        )
    action = "streamGenerateContent?alt=sse" if request.is_stream else "generateContent"
    return Written(path(manner.model, action), written(body), dropped)


def _body(request: ChatRequest, manner: Manner, gaps: Gaps) -> Json:
    conversation = Conversation(gaps, traits(manner.model))
    conversation.read(request.messages)
    options = Options(request.options, manner.model, gaps)
    tools = Tools(request.options.get("tools"), gaps)
    body: Json = {"contents": conversation.contents}
    if conversation.system:
        body["systemInstruction"] = {"parts": conversation.system}
    if tools.written():
        body["tools"] = tools.written()
    calling = tools.calling(request.options.get("tool_choice"))
    if calling:
        body["toolConfig"] = {"functionCallingConfig": calling}
    if options.generation:
        body["generationConfig"] = options.generation
    _note_pieces(options.beside, gaps)
    return _with_own(body, options.beside)


def _note_pieces(own: Json, gaps: Gaps) -> None:
    """Leave out what would have Vertex AI send a call's arguments by paths in them."""
    theirs = own.get("toolConfig")
    calling = theirs.get("functionCallingConfig") if _is_object(theirs) else None
    if not _is_object(theirs) or not _is_object(calling):
        return
    if calling.get("streamFunctionCallArguments"):
        gaps.note_option("streamFunctionCallArguments")
        rest = {**calling, "streamFunctionCallArguments": False}
        own["toolConfig"] = {**theirs, "functionCallingConfig": rest}


def _with_own(body: Json, own: Mapping[str, Any]) -> Json:
    """Put the caller's own fields over ours; of the tools' settings, one by one."""
    ours, theirs = body.get("toolConfig"), own.get("toolConfig")
    if ours and _is_object(theirs):
        own = {**own, "toolConfig": {**ours, **theirs}}
    return {**body, **own}


def _is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)
