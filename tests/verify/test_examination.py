"""The whole card: a sound verifier passes it, and each bad one is caught by the right rule."""

import asyncio

import pytest

from clawgym.sandbox import Backend
from clawgym.task import Task
from tests.verify import bad_verifiers as bad
from tests.verify.bad_verifiers import task_with
from verify.attempts import Family
from verify.cards import Card, Depth
from verify.examination import Examiner, examine
from verify.probes import LAZY

DEPTH = Depth(mutants=14)


async def card_of(task: Task, backend: Backend, depth: Depth = DEPTH) -> Card:
    return await examine(task, Examiner(backend, asyncio.Semaphore(4), depth, LAZY))


async def rules_of(task: Task, backend: Backend, depth: Depth = DEPTH) -> set[str]:
    return {finding.rule for finding in (await card_of(task, backend, depth)).findings}


@pytest.fixture(scope="module")
async def shallow(backend: Backend) -> Card:
    """The card of a verifier that some mutants survive."""
    return await card_of(task_with(bad.SHALLOW), backend)


async def test_a_sound_verifier_has_a_clean_card(backend: Backend) -> None:
    alternative = "#!/bin/sh\nprintf 'city,total\\r\\n\"Jena\",5\\r\\nBonn,6\\r\\n' > totals.csv\n"
    card = await card_of(task_with(bad.SOUND, alternative=alternative), backend)
    assert card.findings == ()
    assert {outcome.family for outcome in card.outcomes} == set(Family)
    assert all(outcome.score is not None for outcome in card.outcomes)
    assert not any(outcome.wrong for outcome in card.outcomes)
    assert card.mutants.made == 14 < card.mutants.possible
    assert card.reference


@pytest.mark.parametrize(
    ("grader", "caught"),
    [
        (bad.EXISTS, {"lazy-earns", "mutant-survives", "fuzz-survives"}),
        (bad.BRITTLE, {"fuzz-crash"}),
        (bad.GULLIBLE, {"tampering-earns"}),
        (bad.IMPORTING, {"tampering-earns", "runs-workspace-code"}),
        (bad.SLOW, {"fuzz-slow"}),
        (bad.FUSSY, {"tampering-breaks"}),
        (bad.CARELESS, {"mutant-survives"}),
        (bad.MOODY, {"oracle-unsteady"}),
        (bad.LOCAL, {"oracle-unsteady"}),
    ],
    ids=lambda value: value.split("(")[0][:12] if isinstance(value, str) else "",
)
async def test_a_bad_verifier_is_caught_by_the_right_rule(
    backend: Backend, grader: str, caught: set[str]
) -> None:
    task = task_with(grader, timeout=5.0)
    depth = DEPTH if "mutant-survives" in caught else Depth(mutants=0)
    found = await rules_of(task, backend, depth)
    assert caught <= found, found


async def test_a_verifier_that_is_always_content_breaks_nearly_every_rule(
    backend: Backend,
) -> None:
    found = await rules_of(task_with(bad.ALWAYS), backend)
    assert {
        "noop-earns",
        "lazy-earns",
        "mutant-survives",
        "fuzz-survives",
        "tampering-earns",
    } <= found


async def test_a_second_solution_that_is_refused_is_a_finding(backend: Backend) -> None:
    other = "#!/bin/sh\nprintf 'city,total\\nJena,5\\nBonn,6\\n' > totals.csv\n"
    card = await card_of(task_with(bad.LITERAL, alternative=other), backend)
    assert [finding.rule for finding in card.findings] == ["alternative-rejected"]


async def test_a_check_that_never_fails_is_inert(backend: Backend) -> None:
    findings = (await card_of(task_with(bad.PADDED), backend)).findings
    [inert] = [finding for finding in findings if finding.rule == "inert-check"]
    assert "free" in inert.message


async def test_a_survivor_is_named_with_its_mistake_and_its_place(shallow: Card) -> None:
    messages = [one.message for one in shallow.findings if one.rule == "mutant-survives"]
    assert any("mutant:drop-row:totals.csv:row 2 still earns 1.000" in text for text in messages)
    assert not any("row 1" in text and "drop-row" in text for text in messages)


async def test_without_a_solution_the_card_says_so_and_the_rest_still_runs(
    backend: Backend,
) -> None:
    card = await card_of(task_with(bad.BRITTLE, solve=""), backend)
    assert not card.reference
    assert {"no-solution", "fuzz-crash"} <= {finding.rule for finding in card.findings}
    assert card.of(Family.FUZZ)
    assert not card.of(Family.MUTANT, Family.ORACLE)


async def test_a_solution_is_asked_for_only_where_it_is_due(backend: Backend) -> None:
    depth = Depth(quick=True, require_solution=False)
    assert (await card_of(task_with(bad.SOUND, solve=""), backend, depth)).findings == ()


async def test_the_same_seed_gives_the_same_card(shallow: Card, backend: Backend) -> None:
    again = await card_of(task_with(bad.SHALLOW), backend)
    told = [(outcome.name, outcome.score) for outcome in shallow.outcomes]
    assert [(outcome.name, outcome.score) for outcome in again.outcomes] == told
    assert again.findings == shallow.findings


async def test_generated_verifiers_have_clean_cards(
    backend: Backend, generated: list[Task]
) -> None:
    card = await card_of(generated[1], backend, Depth(mutants=25))
    assert card.findings == ()
    assert all(row.cores or row.gates for row in card.matrix)
    assert any(row.caught for row in card.matrix)


async def test_another_task_s_work_is_handed_in_as_well(
    backend: Backend, generated: list[Task]
) -> None:
    examiner = Examiner(backend, asyncio.Semaphore(2), Depth(quick=True), LAZY)
    other = generated[2]
    card = await examine(generated[1], examiner, other=(other, await examiner.solve(other)))
    [outcome] = [o for o in card.outcomes if o.name == "lazy:other"]
    assert outcome.score == 0.0
