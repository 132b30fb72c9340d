from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawgym.errors import UsageError
from clawgym.files import Files
from synth.dataset.profile import Profile, profile_of
from synth.dataset.sampling import sample
from synth.dataset.splitting import split
from tests.synth.dataset.examples import make_profile, make_task, sentence

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}


def tasks(number: int, **options: object) -> list[Profile]:
    return [
        make_profile(f"t{n:03}", sentence(n), difficulty=1 + n % 2, **options)
        for n in range(number)
    ]


def skewed() -> list[Profile]:
    """90 of one skill, 10 of another."""
    return [
        make_profile(f"t{n:03}", sentence(n), primary_skill="rare" if n % 10 == 0 else "often")
        for n in range(100)
    ]


def test_rare_values_are_taken_first():
    chosen = sample(skewed(), 20, balance=["skill"])
    assert Counter(task.skills[0] for task in chosen) == {"rare": 10, "often": 10}


def test_without_features_the_shares_stay():
    chosen = sample(skewed(), 50)
    assert Counter(task.skills[0] for task in chosen)["often"] > 35


def test_the_seed_decides_and_the_order_does_not():
    held = skewed()
    ids = [task.id for task in sample(held, 20, balance=["skill"], seed=1)]
    assert ids == sorted(ids)
    assert {task.id for task in sample(held[::-1], 20, balance=["skill"], seed=1)} == set(ids)
    assert [task.id for task in sample(held, 20, balance=["skill"], seed=2)] != ids


def test_more_than_there_is_cannot_be_sampled():
    with pytest.raises(UsageError, match="ask for fewer"):
        sample(tasks(3), 4)


def test_parts_have_their_shares_and_their_strata():
    held = tasks(200)
    parts = split(held, SHARES, stratify=["difficulty"]).parts
    assert {name: len(ids) for name, ids in parts.items()} == {"train": 160, "val": 20, "test": 20}
    by_id = {task.id: task.metadata.difficulty for task in held}
    assert Counter(by_id[task_id] for task_id in parts["val"]) == {1: 10, 2: 10}


def part_of(found: dict[str, list[str]]) -> dict[str, str]:
    return {task_id: name for name, ids in found.items() for task_id in ids}


def test_near_duplicates_never_straddle():
    held = [
        make_profile(f"t{n}-{copy}", f"{sentence(n, 80)} {copy}")
        for n in range(30)
        for copy in range(3)
    ]
    found = split(held, SHARES)
    assert (found.groups, found.largest) == (30, 3)
    where = part_of(found.parts)
    assert all(len({where[f"t{n}-{copy}"] for copy in range(3)}) == 1 for n in range(30))


@pytest.mark.parametrize(
    ("options", "group_by"),
    [
        ({"labels": {"family": "one"}}, []),
        ({"workspace": "the,same\n"}, []),
        ({"persona": "a clerk"}, ["persona"]),
    ],
)
def test_families_files_and_named_features_never_straddle(
    options: dict[str, object], group_by: list[str]
):
    related = [make_profile(f"r{n}", sentence(1000 + n), **options) for n in range(4)]
    where = part_of(split([*tasks(40), *related], SHARES, group_by=group_by).parts)
    assert len({where[task.id] for task in related}) == 1


def with_files(task_id: str, number: int, **files: str) -> Profile:
    own = Files({"input/own.csv": f"{task_id}\n", **files})
    return profile_of(replace(make_task(task_id, sentence(number)), workspace=own))


def test_tasks_that_share_an_input_file_never_straddle():
    package = "def price(amount):\n    return amount\n" * 10
    related = [with_files(f"r{n}", 1000 + n, **{f"src/module{n}.py": package}) for n in range(4)]
    found = split([*tasks(40), *related], SHARES)
    assert len({part_of(found.parts)[task.id] for task in related}) == 1
    assert (found.groups, found.largest) == (41, 4)


def test_short_files_and_those_of_most_tasks_keep_nothing_together():
    licence = "You may do with it what you like.\n" * 10
    held = [
        with_files(f"t{n}", n, **{"LICENSE": licence, "src/__init__.py": ""}) for n in range(12)
    ]
    assert split(held, SHARES).groups == 12


def test_the_seed_decides_the_split():
    held = tasks(60)
    assert split(held, SHARES, seed=1) == split(held, SHARES, seed=1)
    assert split(held, SHARES, seed=1) != split(held, SHARES, seed=2)


@settings(max_examples=30)
@given(st.integers(3, 40), st.integers(0, 5))
def test_every_task_is_in_exactly_one_part(number: int, seed: int):
    held = tasks(number)
    parts = split(held, SHARES, stratify=["difficulty", "skill"], seed=seed).parts
    assert sorted(task_id for ids in parts.values() for task_id in ids) == [t.id for t in held]
    assert all(parts.values())


def test_one_group_cannot_be_split():
    with pytest.raises(UsageError, match="too few"):
        split(tasks(9, workspace="same\n"), SHARES)


@pytest.mark.parametrize("shares", [{}, {"train": 1.0, "test": 0.0}])
def test_shares_must_be_positive(shares: dict[str, float]):
    with pytest.raises(UsageError, match="share above 0"):
        split(tasks(9), shares)
