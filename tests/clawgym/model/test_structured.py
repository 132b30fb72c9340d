"""Asking for JSON of a schema: enforced where the endpoint can, asked for where it cannot."""

import json

import pytest

from clawgym.errors import BudgetExceededError, ProviderError
from clawgym.model import ChatReply, Message, Role, ScriptedModel, Usage
from clawgym.model._http import HttpRequest, read_request, write_json
from clawgym.model.budget import Budget, BudgetedModel, Prices
from clawgym.model.openai_client import OpenAIModel
from clawgym.model.structured import complete_json
from tests.misbehaving import answering, completion, response

ASK = [Message(Role.USER, "hello")]
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}


class Recording:
    """A server that keeps the bodies of its requests; it refuses schemas if it is told to."""

    def __init__(self, *, takes_schemas: bool) -> None:
        self.bodies: list[dict] = []
        self._takes_schemas = takes_schemas

    async def connected(self, reader, writer) -> None:
        while request := await read_request(reader, writer):
            self._answer(request, writer)
            await writer.drain()
        writer.close()

    def _answer(self, request: HttpRequest, writer) -> None:
        from http import HTTPStatus

        body = json.loads(request.body)
        self.bodies.append(body)
        if "response_format" in body and not self._takes_schemas:
            write_json(writer, {"error": {"message": "no schemas"}}, HTTPStatus.BAD_REQUEST)
            return
        message = {"role": "assistant", "content": "{}"}
        write_json(writer, {"choices": [{"message": message, "finish_reason": "stop"}]})

    async def asked_twice(self) -> list[str]:
        import asyncio

        server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with OpenAIModel("m", f"http://127.0.0.1:{port}/v1", "key", max_retries=0) as model:
            replies = [await complete_json(model, ASK, SCHEMA) for _ in range(2)]
        server.close()
        return [reply.message.content for reply in replies]


async def test_an_endpoint_that_takes_schemas_is_sent_one():
    server = Recording(takes_schemas=True)
    assert await server.asked_twice() == ["{}", "{}"]
    asked = server.bodies[0]["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["schema"] == SCHEMA
    assert asked["json_schema"]["strict"] is True


async def test_an_endpoint_that_refuses_schemas_is_asked_without_and_not_again():
    server = Recording(takes_schemas=False)
    assert await server.asked_twice() == ["{}", "{}"]
    assert ["response_format" in body for body in server.bodies] == [True, False, False]


async def test_a_failure_that_is_not_about_the_schema_stays_a_failure():
    bad = response("400 Bad Request", '{"error": {"message": "too long"}}')
    async with answering([bad]) as url, OpenAIModel("m", url, "key", max_retries=0) as model:
        with pytest.raises(ProviderError, match="too long"):
            await complete_json(model, ASK, SCHEMA)
    denied = response("401 Unauthorized", '{"error": {"message": "who?"}}')
    async with (
        answering([denied, completion()]) as url,
        OpenAIModel("m", url, "key", max_retries=0) as model,
    ):
        with pytest.raises(ProviderError, match="check the API key"):
            await complete_json(model, ASK, SCHEMA)


async def test_a_model_that_knows_no_schemas_is_asked_in_the_plain_way():
    model = ScriptedModel([Message(Role.ASSISTANT, "{}")])
    assert (await complete_json(model, ASK, SCHEMA)).message.content == "{}"


async def test_a_budget_holds_for_json_and_for_money():
    class Costly:
        name = "costly"

        async def complete(self, messages, tools=(), *, on_delta=None):
            return ChatReply(Message(Role.ASSISTANT, "{}"), Usage(1_000_000, 500_000))

    model = BudgetedModel(Costly(), Budget(cost=3.0, prices=Prices(prompt=1.0, completion=4.0)))
    await complete_json(model, ASK, SCHEMA)
    assert model.cost == 3.0
    with pytest.raises(BudgetExceededError, match="the budget of 3 cost"):
        await complete_json(model, ASK, SCHEMA)
