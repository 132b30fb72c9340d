"""The endpoint as a plain HTTP client sees it."""

import asyncio
import contextlib
import json
from collections.abc import Sequence

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import BudgetExceededError, ProviderError
from clawgym.model import ChatReply, Message, Role, ScriptedModel
from clawgym.model._http import HttpFailure, HttpRequest, read_request
from clawgym.model.endpoint import serve

BODY = {"model": "x", "messages": [{"role": "user", "content": "hello"}]}


def echo() -> ScriptedModel:
    return ScriptedModel(lambda messages: Message(Role.ASSISTANT, messages[-1].content[::-1]))


async def post(url: str, body: object, key: str = "k") -> httpx2.Response:
    async with httpx2.AsyncClient() as http:
        return await http.post(
            f"{url}/chat/completions", json=body, headers={"Authorization": f"Bearer {key}"}
        )


async def test_a_completion_has_the_fields_that_openai_documents():
    async with serve(echo()) as endpoint:
        reply = (await post(endpoint.base_url, BODY)).json()
    assert reply["object"] == "chat.completion"
    assert reply["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "olleh"},
            "finish_reason": "stop",
        }
    ]
    assert reply["usage"]["total_tokens"] == 0


async def test_the_bearer_key_says_which_model_answers():
    models = {
        name: ScriptedModel(lambda _, name=name: Message(Role.ASSISTANT, name))
        for name in ("a", "b")
    }
    async with serve(models.get) as endpoint:
        replies = [(await post(endpoint.base_url, BODY, key)).json() for key in ("a", "b")]
        assert (await post(endpoint.base_url, BODY, "c")).status_code == 401
    assert [reply["choices"][0]["message"]["content"] for reply in replies] == ["a", "b"]


async def test_the_model_is_listed():
    async with serve(echo()) as endpoint, httpx2.AsyncClient() as http:
        listed = (await http.get(f"{endpoint.base_url}/models")).json()
    assert [model["id"] for model in listed["data"]] == ["scripted"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": []},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "text": ""}]}]},
        {**BODY, "n": 2},
        "hello",
    ],
)
async def test_a_request_that_cannot_be_served_is_a_400_that_says_why(body):
    async with serve(echo()) as endpoint:
        response = await post(endpoint.base_url, body)
    assert response.status_code == 400
    assert response.json()["error"]["message"]


async def test_content_in_text_parts_is_joined():
    parts = [{"type": "text", "text": "ab"}, {"type": "text", "text": "c"}]
    async with serve(echo()) as endpoint:
        response = await post(endpoint.base_url, {"messages": [{"role": "user", "content": parts}]})
    assert response.json()["choices"][0]["message"]["content"] == "cba"


async def test_an_unknown_path_is_a_404():
    async with serve(echo()) as endpoint, httpx2.AsyncClient() as http:
        assert (await http.get(f"{endpoint.base_url}/nothing")).status_code == 404


@pytest.mark.parametrize(
    ("error", "status"), [(ProviderError("down"), 502), (BudgetExceededError("spent"), 429)]
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_fails_at_once_is_an_error_status(error, status, stream):
    def script(_):
        raise error

    async with serve(ScriptedModel(script)) as endpoint:
        response = await post(endpoint.base_url, {**BODY, "stream": stream})
    assert response.status_code == status
    assert response.json()["error"]["message"] == str(error)


async def test_a_model_that_fails_in_the_middle_of_a_stream_says_so_in_the_stream():
    class Failing:
        name = "failing"

        async def complete(self, messages, tools=(), *, on_delta=None):
            on_delta("Hal")
            raise ProviderError("lost")

    async with serve(Failing()) as endpoint:
        lines = (await post(endpoint.base_url, {**BODY, "stream": True})).text.strip().split("\n\n")
    assert json.loads(lines[-1].removeprefix("data: "))["error"]["message"] == "lost"


async def test_chunked_bodies_and_kept_connections_are_understood():
    async def chunks():
        data = json.dumps(BODY).encode()
        yield data[:10]
        yield data[10:]

    async with serve(echo()) as endpoint, httpx2.AsyncClient() as http:
        for _ in range(3):
            response = await http.post(f"{endpoint.base_url}/chat/completions", content=chunks())
            assert response.status_code == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: ten\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_request_are_answered_with_4xx_and_hung_up_on(request_bytes):
    async with serve(echo()) as endpoint:
        port = int(endpoint.base_url.split(":")[2].split("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_bytes)
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 4")


async def test_leaving_the_block_ends_a_reply_in_progress():
    started = asyncio.Event()

    class Slow:
        name = "slow"

        async def complete(
            self, messages: Sequence[Message], tools=(), *, on_delta=None
        ) -> ChatReply:
            started.set()
            await asyncio.sleep(60)
            raise AssertionError

    async with serve(Slow()) as endpoint:
        asking = asyncio.create_task(post(endpoint.base_url, BODY))
        await started.wait()
    with pytest.raises(httpx2.HTTPError):
        await asking


_HEAD = st.sampled_from(
    [
        b"",
        b"POST / HTTP/1.1\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n",
        b"5\r\n",
    ]
)


@given(parts=st.lists(_HEAD | st.binary(max_size=20)))
def test_no_bytes_make_the_parser_fail_in_another_way_than_its_own(parts):
    class Sink:
        def write(self, data: bytes) -> None:
            """Interim answers go nowhere."""

    async def parse() -> HttpRequest | None:
        reader = asyncio.StreamReader(limit=64)
        reader.feed_data(b"".join(parts))
        reader.feed_eof()
        return await read_request(reader, Sink())

    with contextlib.suppress(HttpFailure):
        request = asyncio.run(parse())
        assert request is None or isinstance(request.body, bytes)
