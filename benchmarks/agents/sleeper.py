"""A LangChain model in this process that takes its time."""

import asyncio

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from measuring import SAID


class Sleeper(BaseChatModel):
    steps: int
    delay: float

    @property
    def _llm_type(self) -> str:
        return "sleeper"

    def bind_tools(self, tools: object, **options: object) -> "Sleeper":
        return self

    def _generate(self, *_: object, **__: object) -> ChatResult:
        raise NotImplementedError

    async def _agenerate(self, messages: list[BaseMessage], *_: object, **__: object) -> ChatResult:
        await asyncio.sleep(self.delay)
        number = sum(message.type == "ai" for message in messages) + 1
        call = {"name": "look", "args": {"number": number}, "id": f"c{number}"}
        reply = AIMessage(SAID, tool_calls=[call] if number <= self.steps else [])
        return ChatResult(generations=[ChatGeneration(message=reply)])
