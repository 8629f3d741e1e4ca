"""Owns what a whole answer to a chat is made of, as the official package names it."""

from typing import Any, ClassVar

from holybalance.integrations.openai.types.answer import Answer
from holybalance.messages import Reply


class CompletionTokensDetails(Answer):
    """What tokens of an answer were used for."""

    accepted_prediction_tokens: int | None
    audio_tokens: int | None
    reasoning_tokens: int | None
    rejected_prediction_tokens: int | None
    text_tokens: int | None


class PromptTokensDetails(Answer):
    """What tokens of a prompt were of."""

    audio_tokens: int | None
    cache_write_tokens: int | None
    cached_tokens: int | None
    image_tokens: int | None
    text_tokens: int | None


class CompletionUsage(Answer):
    """The tokens of one call."""

    completion_tokens: int
    prompt_tokens: int
    total_tokens: int
    completion_tokens_details: CompletionTokensDetails | None
    prompt_tokens_details: PromptTokensDetails | None


class TopLogprob(Answer):
    """A token that might have stood in a place."""

    token: str
    bytes: list[int] | None
    logprob: float


class ChatCompletionTokenLogprob(Answer):
    """A token, and how likely it was."""

    token: str
    bytes: list[int] | None
    logprob: float
    top_logprobs: list[TopLogprob]


class ChoiceLogprobs(Answer):
    """How likely the tokens of a choice were."""

    content: list[ChatCompletionTokenLogprob] | None
    refusal: list[ChatCompletionTokenLogprob] | None


class AnnotationURLCitation(Answer):
    """A page that is quoted, and where in the text."""

    end_index: int
    start_index: int
    title: str
    url: str


class Annotation(Answer):
    """A remark on a part of the text."""

    type: str
    url_citation: AnnotationURLCitation


class ChatCompletionAudio(Answer):
    """An answer to be heard."""

    id: str
    data: str
    expires_at: int
    transcript: str


class FunctionCall(Answer):
    """A function to be called, in the old way."""

    arguments: str
    name: str


class Function(Answer):
    """A function to be called."""

    arguments: str
    name: str


class Custom(Answer):
    """A custom tool to be called."""

    input: str
    name: str


class ChatCompletionMessageFunctionToolCall(Answer):
    """A call of a function."""

    TYPE: ClassVar = "function"
    id: str
    function: Function
    type: str


class ChatCompletionMessageCustomToolCall(Answer):
    """A call of a custom tool."""

    TYPE: ClassVar = "custom"
    id: str
    custom: Custom
    type: str


class ChatCompletionMessage(Answer):
    """What the model said."""

    content: str | None
    refusal: str | None
    role: str
    annotations: list[Annotation] | None
    audio: ChatCompletionAudio | None
    function_call: FunctionCall | None
    tool_calls: (
        list[
            ChatCompletionMessageFunctionToolCall | ChatCompletionMessageCustomToolCall
        ]
        | None
    )


class Choice(Answer):
    """One of the answers to a prompt."""

    finish_reason: str
    index: int
    logprobs: ChoiceLogprobs | None
    message: ChatCompletionMessage


class ModerationInputModerationResultsResult(Answer):
    """What moderation found in a prompt."""

    categories: dict[str, bool]
    category_applied_input_types: dict[str, list[str]]
    category_scores: dict[str, float]
    flagged: bool
    model: str
    type: str


class ModerationInputModerationResults(Answer):
    """What moderation found in prompts."""

    TYPE: ClassVar = "moderation_results"
    model: str
    results: list[ModerationInputModerationResultsResult]
    type: str


class ModerationInputError(Answer):
    """Why a prompt was not moderated."""

    TYPE: ClassVar = "error"
    code: str
    message: str
    type: str


class ModerationOutputModerationResultsResult(Answer):
    """What moderation found in an answer."""

    categories: dict[str, bool]
    category_applied_input_types: dict[str, list[str]]
    category_scores: dict[str, float]
    flagged: bool
    model: str
    type: str


class ModerationOutputModerationResults(Answer):
    """What moderation found in answers."""

    TYPE: ClassVar = "moderation_results"
    model: str
    results: list[ModerationOutputModerationResultsResult]
    type: str


class ModerationOutputError(Answer):
    """Why an answer was not moderated."""

    TYPE: ClassVar = "error"
    code: str
    message: str
    type: str


class Moderation(Answer):
    """What moderation found."""

    input: ModerationInputModerationResults | ModerationInputError
    output: ModerationOutputModerationResults | ModerationOutputError


class ChatCompletion(Answer):
    """
    A whole answer to a chat.

    `holybalance` is the library's own reply, with endpoint, attempts and cost.
    """

    id: str
    choices: list[Choice]
    created: int
    model: str
    object: str
    metadata: dict[str, str] | None
    moderation: Moderation | None
    service_tier: str | None
    system_fingerprint: str | None
    usage: CompletionUsage | None

    _request_id: str | None
    _reply: Reply

    @classmethod
    def of(cls, reply: Reply) -> "ChatCompletion":
        """Make it of the library's reply."""
        body: Any = reply.body
        made = cls(body)
        # Past `__setattr__`: this is done with every call.
        state = made.__dict__
        state["_request_id"] = reply.request_id
        state["_reply"] = reply
        return made

    @property
    def holybalance(self) -> Reply:
        """The library's own reply."""
        return self._reply
