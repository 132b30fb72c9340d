"""The agent behind the OpenAI chat API, as the real `openai` client meets it."""

import asyncio
import contextlib
import json

import httpx2
import openai
import pytest

from clawgym.errors import ProviderError
from clawgym.model import ChatReply, Message, Role, ToolRequest, Usage
from clawgym.model.endpoint import serve as serve_model
from clawgym.settings import Settings
from graph_agents.control.spending import Allowance
from graph_agents.options import AgentOptions
from graph_agents.serve_command import ServeRequest, serve_agent

TOKEN = "a-token-of-the-tests"
ME = {"user": "me"}


def use(name: str, **arguments: object) -> Message:
    return Message(Role.ASSISTANT, "", (ToolRequest("c1", name, json.dumps(arguments)),))


class Model:
    """Answers with a function of the conversation; `hold` keeps replies from ending."""

    name = "m"

    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def asked_times(self, number):
        async with asyncio.timeout(10):
            while len(self.asked) < number:  # noqa: ASYNC110 - nothing to wait on but time
                await asyncio.sleep(0.01)

    async def complete(self, messages, tools=(), *, on_delta=None):
        self.asked.append(list(messages))
        said = self.answer(messages)
        reply = said if isinstance(said, Message) else Message(Role.ASSISTANT, said)
        for word in reply.content.split(" ") if on_delta and reply.content else ():
            on_delta(f"{word} ")
        await self.hold.wait()
        return ChatReply(reply, Usage(100, 10, 50), "tool_calls" if reply.tool_calls else "stop")


def count(messages) -> str:
    said = [message.content for message in messages if message.role is Role.USER]
    return f"You said {len(said)}: {said[-1]}"


@contextlib.asynccontextmanager
async def serving(tmp_path, model, **options):
    workspace = tmp_path / "work"
    workspace.mkdir(exist_ok=True)
    async with serve_model(model) as endpoint:
        settings = Settings(model="m", base_url=endpoint.base_url, sandbox="local")
        chosen = AgentOptions(
            workspace, settings, skills="none", state=tmp_path / "s.sqlite", retries=0, **options
        )
        request = ServeRequest(chosen, token=TOKEN)
        told: asyncio.Queue[str] = asyncio.Queue()
        task = asyncio.create_task(serve_agent(request, told.put_nowait))
        first = asyncio.ensure_future(told.get())
        await asyncio.wait([first, task], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield first.result().split()[2]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def client(url: str, **options) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=url, max_retries=0, **{"api_key": TOKEN, **options})


def user(text: str):
    return {"role": "user", "content": text}


async def ask(api, *messages, **options):
    return await api.chat.completions.create(model="clawgym", messages=list(messages), **options)


async def test_the_agent_is_a_model(tmp_path):
    async with serving(tmp_path, Model(count)) as url, client(url) as api:
        assert [model.id for model in (await api.models.list()).data] == ["clawgym"]
        assert (await api.models.retrieve("clawgym")).owned_by == "clawgym"


async def test_an_answer_has_text_usage_and_a_reason(tmp_path):
    async with serving(tmp_path, Model(count)) as url, client(url) as api:
        answer = await ask(api, user("hello"))
    [choice] = answer.choices
    assert choice.message.content.strip() == "You said 1: hello"
    assert choice.finish_reason == "stop"
    assert answer.usage.total_tokens == 110
    assert answer.usage.prompt_tokens_details.cached_tokens == 50


async def test_a_stream_comes_in_pieces_before_the_reply_has_ended(tmp_path):
    model = Model(count)
    model.hold.clear()
    async with serving(tmp_path, model) as url, client(url) as api:
        options = {"include_usage": True}
        stream = await ask(api, user("hello"), stream=True, stream_options=options)
        said, reasons, usage = "", [], None
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                said += choice.delta.content or ""
                reasons.append(choice.finish_reason)
            if said.strip().endswith("hello"):
                model.hold.set()
    assert said.strip() == "You said 1: hello"
    assert [reason for reason in reasons if reason] == ["stop"]
    assert usage.completion_tokens == 10


async def test_the_agent_works_on_the_folder_between_two_things_it_says(tmp_path):
    def answer(messages):
        if messages[-1].role is Role.TOOL:
            return "Done."
        call = ToolRequest("c", "write", '{"path": "a.txt", "content": "x"}')
        return Message(Role.ASSISTANT, "I write.", (call,))

    async with serving(tmp_path, Model(answer)) as url, client(url) as api:
        whole = await ask(api, user("write"))
    assert (tmp_path / "work" / "a.txt").read_text() == "x"
    assert whole.choices[0].message.content.split() == ["I", "write.", "Done."]
    assert "\n\n" in whole.choices[0].message.content
    assert whole.usage.total_tokens == 220


async def continued(api, *messages, **options):
    """Ask, and return the conversation as a client would send it the next time."""
    answer = await ask(api, *messages, **options)
    said = {"role": "assistant", "content": answer.choices[0].message.content}
    return [*messages, said]


async def test_a_conversation_is_recognised_by_its_history(tmp_path):
    model = Model(count)
    async with serving(tmp_path, model) as url, client(url) as api:
        history = await continued(api, user("one"))
        history = await continued(api, *history, user("two"))
        assert history[-1]["content"].strip() == "You said 2: two"
        assert (await ask(api, user("one"))).choices[0].message.content.startswith("You said 1")
    assert [message.content for message in model.asked[1][1:]][::2] == ["one", "two"]


async def test_going_back_in_a_conversation_goes_on_in_a_fork(tmp_path):
    async with serving(tmp_path, Model(count)) as url, client(url) as api:
        start = await continued(api, user("one"))
        first = await continued(api, *start, user("two"))
        other = await continued(api, *start, user("zwei"))
        assert other[-1]["content"].strip() == "You said 2: zwei"
        again = await continued(api, *first, user("three"))
        assert again[-1]["content"].strip() == "You said 3: three"


async def test_a_conversation_survives_a_restart_of_the_server(tmp_path):
    async with serving(tmp_path, Model(count)) as url, client(url) as api:
        history = await continued(api, user("one"))
    async with serving(tmp_path, Model(count)) as url, client(url) as api:
        history = await continued(api, *history, user("two"))
    assert history[-1]["content"].strip() == "You said 2: two"


@pytest.mark.parametrize(
    "named",
    [
        {"extra_headers": {"X-Clawgym-Session": "mine"}},
        {"metadata": {"session": "mine"}},
        {"user": "mine"},
    ],
)
async def test_a_conversation_that_has_a_name_needs_no_history(tmp_path, named):
    async with serving(tmp_path, Model(count)) as url, client(url) as api:
        await ask(api, user("one"), **named)
        answer = await ask(api, user("two"), **named)
    assert answer.choices[0].message.content.strip() == "You said 2: two"


async def test_what_was_said_to_somebody_else_is_told_with_the_first_message(tmp_path):
    model = Model(lambda _: "Yes.")
    said = {"role": "assistant", "content": "I am Bob"}
    system = {"role": "system", "content": "Be brief."}
    async with serving(tmp_path, model) as url, client(url) as api:
        await ask(api, system, user("Who are you?"), said, user("Really?"))
    [_, first] = model.asked[0]
    assert "Be brief." in first.content
    assert "assistant: I am Bob" in first.content
    assert first.content.endswith("Really?")


async def test_nobody_is_asked_and_the_agent_is_told_why(tmp_path):
    model = Model(lambda m: "I see." if m[-1].role is Role.TOOL else use("exec", command="touch a"))
    async with serving(tmp_path, model, policy="careful") as url, client(url) as api:
        answer = await ask(api, user("go"))
    assert answer.choices[0].message.content.strip() == "I see."
    assert "nobody can be asked here" in model.asked[1][-1].content
    assert list((tmp_path / "work").iterdir()) == []


async def test_a_limit_ends_the_answer_and_says_so(tmp_path):
    model = Model(lambda _: use("exec", command="true"))
    allowance = Allowance(tokens=150)
    async with serving(tmp_path, model, allowance=allowance) as url, client(url) as api:
        answer = await ask(api, user("go"))
    assert answer.choices[0].finish_reason == "length"
    assert "stopped before it was done: budget" in answer.choices[0].message.content


async def test_a_model_that_fails_is_an_error_in_openais_shape(tmp_path):
    def fail(_):
        raise ProviderError("boom")

    async with serving(tmp_path, Model(fail)) as url, client(url) as api:
        with pytest.raises(openai.InternalServerError) as whole:
            await ask(api, user("go"))
        with pytest.raises(openai.APIError):
            async for _ in await ask(api, user("go"), stream=True):
                pass
    assert whole.value.status_code == 502
    assert whole.value.body["code"] == "model_failed"


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"model": "gpt-9"}, 404, "does not exist"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 400, "last message"),
        ({"messages": [user("x")], "n": 2}, 400, "one answer"),
        ({"messages": [user("x")], "tools": [{"type": "function"}]}, 400, "tools of its own"),
        ({"messages": [user([{"type": "image_url"}])]}, 400, "cannot be read"),
        ({"messages": [user("x")], "response_format": {"type": "json_object"}}, 400, "text"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(tmp_path, change, status, words):
    body = {"model": "clawgym", "messages": [user("x")]} | change
    async with serving(tmp_path, Model(count)) as url, httpx2.AsyncClient() as http:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = await http.post(f"{url}/chat/completions", json=body, headers=headers)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


async def test_without_the_token_nobody_is_let_in(tmp_path):
    model = Model(count)
    async with serving(tmp_path, model) as url, client(url, api_key="wrong-token-000000") as api:
        with pytest.raises(openai.AuthenticationError):
            await ask(api, user("hello"))
        with pytest.raises(openai.AuthenticationError):
            await api.models.list()
    assert model.asked == []


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
async def test_other_names_and_pages_are_refused_even_with_the_token(tmp_path, headers):
    async with serving(tmp_path, Model(count)) as url, httpx2.AsyncClient() as http:
        headers = {"Authorization": f"Bearer {TOKEN}", **headers}
        answer = await http.get(f"{url}/models", headers=headers)
    assert answer.status_code in (403, 421)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_hangs_up_ends_the_turn_and_frees_the_conversation(tmp_path, stream):
    model = Model(count)
    model.hold.clear()
    async with serving(tmp_path, model) as url, client(url) as api:
        asking = asyncio.create_task(ask(api, user("one"), stream=stream, **ME))
        await model.asked_times(1)
        if stream:
            await (await asking).close()
        else:
            asking.cancel()
        again = asyncio.create_task(ask(api, user("two"), **ME))
        await model.asked_times(2)
        model.hold.set()
        assert (await again).choices[0].message.content.strip() == "You said 2: two"


async def test_conversations_run_side_by_side_and_one_conversation_in_turn(tmp_path):
    model = Model(count)
    async with serving(tmp_path, model) as url, client(url) as api:
        turns = [ask(api, user(f"{n}"), user=f"user {n % 3}") for n in range(9)]
        answers = await asyncio.gather(*turns)
    numbers = sorted(answer.choices[0].message.content.split()[2] for answer in answers)
    assert numbers == ["1:"] * 3 + ["2:"] * 3 + ["3:"] * 3
