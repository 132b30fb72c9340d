"""The judge: votes, repairs, pages, the cache and the budget. The model answers over HTTP."""

import json
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clawgym.errors import ProviderError, UsageError
from clawgym.files import Files
from clawgym.model import ChatModel, Message, Role
from clawgym.model.answer_cache import AnswerCache
from clawgym.model.budget import Budget, Prices
from clawgym.model.endpoint import serve
from clawgym.model.openai_client import OpenAIModel
from clawgym.model.scripted import ScriptedModel
from clawgym.reward import Cause, Ungraded
from clawgym.trajectory import Agent, Step, Trajectory
from tests.verify.rubric.works import (
    RUBRIC,
    answer,
    criterion,
    delivered,
    judged_task,
    without_pypdf,
)
from verify.rubric.judge import Judge, RubricScore, Work
from verify.rubric.paging import Paging
from verify.rubric.rubric import Rubric

ESSAY = delivered(output__essay_md="Rivers.\n")
GOOD = answer({"clarity": 1.0, "depth": 0.5})


class Endpoint:
    """An endpoint that answers by a script, and remembers the prompts."""

    def __init__(self, script: Callable[[str, int], str]) -> None:
        self.prompts: list[str] = []
        self._script = script

    def __call__(self, messages: Sequence[Message]) -> Message:
        self.prompts.append(messages[-1].content)
        return Message(Role.ASSISTANT, self._script(messages[-1].content, len(self.prompts)))

    @asynccontextmanager
    async def model(self) -> AsyncGenerator[ChatModel]:
        async with (
            serve(ScriptedModel(self)) as endpoint,
            OpenAIModel("judge", endpoint.base_url, "key") as model,
        ):
            yield model


def always(text: str) -> Endpoint:
    return Endpoint(lambda _prompt, _call: text)


async def judged(endpoint: Endpoint, work: Files = ESSAY, **options) -> RubricScore | Ungraded:
    async with endpoint.model() as model:
        return await Judge(model, **options).judge(judged_task(), work)


async def test_a_score_is_the_weighted_mean_with_its_reasons() -> None:
    score = await judged(always(GOOD), votes=1)
    assert isinstance(score, RubricScore)
    assert score.score == 0.25 * 1.0 + 0.75 * 0.5
    assert [(c.id, c.weight, c.score, c.votes[0].reason) for c in score.criteria] == [
        ("clarity", 0.25, 1.0, "because of clarity"),
        ("depth", 0.75, 0.5, "because of depth"),
    ]


async def test_each_criterion_gets_the_median_of_its_votes() -> None:
    bands = [0.0, 1.0, 0.75]
    endpoint = Endpoint(lambda _, call: answer({"clarity": bands[call - 1], "depth": 0.5}))
    score = await judged(endpoint, votes=3, concurrency=1)
    assert isinstance(score, RubricScore)
    assert score.criteria[0].score == 0.75
    assert sorted(vote.band for vote in score.criteria[0].votes) == [0.0, 0.75, 1.0]


async def test_votes_see_the_criteria_in_different_orders_and_always_the_same() -> None:
    orders: list[list[list[str]]] = []
    for _ in range(2):
        endpoint = always(GOOD)
        await judged(endpoint, votes=4, concurrency=1)
        orders.append(
            [re.findall(r"^## (\w+)", prompt, re.MULTILINE) for prompt in endpoint.prompts]
        )
    assert orders[0] == orders[1]
    assert ["clarity", "depth"] in orders[0]
    assert ["depth", "clarity"] in orders[0]


@pytest.mark.parametrize(
    "bad",
    [
        "I would say 1.0",
        answer({"clarity": 1.0}),
        answer({"clarity": 1.0, "depth": 0.5, "style": 1.0}),
        answer({"clarity": 1.0, "depth": 0.6}),
        GOOD.replace("0.5", "true"),
        GOOD.replace("0.5", "NaN"),
        GOOD.replace("0.5", "null"),
        GOOD.replace("because of depth", ""),
        GOOD.replace('"suspicions"', '"total"'),
        f"Here you are: {GOOD}",
        f"{GOOD}\n{GOOD}",
        "",
    ],
)
async def test_an_unusable_answer_is_repaired_and_never_guessed_at(bad: str) -> None:
    endpoint = Endpoint(lambda _, call: bad if call == 1 else GOOD)
    score = await judged(endpoint, votes=1)
    assert isinstance(score, RubricScore)
    assert score.score == 0.625
    assert endpoint.prompts[1].startswith("Your answer cannot be used: ")


@pytest.mark.parametrize("good", [f"```json\n{GOOD}\n```", f"<think>hm {{</think>\n{GOOD}"])
async def test_a_fence_or_thoughts_around_an_answer_do_no_harm(good: str) -> None:
    endpoint = always(good)
    assert isinstance(await judged(endpoint, votes=1), RubricScore)
    assert len(endpoint.prompts) == 1


async def test_a_judge_that_never_answers_usably_leaves_the_work_ungraded() -> None:
    endpoint = always(answer({"clarity": 0.3, "depth": 0.5}))
    verdict = await judged(endpoint, votes=1)
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.PROVIDER
    assert "no usable answer in 3 attempts" in verdict.reason
    assert len(endpoint.prompts) == 3


async def test_an_endpoint_that_fails_leaves_the_work_ungraded() -> None:
    def fail(_prompt: str, _call: int) -> str:
        raise ProviderError("no such model")

    verdict = await judged(Endpoint(fail), votes=2)
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.PROVIDER


async def test_nothing_delivered_earns_nothing_and_costs_nothing() -> None:
    endpoint = always(GOOD)
    score = await judged(endpoint, judged_task().workspace)
    assert isinstance(score, RubricScore)
    assert (score.score, endpoint.prompts) == (0.0, [])
    assert "nothing was delivered" in score.criteria[0].votes[0].reason


async def test_a_criterion_whose_files_are_missing_is_not_asked_about() -> None:
    rubric = Rubric(criteria=(criterion("clarity"), criterion("depth", target="output/x.md")))
    endpoint = always(answer({"clarity": 1.0}))
    async with endpoint.model() as model:
        score = await Judge(model, votes=1).judge(judged_task(rubric), ESSAY)
    assert isinstance(score, RubricScore)
    assert score.score == 0.5
    assert score.criteria[1].votes[0].reason.startswith('no file matches "output/x.md"')
    assert "depth" not in endpoint.prompts[0]


async def test_what_the_agent_said_is_judged_where_the_rubric_says_so() -> None:
    steps = [Step(step_id=1, source="agent", message="I found forty rivers.")]
    spoken = Trajectory(agent=Agent(name="a", version="1"), steps=steps)
    endpoint = always(GOOD)
    async with endpoint.model() as model:
        judge = Judge(model, votes=1)
        for includes in (False, True):
            task = judged_task(RUBRIC.model_copy(update={"include_messages": includes}))
            await judge.judge(task, task.workspace, spoken)
    assert len(endpoint.prompts) == 1
    assert "| I found forty rivers." in endpoint.prompts[0]


def _reader(prompt: str, _call: int) -> str:
    """Notes the numbers that a page holds; says 1 if the notes hold all of them."""
    if '{"notes"' not in prompt:
        whole = all(f"[{n}]" in prompt for n in (1, 2_500, 5_000))
        return answer({"clarity": float(whole), "depth": float(whole)})
    seen = " ".join(f"[{n}]" for n in (1, 2_500, 5_000) if f"line {n} of" in prompt)
    return json.dumps({"notes": {"clarity": seen, "depth": seen}, "suspicions": []})


@pytest.mark.parametrize("page_chars", [8_000, 40_000, 10**6])
async def test_a_long_deliverable_is_read_to_its_end(page_chars: int) -> None:
    text = "".join(f"line {n} of the essay on rivers\n" for n in range(1, 5_001))
    endpoint = Endpoint(_reader)
    paging = Paging(page_chars=page_chars)
    if page_chars == 10**6:
        endpoint = always(answer({"clarity": 1.0, "depth": 1.0}))
    score = await judged(endpoint, delivered(output__essay_md=text), votes=1, paging=paging)
    assert isinstance(score, RubricScore)
    assert score.score == 1.0
    assert max(len(prompt) for prompt in endpoint.prompts) < page_chars + 8_000
    assert score.findings == ()


async def test_what_is_not_shown_is_said_to_the_judge_and_in_the_result() -> None:
    endpoint = Endpoint(_reader)
    work = delivered(output__a_md="short\n", output__b_md="line\n" * 5_000)
    score = await judged(endpoint, work, votes=1, paging=Paging(4_000, max_pages=2))
    assert isinstance(score, RubricScore)
    assert any("b.md" in finding and "not shown" in finding for finding in score.findings)
    assert "not shown to its end" in endpoint.prompts[-1]


async def test_a_question_is_paid_for_once(tmp_path: Path) -> None:
    endpoint, cache = always(GOOD), AnswerCache(tmp_path / "deep" / "judge.sqlite")
    first = await judged(endpoint, votes=2, cache=cache)
    cache.close()
    again = AnswerCache(tmp_path / "deep" / "judge.sqlite")
    assert await judged(endpoint, votes=2, cache=again) == first
    assert len(endpoint.prompts) == 2
    await judged(endpoint, votes=3, cache=again)
    assert len(endpoint.prompts) == 3
    await judged(endpoint, votes=1, cache=again, sampling="temperature=1")
    assert len(endpoint.prompts) == 4
    await judged(endpoint, delivered(output__essay_md="Lakes.\n"), votes=1, cache=again)
    assert len(endpoint.prompts) == 5


async def test_two_processes_may_use_one_cache(tmp_path: Path) -> None:
    endpoint = always(GOOD)
    caches = [AnswerCache(tmp_path / "judge.sqlite") for _ in range(2)]
    for cache in caches:
        await judged(endpoint, votes=2, cache=cache)
    assert len(endpoint.prompts) == 2


async def test_equal_questions_at_the_same_time_are_asked_once() -> None:
    endpoint = always(GOOD)
    async with endpoint.model() as model:
        judge = Judge(model, votes=1, concurrency=8)
        import anyio

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(judge.judge, judged_task(), ESSAY)
    assert len(endpoint.prompts) == 1
    assert (judge.tally.questions, judge.tally.from_cache) == (5, 4)


async def test_an_answer_that_was_bad_is_not_kept() -> None:
    endpoint = Endpoint(lambda _, call: "bad" if call <= 3 else GOOD)
    cache = AnswerCache(None)
    assert isinstance(await judged(endpoint, votes=1, cache=cache), Ungraded)
    assert isinstance(await judged(endpoint, votes=1, cache=cache), RubricScore)


async def test_a_budget_that_is_used_up_leaves_ungraded_and_the_next_run_goes_on() -> None:
    endpoint, cache = always(GOOD), AnswerCache(None)
    stopped = await judged(endpoint, votes=3, cache=cache, budget=Budget(calls=2))
    assert isinstance(stopped, Ungraded)
    assert "the budget of 2 calls" in stopped.reason
    assert isinstance(
        await judged(endpoint, votes=3, cache=cache, budget=Budget(calls=1)), RubricScore
    )
    assert len(endpoint.prompts) == 3


async def test_money_is_counted_by_its_price() -> None:
    model = ScriptedModel([Message(Role.ASSISTANT, GOOD)])
    judge = Judge(model, votes=1, budget=Budget(cost=0.0, prices=Prices(1.0, 2.0)))
    verdict = await judge.judge(judged_task(), ESSAY)
    assert isinstance(verdict, Ungraded)
    assert "the budget of 0 cost" in verdict.reason


def test_a_file_that_is_no_cache_is_named(tmp_path: Path) -> None:
    path = tmp_path / "judge.sqlite"
    path.write_bytes(b"not a database, for sure" * 100)
    with pytest.raises(UsageError, match=r"judge\.sqlite as a cache"):
        AnswerCache(path)


async def test_a_malformed_rubric_is_the_tasks_failure() -> None:
    verdict = await Judge(ScriptedModel([])).judge(judged_task("criteria = 1"), ESSAY)
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.TASK


async def test_a_file_that_cannot_be_shown_leaves_ungraded(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pypdf(monkeypatch)
    work = Work("Write.", Files(), Files({"a.pdf": b"%PDF-1.4"}))
    verdict = await Judge(ScriptedModel([])).score(work, RUBRIC)
    assert isinstance(verdict, Ungraded)
    assert verdict.cause is Cause.VERIFIER
