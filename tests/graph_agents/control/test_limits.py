"""Budgets, loops, secrets, and models that give way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from clawgym.errors import ContextOverflowError, ProviderBusyError, ProviderError
from clawgym.model import ChatReply, Message, Role, ToolRequest, ToolSchema, Usage
from clawgym.model.patience import Patience
from graph_agents.control.loops import CircleWatch, LoopLimits
from graph_agents.control.overflow import is_overflow
from graph_agents.control.redaction import Redactor
from graph_agents.control.spending import Allowance, SessionBudget
from graph_agents.control.steady import SteadyModel
from graph_agents.events import AgentEvent, FellBack, LoopSeen, Retried, listening
from mcp_servers.toolkit import ToolResult

QUICK = Patience(attempts=3, deadline=5.0, first_wait=0.001, longest_wait=0.002)


def call(name: str = "exec", arguments: str = "{}") -> ToolRequest:
    return ToolRequest("1", name, arguments)


@pytest.mark.parametrize(
    ("allowance", "kind"),
    [
        (Allowance(tokens=30), "tokens"),
        (Allowance(money=0.02), "money"),
        (Allowance(calls=2), "calls"),
        (Allowance(seconds=5), "seconds"),
    ],
)
def test_each_limit_is_reached_and_named(allowance: Allowance, kind: str):
    now = [0.0]
    budget = SessionBudget(allowance, clock=lambda: now[0])
    with budget.at_work():
        budget.charge(Usage(10, 5), 0.01, calls=1)
        now[0] = 3.0
        assert budget.exceeded() is None
        budget.charge(Usage(10, 5), 0.01, calls=1)
        now[0] = 6.0
        seen = budget.exceeded()
    assert seen
    assert seen.kind == kind
    assert seen.used >= seen.limit


def test_time_counts_while_somebody_works_and_once_where_several_do():
    now = [0.0]
    budget = SessionBudget(Allowance(), clock=lambda: now[0])
    with budget.at_work():
        now[0] = 2.0
        with budget.at_work():
            now[0] = 3.0
    now[0] = 100.0  # the user thinks
    with budget.at_work():
        now[0] = 101.0
        assert budget.seconds == 4.0
    budget.charge(Usage(), seconds=6.0)
    assert budget.seconds == 10.0


def test_without_limits_nothing_is_exceeded():
    budget = SessionBudget(Allowance())
    budget.charge(Usage(10**9, 10**9), 10.0**6, calls=10**6)
    assert budget.exceeded() is None


def saw(watch: CircleWatch, *answers: tuple[str, str, bool]) -> list[LoopSeen | None]:
    return [watch.saw(call(arguments=made), ToolResult(text, bad)) for made, text, bad in answers]


def test_the_same_call_with_the_same_answer_is_noticed_then_stopped():
    watch = CircleWatch(LoopLimits(same=3, warnings=1))
    seen = saw(watch, *[("{}", "a", False)] * 6)
    assert [bool(one) for one in seen] == [False, False, True, False, False, True]
    assert [one.stop for one in seen if one] == [False, True]


def test_the_same_call_with_other_answers_is_no_circle():
    watch = CircleWatch(LoopLimits(same=3))
    assert not any(saw(watch, *[("{}", str(number), False) for number in range(20)]))


@pytest.mark.parametrize("details", [{"status": "running"}, {"pending": ["a child"]}])
def test_waiting_for_what_still_runs_is_noticed_much_later(details: dict[str, JsonValue]):
    watch = CircleWatch(LoopLimits(waiting=20))
    silent = ToolResult("(no new output)\nStill running.", details=details)
    seen = [watch.saw(call("process"), silent) for _ in range(20)]
    assert not any(seen[:19])
    assert seen[19]
    assert "still runs" in seen[19].pattern


def test_two_commands_that_are_waited_for_in_turn_are_no_circle():
    watch, running = CircleWatch(), ToolResult("Still running.", details={"status": "running"})
    assert not any(watch.saw(call("process", session), running) for session in "ab" * 9)


def test_a_failing_call_is_noticed_earlier():
    assert saw(CircleWatch(), *[("{}", "no such file", True)] * 3)[-1]


def test_two_calls_in_turn_are_noticed():
    found = saw(CircleWatch(), *[("a", "1", False), ("b", "2", False)] * 4)
    assert found[-1]
    assert "in turn" in found[-1].pattern


def test_many_different_failures_are_noticed():
    found = saw(CircleWatch(), *[(str(number), f"bad {number}", True) for number in range(8)])
    assert found[-1]
    assert "all failed" in found[-1].pattern


def test_known_secrets_are_replaced_by_their_names():
    redactor = Redactor({"MAIL_PASSWORD": "correct horse", "PIN": "1234"})
    assert redactor.redact("log in with correct horse!") == "log in with [secret MAIL_PASSWORD]!"
    assert redactor.redact("the PIN is 1234") == "the PIN is 1234"


def test_secrets_of_the_environment_are_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SERVICE_API_KEY", "abcdefgh-123")
    monkeypatch.setenv("MY_OWN", "other-value-9")
    monkeypatch.setenv("KEYBOARD", "plain-layout")
    text = "abcdefgh-123 other-value-9 plain-layout"
    assert Redactor.of_environment(also=["MY_OWN"]).redact(text) == (
        "[secret SERVICE_API_KEY] [secret MY_OWN] plain-layout"
    )


@pytest.mark.parametrize(
    "key",
    [
        "sk-" + "a1B2" * 8,
        "ghp_" + "x" * 36,
        "AKIA" + "A1B2C3D4E5F6G7H8",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_text_shaped_like_a_key_is_replaced(key: str):
    assert Redactor().redact(f"use {key} now") == "use [secret] now"


@given(st.text(max_size=200))
def test_redacting_twice_changes_nothing_more(text: str):
    redactor = Redactor({"TOKEN": "tokentoken"})
    once = redactor.redact(text)
    assert redactor.redact(once) == once
    assert "tokentoken" not in once


class Failing:
    """A model that fails with each error in turn, then answers."""

    def __init__(self, name: str, *errors: Exception) -> None:
        self.name = name
        self.errors = list(errors)
        self.asked = 0

    async def complete(
        self, messages: object, tools: object = (), *, on_delta: object = None
    ) -> ChatReply:
        del messages, tools, on_delta
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return ChatReply(Message(Role.ASSISTANT, self.name))


async def ask(model: SteadyModel) -> tuple[str, list[AgentEvent]]:
    events: list[AgentEvent] = []
    tools: list[ToolSchema] = []
    with listening(events.append):
        reply = await model.complete([Message(Role.USER, "hello")], tools)
    return reply.message.content, events


async def test_what_may_pass_is_tried_again_and_told():
    model = Failing("a", ProviderBusyError("429"), ProviderBusyError("503"))
    said, events = await ask(SteadyModel([model], QUICK))
    assert said == "a"
    assert [type(event) for event in events] == [Retried, Retried]


async def test_the_next_model_goes_on_and_stays():
    first = Failing("a", *[ProviderBusyError("down")] * 3)
    steady = SteadyModel([first, Failing("b")], QUICK)
    said, events = await ask(steady)
    assert said == "b"
    assert FellBack("a", "b") in events
    assert (await ask(steady))[0] == steady.name == "b"
    assert first.asked == 3


async def test_a_refusal_is_not_repeated():
    first = Failing("a", ProviderError("401"))
    assert (await ask(SteadyModel([first, Failing("b")], QUICK)))[0] == "b"
    assert first.asked == 1


async def test_when_all_fail_the_first_speaks_and_the_others_are_named():
    models = [Failing("a", ProviderError("key a")), Failing("b", ProviderError("key b"))]
    with pytest.raises(ProviderError, match="key a") as caught:
        await ask(SteadyModel(models, QUICK))
    assert any("key b" in note for note in caught.value.__notes__)


async def test_a_conversation_that_is_too_long_is_nobody_elses_to_answer():
    other = Failing("b")
    too_long = ProviderError("This model's maximum context length is 8192 tokens")
    with pytest.raises(ProviderError, match="maximum context"):
        await ask(SteadyModel([Failing("a", too_long), other], QUICK))
    assert other.asked == 0


@pytest.mark.parametrize(
    "words",
    [
        "maximum context length is 4096 tokens",
        "prompt is too long: 210000 tokens",
        "code: context_length_exceeded",
        "the request exceeds the available context size",
        "Please reduce the length of the messages",
    ],
)
def test_overflow_is_told_by_the_words_of_providers(words: str):
    assert is_overflow(ProviderError(words))
    assert not is_overflow(ProviderError("rate limit of 40000 tokens per minute"))
    assert is_overflow(ContextOverflowError("whatever it says"))


def test_too_many_tokens_in_a_minute_are_no_overflow():
    words = "http://host/v1 (model 'm') answered 429: Too many tokens, please wait"
    assert not is_overflow(ProviderError(words))
