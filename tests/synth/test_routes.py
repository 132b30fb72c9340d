"""Routes: balanced by index, pure functions, and what is asked for is what is made."""

from collections import Counter
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawgym.errors import UsageError
from clawgym.task import Task
from synth.operations import OPERATIONS
from synth.routes import Recipe, Route, choose_skills, design, draw
from synth.routes.deck import cards, dealt, paired
from synth.routes.mixture import routed
from synth.routes.options import read_levels, read_scenarios, share_of_skills
from synth.routes.persona import LEADS, lead_operation
from synth.routes.skill import lead_of, primary_skill
from synth.taxonomy import persona, subcategories
from tests.synth.examples import bundled, invented, recipe

SEEDS = st.integers(0, 2**40)


# Decks


@given(SEEDS, st.integers(1, 60), st.integers(0, 50))
def test_each_round_deals_each_card_once(seed: int, count: int, around: int) -> None:
    deck = range(count)
    start = around * count
    assert sorted(dealt(seed, "x", start + place, deck) for place in deck) == list(deck)


@given(SEEDS, st.integers(2, 12))
@settings(max_examples=30)
def test_pairs_are_balanced_over_a_full_turn(seed: int, count: int) -> None:
    turn = count * (count - 1)
    pairs = Counter(paired(seed, "x", index, range(count)) for index in range(turn))
    assert len(pairs) == turn
    assert all(one != other for one, other in pairs)


def test_a_pair_needs_two_cards() -> None:
    with pytest.raises(ValueError, match="two cards"):
        paired(1, "x", 0, ["one"])


def test_shares_are_cards() -> None:
    assert Counter(cards({"a": 3, "b": 1})) == {"a": 3, "b": 1}


# Mixture and design


@given(st.floats(0, 1), st.integers(1, 400))
def test_any_run_of_indices_keeps_to_the_mixture(mixture: float, count: int) -> None:
    routes = [routed(mixture, index) for index in range(count)]
    skilled = sum(route is Route.SKILL for route, _ in routes)
    assert abs(skilled - mixture * count) <= 1
    for kind in Route:
        assert [n for route, n in routes if route is kind] == list(
            range(sum(route is kind for route, _ in routes))
        )


def test_designs_cover_all_subcategories_levels_forms_and_styles() -> None:
    designs = [design(3, index, mixture=0.0) for index in range(43 * 40)]
    assert set(Counter(one.subcategory for one in designs).values()) == {40}
    assert {one.level for one in designs} == {1, 2, 3, 4, 5}
    assert Counter(one.form for one in designs) == {"plain": 1333, "repair": 215, "follow-up": 172}
    assert Counter(one.style for one in designs) == {"brief": 860, "spec": 860}
    assert {one.size for one in designs} == set(range(1, 9))


def test_operations_lead_in_turn_work_on_events_twice_and_on_each_of_their_kinds() -> None:
    count = len(LEADS) * 12
    leads = [lead_operation(5, design(5, index, mixture=0.0)) for index in range(count)]
    turns = Counter(LEADS)
    assert Counter(lead.operation for lead in leads) == {name: 12 * turns[name] for name in turns}
    assert set(turns) == set(OPERATIONS)
    assert {times for name, times in turns.items() if name != "convert"} == {1, 2}
    assert turns["convert"] == 4, "it comes in many forms"
    for name, operation in OPERATIONS.items():
        assert {lead.kind for lead in leads if lead.operation == name} == set(operation.kinds)


def test_each_skill_is_the_primary_one_equally_often_and_for_all_it_does() -> None:
    skills = bundled()
    designs = [design(5, index, mixture=1.0) for index in range(len(skills) * 6)]
    assert set(Counter(primary_skill(5, one, skills).name for one in designs).values()) == {6}
    for skill in skills:
        mine = [one for one in designs if primary_skill(5, one, skills) is skill]
        asked = {lead_of(5, one, skill, len(skills)) for one in mine}
        assert asked == set(skill.groundable) or len(asked) == len(mine)


# Drawing


def test_a_task_depends_on_its_recipe_and_index_alone() -> None:
    forwards = [draw(recipe(5, mixture=0.5), index) for index in range(12)]
    backwards = [draw(recipe(5, mixture=0.5), index) for index in reversed(range(12))]
    assert forwards == backwards[::-1]


def test_another_seed_makes_other_tasks() -> None:
    for index in range(6):
        one, two = draw(recipe(5), index).task, draw(recipe(6), index).task
        assert one is None or two is None or one.workspace != two.workspace


def test_tasks_of_the_skill_route_are_grounded_in_skills(tasks: list[Task]) -> None:
    skilled = [task for task in tasks if task.clawgym.kind == "skill"]
    assert skilled
    for task in skilled:
        assert task.graph
        assert task.clawgym.primary_skill in task.graph.skills
        assert all(node.skill for node in task.graph.nodes)
        assert {path.split("/")[0] for path in task.skills} == set(task.graph.skills)
        assert len(task.clawgym.supporting_skills) <= 3


def test_a_skill_works_on_files_in_its_formats() -> None:
    formats = {skill.name: skill.formats for skill in bundled() if skill.formats}
    few, seen = recipe(5, *formats), set[str]()
    for index in range(6 * len(formats)):
        if (task := draw(few, index).task) is None:
            continue
        assert task.graph
        for node in task.graph.nodes:
            ends = [task.graph.artifact(end).path for end in (*node.inputs, node.output)]
            assert any(path.endswith(formats[node.skill or ""]) for path in ends)
        seen.add(task.clawgym.primary_skill or "")
    assert seen == set(formats)


def test_tasks_of_the_persona_route_offer_no_skills(tasks: list[Task]) -> None:
    driven = [task for task in tasks if task.clawgym.kind == "persona"]
    assert driven
    for task in driven:
        assert not task.skills
        assert task.clawgym.primary_skill is None
        assert task.clawgym.persona


def test_every_task_says_what_it_is(tasks: list[Task]) -> None:
    for task in tasks:
        category, _, subcategory = (task.clawgym.scenario or "").partition("/")
        assert category
        assert subcategory in subcategories()
        assert task.clawgym.benchmark_category
        assert {"form", "shape", "level"} <= set(task.clawgym.labels)


def test_scenarios_levels_and_personas_are_kept_to() -> None:
    people = tuple(persona(9, index) for index in range(3))
    few = Recipe((), 4, mixture=0.0, scenarios=("records",), levels=(2,), personas=people)
    found = [task for index in range(8) if (task := draw(few, index).task)]
    assert found
    for task in found:
        assert (task.clawgym.scenario or "").endswith("/records")
        assert task.clawgym.labels["level"] == "2"
        assert any((task.clawgym.persona or "").startswith(one.name) for one in people)


def test_mistakes_are_finished_workspaces() -> None:
    some = [draw(recipe(1, mixture=0.0), index) for index in range(16)]
    made = [(candidate, name) for candidate in some for name in candidate.mistakes]
    assert made
    for candidate, name in made:
        assert candidate.task
        assert candidate.task.graph
        finished = candidate.mistakes[name]
        assert set(candidate.task.workspace) <= set(finished)
        for node in candidate.task.graph.nodes:
            place = candidate.task.graph.artifact(node.output).path
            assert any(path == place or path.startswith(f"{place}/") for path in finished)


# Skills


def test_a_skill_that_is_kept_out_is_refused_with_the_reason() -> None:
    out = replace(invented("mailer", "filter:table"), kept_out="credentials: an API key")
    with pytest.raises(UsageError, match=r"of mailer \(credentials: an API key\); leave it out"):
        choose_skills([out, *bundled()], ["mailer"])
    assert out not in choose_skills([out, *bundled()], [])


def test_a_skill_for_formats_that_no_task_has_is_refused_or_left_out() -> None:
    words = replace(invented("words", "convert:document"), formats=(".docx",))
    with pytest.raises(UsageError, match=r"words declares no operation .* in the formats"):
        choose_skills([words, *bundled()], ["csv-analysis", "words"])
    assert words not in choose_skills([words, *bundled()], [])


@pytest.mark.parametrize(
    ("declared", "formats", "left"),
    [
        ("fetch:document extract:document", ".html", "fetch:document"),
        ("schedule:config validate:config", "crontab.txt", "schedule:config"),
        ("extract:table inspect:table convert:table", ".xlsx", "extract:table convert:table"),
        ("validate:config validate:records", ".json", "validate:records"),
        ("report:table filter:table", ".md", "report:table"),
        ("filter:table", "", "filter:table"),
    ],
)
def test_of_what_a_skill_declares_only_what_suits_its_formats_counts(
    declared: str, formats: str, left: str
) -> None:
    skill = replace(invented("one", *declared.split()), formats=tuple(formats.split()))
    assert " ".join(map(str, skill.groundable)) == left


# Options


@pytest.mark.parametrize(
    ("route", "mixture", "share"),
    [(None, None, 1.0), (None, 0.3, 0.3), ("mixture", None, 0.5), ("mixture", 0.2, 0.2),
     ("skill", None, 1.0), ("persona", None, 0.0)],
)  # fmt: skip
def test_the_mixture_that_a_route_means(
    route: Literal["skill", "persona", "mixture"] | None, mixture: float | None, share: float
) -> None:
    assert share_of_skills(route, mixture) == share


def test_a_single_route_has_no_mixture() -> None:
    with pytest.raises(UsageError, match="--mixture needs --route mixture"):
        share_of_skills("skill", 0.5)


@pytest.mark.parametrize("level", [1, 5])
def test_a_level_that_was_asked_for_is_the_one_that_is_measured(level: int) -> None:
    recipe = Recipe((), 2, mixture=0.0, levels=(level,))
    made = [task for index in range(8) if (task := draw(recipe, index).task)]
    assert len(made) >= 4
    assert {task.clawgym.difficulty for task in made} == {level}


def test_a_scenario_that_was_asked_for_is_not_exchanged_for_another() -> None:
    scenarios = read_scenarios("finance")
    recipe = Recipe((), 2, mixture=0.0, scenarios=scenarios)
    made = [task for index in range(30) if (task := draw(recipe, index).task)]
    assert len(made) >= 20
    assert {(task.clawgym.scenario or "").rpartition("/")[2] for task in made} <= {*scenarios}


def test_scenarios_are_named_by_category_or_subcategory() -> None:
    assert read_scenarios("office")[:2] == ("documents", "meeting-notes")
    assert read_scenarios("office/records, documents") == ("records", "documents")
    assert read_scenarios("") == ()
    with pytest.raises(UsageError, match="did you mean 'records'"):
        read_scenarios("recrods")


def test_levels_are_single_ones_or_spans() -> None:
    assert read_levels("2,4-5") == (2, 4, 5)
    assert read_levels("") == ()
    for wrong in ("0", "6", "4-2", "a"):
        with pytest.raises(UsageError, match="from 1 to 5"):
            read_levels(wrong)
