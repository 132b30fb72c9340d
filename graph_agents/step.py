"""One call of the model, with what comes before and after it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.types import Overwrite

from clawgym.errors import ContextOverflowError, ProviderError
from graph_agents.charging import charged
from graph_agents.chat_model import model_name, redacted, tool_requests
from graph_agents.control.overflow import is_overflow
from graph_agents.conversation import mark, marked
from graph_agents.events import (
    AgentEvent,
    BudgetSeen,
    Charged,
    Compacted,
    ModelReplied,
    Nudged,
    Steered,
    StopReason,
    emit,
    listener,
    listening,
)
from graph_agents.flushing import flush_with
from graph_agents.hearing import Heard
from graph_agents.journal.entries import Kind
from graph_agents.journal.ledger import Ledger
from graph_agents.journal.sessions import new_id
from graph_agents.journal.spending import Spent, spent_on, spent_on_reply
from graph_agents.state import AgentState
from graph_agents.steering import steering
from graph_agents.thread import Thread
from graph_agents.turnstile import outside

_NUDGE = (
    "Your last reply was empty. Go on with the task by calling a tool, or, if it is finished, say "
    "in a sentence what you did."
)

_GROWTH = 16
"""By which part of the window a conversation has to grow before a summary is tried again."""

_SHORTENED = 4
"""How often a conversation is made shorter for one reply; each time by half at least."""


class Step:
    """Takes the state of a thread one reply further."""

    def __init__(self, thread: Thread, state: AgentState, ledger: Ledger | None) -> None:
        self._thread = thread
        self._kit = thread.kit
        self._ledger = ledger
        self._messages = state.get("messages", [])
        self._new: list[AnyMessage] = []
        self._rewritten = False
        thread.conversation.follow(self._messages)

    async def take(self) -> AgentState:
        """The change of the state.

        Raises:
            ProviderError: the model failed; a `ContextOverflowError` where the conversation is too
                long and could not be made shorter.
            BudgetExceededError: the model has a budget of its own, which is used up.
        """
        if reason := self._over():
            return self._update(reason)
        self._steer()
        await self._compact_in_time()
        reply = await self._reply()
        if reply is None:
            return self._update(StopReason.INTERRUPTED)
        return self._update(self._judged(reply))

    async def compact(self) -> AgentState:
        """Only summarise; the change of the state, empty where no summary could be made."""
        await self._compact()
        messages: Any = Overwrite(self._messages)
        return {"messages": messages} if self._rewritten else {}

    def _over(self) -> StopReason | None:
        """Why the model must not be asked again."""
        control = steering()
        if control and control.interrupted:
            return StopReason.INTERRUPTED
        if self._thread.conversation.turns >= self._kit.limits.max_turns:
            return StopReason.MAX_TURNS
        seen = self._thread.budget.exceeded() if self._thread.budget else None
        if seen is None:
            return None
        self._report(seen)
        return StopReason.BUDGET

    def _report(self, seen: BudgetSeen) -> None:
        emit(seen)
        if self._ledger:
            self._ledger.note(Kind.BUDGET, kind=seen.kind, used=seen.used, limit=seen.limit)

    def _steer(self) -> None:
        control = steering()
        redactor = self._kit.parts.redactor
        for said in control.taken() if control else ():
            text = redactor.redact(said) if redactor else said
            self._add(HumanMessage(text, additional_kwargs=mark("steer"), id=new_id()))
            self._thread.conversation.follow(self._messages)
            emit(Steered(text))

    def _add(self, message: AnyMessage) -> None:
        self._new.append(message)
        self._messages = [*self._messages, message]

    async def _compact_in_time(self) -> None:
        parts, refused = self._kit.parts, self._thread.refused
        if not (parts.compactor and parts.tokens and parts.window):
            return
        tokens = parts.tokens.count(self._messages)
        if refused is not None and refused <= tokens < refused + parts.window // _GROWTH:
            return  # it was tried with nearly the same, and would fail in the same way
        if parts.compactor.wanted(tokens, parts.window):
            self._thread.refused = None if await self._compact() else tokens

    async def _compact(self) -> bool:
        """Put a summary in the place of the beginning; False where there is none to be had."""
        compactor, thread = self._kit.parts.compactor, self._thread
        if compactor is None:
            return False
        parts, tools = self._kit.parts, self._kit.tools
        with self._paying(), charged(self._kit.model) as model:
            flush = flush_with(parts, tools, model, thread.system, self._messages)
            async with outside():
                made = await compactor.compact(self._messages, model, flush)
        if made is None:
            return False
        summary, kept = made.summary, self._messages[made.first_kept :]
        summary.id = summary.id or new_id()
        summary.additional_kwargs.update(mark("summary"))
        if self._ledger:
            self._ledger.compacted(summary, len(kept), made.tokens_before)
        self._messages, self._rewritten = [summary, *kept], True
        thread.conversation.rewrite(self._messages)
        emit(Compacted(made.tokens_before, made.tokens_after))
        return True

    @contextmanager
    def _paying(self) -> Generator[None]:
        """Whatever is `Charged` in the block is the session's to pay, also where no turn runs."""
        tell = listener()

        def hear(event: AgentEvent) -> None:
            if isinstance(event, Charged):
                spent = spent_on(event.usage, event.model, self._kit.parts.price)
                self._spend(spent)
                if self._ledger:
                    self._ledger.note(Kind.CHARGE, model=event.model, **asdict(spent))
            if tell:
                tell(event)

        with listening(hear):
            yield

    async def _reply(self) -> AIMessage | None:
        for shortened in range(_SHORTENED + 1):
            try:
                return await self._asked()
            except ProviderError as error:
                if not is_overflow(error):
                    raise
                if shortened == _SHORTENED or not await self._compact():
                    raise ContextOverflowError(
                        f"the conversation does not fit into the model's window: {error}; start a "
                        "new session, or use a model with a larger window"
                    ) from error
        raise AssertionError("the last round returns or raises")

    async def _asked(self) -> AIMessage | None:
        thread = self._thread
        thread.tools()
        heard = Heard(self._kit.parts.redactor) if self._kit.stream else None
        reply = thread.respond(thread.system, thread.conversation, heard)
        control = steering()
        async with outside():
            said = await (control.asking(reply) if control else reply)
        if heard:
            heard.end()
        return said

    def _judged(self, reply: AIMessage) -> StopReason | None:
        """Take in a reply; why the turn is over, if it is."""
        asked = model_name(self._kit.model)
        self._spend(spent_on_reply(reply, asked, self._kit.parts.price))
        if self._kit.parts.redactor:
            reply = redacted(reply, self._kit.parts.redactor.redact)
        reply.id = new_id()
        before = self._messages[-1] if self._messages else None
        self._add(reply)
        emit(ModelReplied(reply))
        control = steering()
        if tool_requests(reply) or (reply.text and control and control.waiting):
            return None
        if reply.text:
            cut_off = reply.response_metadata.get("finish_reason") == "length"
            return StopReason.LENGTH if cut_off else StopReason.DONE
        if before is not None and marked(before, "nudge"):
            return StopReason.EMPTY_REPLY
        nudge = HumanMessage(_NUDGE, additional_kwargs=mark("nudge"), id=new_id())
        self._add(nudge)
        emit(Nudged(nudge))
        return None

    def _spend(self, spent: Spent) -> None:
        if self._thread.budget:
            self._thread.budget.charge(spent.usage, spent.cost)

    def _update(self, reason: StopReason | None) -> AgentState:
        if reason:
            self._thread.conversation.rest()
        messages: Any = Overwrite(self._messages) if self._rewritten else self._new
        return {"messages": messages, "stop_reason": reason and reason.value}
