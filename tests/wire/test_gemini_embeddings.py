"""Google's embeddings: the Gemini API's, and those of Vertex AI."""

from __future__ import annotations

import warnings
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from holybalance.errors import RequestError
from holybalance.messages import EmbedRequest, Fault, Outcome, Usage
from holybalance.wire import gemini, vertex
from holybalance.wire.formats import Manner, UnsupportedError, Written
from holybalance.wire.transport import Response
from tests.wire.test_gemini_replies import anything

with warnings.catch_warnings():
    # Google's client warns of the Python that it runs on.
    warnings.simplefilter("ignore")
    genai = pytest.importorskip("google.genai")
    models = pytest.importorskip("google.genai.models")
    types = pytest.importorskip("google.genai.types")
embedding_type = pytest.importorskip("openai.types").CreateEmbeddingResponse


def write(form: Any, inputs: Any, model: str, **options: Any) -> Written:
    """Encode a request."""
    request = EmbedRequest(model="m", inputs=inputs, timeout_s=1, options=options)
    made: Written = form.embeddings.encode(request, Manner(model))
    return made


def read(form: Any, document: Any, status: int = 200) -> Outcome:
    """Decode an answer."""
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    outcome: Outcome = form.embeddings.decode(Response(status, {}, body), 0.0)
    return outcome


def test_batch() -> None:
    """One text or several, always a batch; options go with each text."""
    made = write(
        gemini,
        ["a", "b"],
        "gemini-embedding-001",
        dimensions=8,
        task_type="RETRIEVAL_QUERY",
        encoding_format="float",
    )
    assert "/models/gemini-embedding-001:batchEmbedContents" == made.path
    assert {
        "requests": [
            {
                "model": "models/gemini-embedding-001",
                "content": {"parts": [{"text": text}]},
                "outputDimensionality": 8,
                "taskType": "RETRIEVAL_QUERY",
            }
            for text in "ab"
        ]
    } == orjson.loads(made.body)
    [only] = orjson.loads(write(gemini, "a", "m").body)["requests"]
    assert {"model": "models/m", "content": {"parts": [{"text": "a"}]}} == only


def test_vertex_predict() -> None:
    """Older models predict; what is for all texts is a parameter."""
    made = write(
        vertex,
        ["a", "b"],
        "text-embedding-005",
        dimensions=8,
        taskType="RETRIEVAL_QUERY",
        auto_truncate=False,
    )
    assert "/models/text-embedding-005:predict" == made.path
    assert {
        "instances": [
            {"content": text, "task_type": "RETRIEVAL_QUERY"} for text in "ab"
        ],
        "parameters": {"outputDimensionality": 8, "autoTruncate": False},
    } == orjson.loads(made.body)


def test_vertex_contents() -> None:
    """Newer ones embed contents, a batch where there are several."""
    one = write(vertex, "a", "gemini-embedding-2", dimensions=8)
    two = write(vertex, ["a", "b"], "gemini-embedding-2", dimensions=8)
    request = {
        "content": {"parts": [{"text": "a"}]},
        "embedContentConfig": {"outputDimensionality": 8},
    }
    other = {**request, "content": {"parts": [{"text": "b"}]}}
    assert "/models/gemini-embedding-2:embedContent" == one.path
    assert request == orjson.loads(one.body)
    assert "/models/gemini-embedding-2:batchEmbedContents" == two.path
    assert {"requests": [request, other]} == orjson.loads(two.body)


@pytest.mark.parametrize(
    ("model", "kind", "given_as"),
    [
        ("text-embedding-005", "PREDICT", "contents"),
        ("gemini-embedding-2", "EMBED_CONTENT", "content"),
        ("gemini-embedding-2", "BATCH_EMBED_CONTENTS", "batch_contents"),
    ],
)
def test_vertex_as_google(model: str, kind: str, given_as: str) -> None:
    """Google's own client sends the same to Vertex AI."""
    texts = ["a"] if kind == "EMBED_CONTENT" else ["a", "b"]
    contents: Any = [types.Content(parts=[types.Part(text=text)]) for text in texts]
    if kind == "PREDICT":
        contents = texts
    parameters = types._EmbedContentParametersPrivate(
        model=model,
        embedding_api_type=types.EmbeddingApiType[kind],
        config=types.EmbedContentConfig(
            task_type="RETRIEVAL_QUERY", output_dimensionality=8, title="t"
        ),
        **{given_as: contents[0] if kind == "EMBED_CONTENT" else contents},
    )
    client = genai.Client(
        vertexai=True, project="p", location="l", credentials=_Nobody()
    )
    sent = models._EmbedContentParametersPrivate_to_vertex(
        client._api_client, parameters, None, parameters
    )
    sent.pop("_url")
    made = write(
        vertex, texts, model, dimensions=8, task_type="RETRIEVAL_QUERY", title="t"
    )
    assert sent == orjson.loads(made.body)


class _Nobody:
    """Credentials that Google's client does not ask for anything here."""

    quota_project_id = None
    token = "t"
    expired = False


def test_reply() -> None:
    """Vectors in OpenAI's shape, in their order; no usage where none is told."""
    text = types.EmbedContentResponse(
        embeddings=[{"values": [0.5, 1.0]}, {"values": [2.0]}]
    ).model_dump_json(by_alias=True, exclude_none=True)
    outcome = read(gemini, text.encode())
    assert outcome.body is not None
    assert None is outcome.usage
    assert {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5, 1.0]},
            {"object": "embedding", "index": 1, "embedding": [2.0]},
        ],
        "model": "",
    } == outcome.body
    no_usage = {"prompt_tokens": 0, "total_tokens": 0}
    embedding_type.model_validate({**outcome.body, "usage": no_usage}, strict=True)


@pytest.mark.parametrize(
    ("document", "tokens"),
    [
        (
            {
                "predictions": [
                    {"embeddings": {"values": [1.0], "statistics": {"token_count": 3}}},
                    {"embeddings": {"values": [1.0], "statistics": {"token_count": 4}}},
                ]
            },
            7,
        ),
        (
            {
                "embedding": {"values": [1.0]},
                "usageMetadata": {"promptTokenCount": 5},
            },
            5,
        ),
        (
            {"embeddings": [{"values": [1.0], "statistics": {"tokenCount": 2.0}}]},
            2,
        ),
        ({"embeddings": [{"values": [1.0]}]}, None),
    ],
)
def test_vertex_reply(document: Any, tokens: int | None) -> None:
    """Vertex AI answers in three ways, and counts tokens in two."""
    outcome = read(vertex, document)
    assert outcome.body is not None
    assert [1.0] == outcome.body["data"][0]["embedding"]
    expected = None if tokens is None else Usage(input_tokens=tokens)
    assert expected == outcome.usage


@pytest.mark.parametrize("form", [gemini, vertex])
@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        [],
        {},
        {"embeddings": []},
        {"embeddings": 1},
        {"embeddings": [1]},
        {"embeddings": [{}]},
        {"embeddings": [{"values": []}]},
        {"predictions": [1]},
        {"error": {"code": 500}},
    ],
)
def test_flaw(form: Any, document: Any) -> None:
    """What is no embedding is a flaw."""
    assert Fault.GARBLED is read(form, document).fault


def test_error() -> None:
    """Errors are read as a chat's are."""
    document = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x"}}
    outcome = read(gemini, document, 429)
    assert (429, "RESOURCE_EXHAUSTED") == (outcome.status, outcome.code)


@pytest.mark.parametrize("inputs", [[1, 2], [[1], [2]]])
def test_tokens(inputs: Any) -> None:
    """Google embeds texts alone."""
    with pytest.raises(
        UnsupportedError, match=r"^Vertex AI has no token ids as input$"
    ):
        write(vertex, inputs, "m")


def test_gap() -> None:
    """Google keeps no user."""
    with pytest.raises(UnsupportedError, match=r"^Gemini has no user$"):
        write(gemini, "a", "m", user="me")


@pytest.mark.parametrize("inputs", [None, {}, [None], ["a", {}]])
def test_mistake(inputs: Any) -> None:
    """What is neither text nor token is the caller's mistake."""
    with pytest.raises(RequestError):
        write(gemini, inputs, "m")


@settings(deadline=None)
@given(document=anything)
def test_any_document(document: Any) -> None:
    """No document makes decoding fail."""
    for form in (gemini, vertex):
        for body in (
            document,
            {"embeddings": document, "usageMetadata": document},
            {"predictions": document},
            {"embedding": {"values": [1.0], "statistics": document}},
        ):
            try:
                data = orjson.dumps(body)
            except TypeError:
                continue
            read(form, data)
