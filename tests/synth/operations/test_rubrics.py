"""Rubrics speak of their task, and the proxies rank good texts above spoilt ones."""

import random
import re
from dataclasses import replace
from statistics import fmean

import pytest

from clawgym.artifact import ArtifactKind
from synth.routes import draw
from synth.rubric_proxies import expectation_of, free_text, proxy_score
from synth.rubrics import prose_nodes, rubric_for
from synth.scene import Form
from tests.synth.examples import grown, recipe
from tests.synth.operations.one_node import Made, make, solve
from verify.rubric import Rubric
from verify.rubric.rubric import FILE_NAME

_PROSE = (
    ("report", ArtifactKind.TABLE),
    ("summarize", ArtifactKind.DOCUMENT),
    ("draft", ArtifactKind.RECORDS),
)


def prose_tasks(operation: str, kind: ArtifactKind, seeds: int = 40) -> list[Made]:
    made = (make(operation, kind, seed, level=seed % 3 + 1) for seed in range(seeds))
    return [one for one in made if one and list(prose_nodes(one.scene))]


def spoilt(rng: random.Random, text: str, instruction: str) -> dict[str, str]:
    words = text.split()
    mixed = rng.sample(words, len(words))
    return {
        "shuffled": " ".join(mixed),
        "truncated": " ".join(words[: max(3, len(words) // 6)]),
        "echo": instruction,
        "padded": " ".join([text, *["It should be noted that this matters."] * 40]),
        "empty": "",
    }


@pytest.mark.parametrize(("operation", "kind"), _PROSE)
def test_a_rubric_has_two_to_four_criteria_on_the_deliverable(
    operation: str, kind: ArtifactKind
) -> None:
    for made in prose_tasks(operation, kind):
        rubric = rubric_for(random.Random(1), made.scene)
        assert rubric
        assert 2 <= len(rubric.criteria) <= 4
        path = made.scene.slots[made.node.output].path
        assert all(criterion.covers(path) for criterion in rubric.criteria)
        assert not re.search(r"[{}]", rubric.dumps().replace("{reader}", "{"))
        assert Rubric.loads(rubric.dumps()) == rubric


def test_what_comes_first_is_judged_where_it_is_asked_for() -> None:
    hybrid = replace(recipe(1, mixture=0.5), hybrid=1.0)
    drawn = [task for index in range(40) if (task := draw(hybrid, index).task)]
    asked = set[bool]()
    for task in drawn:
        if FILE_NAME not in task.tests:
            continue
        judged = '"next-step"' in task.tests[FILE_NAME].data.decode()
        assert judged == ("one more sentence" in task.instruction)
        asked.add(judged)
    assert asked == {False, True}


def test_nobody_is_judged_by_words_that_stood_there_before() -> None:
    scenes = [scene for seed in range(60) if (scene := grown(seed, Form.REPAIR))]
    assert scenes
    assert not any(list(prose_nodes(scene)) for scene in scenes)


def test_there_is_no_rubric_without_prose() -> None:
    made = make("checksum", ArtifactKind.ARCHIVE, 1)
    assert made
    assert rubric_for(random.Random(1), made.scene) is None


@pytest.mark.parametrize("way", ["reference", "second"])
@pytest.mark.parametrize(("operation", "kind"), _PROSE)
def test_proxies_rank_solutions_above_spoilt_texts(
    operation: str, kind: ArtifactKind, way: str
) -> None:
    good: list[float] = []
    bad: dict[str, list[float]] = {}
    for made in prose_tasks(operation, kind, seeds=60):
        slot = made.scene.slots[made.node.output]
        wanted = expectation_of(slot.value)
        assert wanted
        text = free_text(slot.value, solve(made, way)[slot.path].data.decode())
        good.append(proxy_score(text, wanted))
        for name, other in spoilt(random.Random(3), text, made.task.instruction).items():
            bad.setdefault(name, []).append(proxy_score(other, wanted))
    assert len(good) >= 5
    assert fmean(good) > 0.7
    for name, scores in bad.items():
        assert fmean(scores) < fmean(good) - 0.05, (name, fmean(scores), fmean(good))
