"""The client over real HTTP: against our own endpoint, and against servers gone wrong."""

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import ProviderError
from clawgym.model import ChatReply, Message, Role, ScriptedModel, ToolRequest, Usage, openai_client
from clawgym.model._assembly import Assembly
from clawgym.model._wire import WireChunk
from clawgym.model.endpoint import serve
from clawgym.model.openai_client import OpenAIModel
from tests.misbehaving import answering, completion, cut_stream, events, response

ASK = [Message(Role.USER, "hello")]
TOOL = {"type": "function", "function": {"name": "read", "parameters": {"type": "object"}}}


def client(base_url: str, retries: int = 0) -> OpenAIModel:
    return OpenAIModel("m", base_url, "key", max_retries=retries, timeout=5)


async def ask(base_url: str, *, stream: bool = False, retries: int = 0) -> ChatReply:
    async with client(base_url, retries) as model:
        return await model.complete(ASK, on_delta=(lambda _: None) if stream else None)


async def failure(base_url: str, *, stream: bool = False) -> str:
    with pytest.raises(ProviderError) as caught:
        await ask(base_url, stream=stream)
    return str(caught.value)


class Recorder:
    """A model that keeps what it was asked and answers with one fixed reply."""

    name = "recorder"

    def __init__(self, reply: ChatReply) -> None:
        self.reply = reply
        self.messages = []
        self.tools = []

    async def complete(self, messages, tools=(), *, on_delta=None):
        self.messages, self.tools = list(messages), list(tools)
        if on_delta:
            for word in self.reply.message.content.split(" "):
                on_delta(word)
        return self.reply


@pytest.mark.parametrize("stream", [False, True])
async def test_a_conversation_arrives_as_it_was_sent_and_the_reply_comes_back_whole(stream):
    conversation = [
        Message(Role.SYSTEM, "be brief"),
        Message(Role.USER, "read ä.txt"),
        Message(Role.ASSISTANT, "", (ToolRequest("c1", "read", '{"path":  "ä.txt"}'),)),
        Message(Role.TOOL, "content", tool_call_id="c1"),
    ]
    calls = (ToolRequest("a", "read", '{"path": '), ToolRequest("b", "rm", "[1]"))
    said = Message(Role.ASSISTANT, "Ok", calls, reasoning="because")
    recorder = Recorder(ChatReply(said, Usage(11, 7, 5), "tool_calls", "m"))
    async with serve(recorder) as endpoint, client(endpoint.base_url) as model:
        reply = await model.complete(
            conversation, [TOOL], on_delta=(lambda _: None) if stream else None
        )
    assert recorder.messages == conversation
    assert recorder.tools == [TOOL]
    assert reply == recorder.reply


async def test_text_is_handed_on_piece_by_piece():
    recorder = Recorder(ChatReply(Message(Role.ASSISTANT, "one two three")))
    pieces: list[str] = []
    async with serve(recorder) as endpoint, client(endpoint.base_url) as model:
        reply = await model.complete(ASK, on_delta=pieces.append)
    assert pieces == ["one", "two", "three"]
    assert reply.message.content == "onetwothree"


async def test_a_server_that_is_not_there_is_named_by_its_url():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    message = await failure(url)
    assert url in message
    assert "is the server running?" in message


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("400 Bad Request", "does not accept"),
        ("401 Unauthorized", "API key"),
        ("403 Forbidden", "key"),
        ("404 Not Found", "model name"),
        ("429 Too Many Requests", "rate limit"),
        ("500 Internal Server Error", "the server failed"),
        ("503 Service Unavailable", "the server failed"),
    ],
)
async def test_an_error_status_says_where_what_and_what_to_do(status, advice, stream):
    body = json.dumps({"error": {"message": "no luck today"}})
    async with answering([response(status, body)]) as url:
        message = await failure(url, stream=stream)
    assert url in message
    assert status[:3] in message
    assert "no luck today" in message
    assert advice in message


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal Server Error"])
async def test_a_passing_failure_is_tried_again(status):
    soon = response(status, "{}", headers="retry-after-ms: 1\r\n")
    async with answering([soon, soon, completion("at last")]) as url:
        assert (await ask(url, retries=2)).message.content == "at last"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>hello</html>",
        '{"choices": [',
        "{}",
        '{"choices": []}',
        '{"choices": [{"text": "x"}]}',
        "[]",
    ],
)
async def test_a_body_that_is_no_completion_is_a_provider_error(body):
    async with answering([response("200 OK", body)]) as url:
        assert "no chat completion" in await failure(url)


async def test_an_html_page_in_place_of_an_answer_is_a_provider_error():
    async with answering([response("200 OK", "<html>portal</html>", "text/html")]) as url:
        assert "portal" in await failure(url)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (events('{"choices": [{"delta": {"content": "Hal'), "no chat completion"),
        (events('{"choices": [{"delta": {"content": "Hal"}}]}'), "ended in the middle"),
        (
            cut_stream('{"choices": [{"delta": {"content": "Hal"}}]}'),
            "broke while it was answering",
        ),
        (events('{"error": {"message": "out of memory"}}'), "out of memory"),
        (events("[DONE]"), "ended in the middle"),
        (response("200 OK", "hello"), "ended in the middle"),
    ],
)
async def test_a_stream_that_goes_wrong_is_a_provider_error(answer, words):
    async with answering([answer]) as url:
        assert words in await failure(url, stream=True)


async def test_arguments_in_pieces_are_joined_verbatim():
    def piece(**call):
        return json.dumps({"choices": [{"delta": {"tool_calls": [call]}}]})

    stream = [
        piece(index=0, id="x", function={"name": "read", "arguments": ""}),
        piece(index=0, function={"arguments": '{"pa'}),
        piece(index=1, id="y", function={"name": "ls", "arguments": "{}"}),
        piece(index=0, function={"arguments": 'th":1}'}),
        json.dumps({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
        "[DONE]",
    ]
    async with answering([events(*stream)]) as url:
        reply = await ask(url, stream=True)
    assert reply.message.tool_calls == (
        ToolRequest("x", "read", '{"path":1}'),
        ToolRequest("y", "ls", "{}"),
    )


@pytest.mark.parametrize("index", [0, None])
async def test_calls_that_all_claim_the_same_place_are_told_apart_by_id(index):
    calls = [
        {"index": index, "id": name, "function": {"name": name, "arguments": "{}"}} for name in "ab"
    ]
    chunk = json.dumps(
        {"choices": [{"delta": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    )
    async with answering([events(chunk, "[DONE]")]) as url:
        reply = await ask(url, stream=True)
    assert [call.name for call in reply.message.tool_calls] == ["a", "b"]


async def test_parsed_arguments_and_missing_ids_are_accepted():
    call = {"function": {"name": "read", "arguments": {"path": "x"}}}
    body = {"choices": [{"message": {"content": None, "tool_calls": [call, call]}}]}
    async with answering([response("200 OK", json.dumps(body))]) as url:
        reply = await ask(url)
    assert reply.message.tool_calls == (
        ToolRequest("call_0", "read", '{"path": "x"}'),
        ToolRequest("call_1", "read", '{"path": "x"}'),
    )


@pytest.mark.parametrize(
    "last",
    [
        '{"choices": [{"delta": null, "finish_reason": "stop"}]}',
        '{"choices": [{"delta": {"tool_calls": null}, "finish_reason": "stop"}]}',
    ],
)
async def test_fields_that_are_null_are_taken_as_left_out(last):
    text = '{"choices": [{"delta": {"content": "fine"}}]}'
    usage = '{"choices": null, "usage": {"prompt_tokens": null, "completion_tokens": 3}}'
    async with answering([events(text, last, usage, "[DONE]")]) as url:
        reply = await ask(url, stream=True)
    assert (reply.message.content, reply.usage) == ("fine", Usage(0, 3))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("said", "text", "reasoning"),
    [
        (
            {"content": [{"type": "text", "text": "fi"}, {"type": "text", "text": "ne"}]},
            "fine",
            None,
        ),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "reference", "reference_ids": [1]},
                    {"type": "text", "text": "fine"},
                ]
            },
            "fine",
            "hm",
        ),
        ({"content": [{"type": "thinking", "thinking": "hm"}]}, "", "hm"),
        ({"content": None, "refusal": "I can't help with that."}, "I can't help with that.", None),
        ({"content": "fine", "reasoning_content": ""}, "fine", None),
    ],
)
async def test_text_comes_in_parts_or_as_a_refusal_too(said, text, reasoning, stream):
    key = "delta" if stream else "message"
    body = json.dumps({"choices": [{key: said, "finish_reason": "stop"}]})
    answer = events(body, "[DONE]") if stream else response("200 OK", body)
    async with answering([answer]) as url:
        reply = await ask(url, stream=stream)
    assert (reply.message.content, reply.message.reasoning) == (text, reasoning)


@pytest.mark.parametrize("stream", [False, True])
async def test_calls_may_be_numbered(stream):
    call = {"index": 0, "id": 7, "function": {"name": "read", "arguments": "{}"}}
    said = {"delta" if stream else "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}
    body = json.dumps({"choices": [said]})
    answer = events(body, "[DONE]") if stream else response("200 OK", body)
    async with answering([answer]) as url:
        reply = await ask(url, stream=stream)
    assert reply.message.tool_calls == (ToolRequest("7", "read", "{}"),)


def listing(**about: object) -> bytes:
    cards = [{"id": "other", "context_length": 1}, {"id": "m", **about}]
    return response("200 OK", json.dumps({"object": "list", "data": cards}))


@pytest.mark.parametrize(
    ("models", "window"),
    [
        (listing(max_model_len=32768), 32768),
        (listing(context_length=131072), 131072),
        (listing(context_window=8192, owned_by="them"), 8192),
        (listing(), None),
        (listing(max_model_len=0), None),
        (listing(max_model_len="large"), None),
        (response("200 OK", '{"data": []}'), None),
        (response("200 OK", "[]"), None),
        (response("200 OK", "<html>hello</html>", "text/html"), None),
        (response("500 Internal Server Error", "{}"), None),
        (b"nonsense\r\n\r\n", None),
    ],
)
async def test_the_context_window_is_what_the_list_of_models_says(models, window):
    async with answering([], models) as url, client(url) as model:
        assert await model.context_window() == window


async def test_nobody_waits_for_a_list_of_models_that_does_not_come(monkeypatch):
    monkeypatch.setattr(openai_client, "_GLANCE", 0.05)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with client(f"http://127.0.0.1:{silent.getsockname()[1]}/v1") as model:
            assert await model.context_window() is None


async def test_a_failing_model_behind_the_endpoint_is_not_asked_twice():
    asked = 0

    def script(_):
        nonlocal asked
        asked += 1
        raise ProviderError("the model is gone")

    async with serve(ScriptedModel(script)) as endpoint:
        with pytest.raises(ProviderError, match="the model is gone"):
            await ask(endpoint.base_url, retries=2)
    assert asked == 1


@given(pieces=st.lists(st.text(st.characters(codec="utf-8"))), calls=st.integers(1, 3))
def test_however_a_stream_is_cut_the_arguments_are_whole(pieces, calls):
    assembly = Assembly(lambda _: None)
    for position, piece in enumerate(["", *pieces]):
        for index in range(calls):
            part = {"index": index, "function": {"arguments": piece}}
            if position == 0:
                part |= {"id": f"c{index}", "function": {"name": "read", "arguments": ""}}
            delta = {"choices": [{"delta": {"tool_calls": [part]}}]}
            assembly.add(WireChunk.model_validate(delta))
    expected = tuple(ToolRequest(f"c{i}", "read", "".join(pieces)) for i in range(calls))
    assert assembly.reply().message.tool_calls == expected
