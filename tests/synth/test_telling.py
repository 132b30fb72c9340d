"""Reasons: each step of table work says why it is wanted, once, and in a place that reads well."""

import random
from collections.abc import Iterator

import pytest

from clawgym.artifact import ArtifactKind
from clawgym.graph import Node
from clawgym.operation import Capability
from clawgym.seeds import derive_random
from synth.composing import Offer, Plan, compose
from synth.knobs import Knobs
from synth.operations import OPERATIONS
from synth.phrasing import STYLES, phrase
from synth.reasons import with_reasons
from synth.scene import Scene
from synth.taxonomy import domains
from synth.taxonomy.opening import Style
from synth.taxonomy.question import questions_of
from synth.telling import _COLUMNS_STATED, _ROWS_KEPT, Teller
from synth.world import World

WHY = "I phone the customers on Thursday."
OFFERS = tuple(
    Offer(Capability(name, kind))
    for name in ("filter", "aggregate", "rank", "join", "report")
    for kind in (ArtifactKind.TABLE, ArtifactKind.RECORDS)
)


def scenes() -> Iterator[Scene]:
    asked = [domain for domain in domains() if questions_of(domain.name)]
    for seed, domain in enumerate(asked[:50]):
        world = World(domain, ArtifactKind.TABLE, Knobs(2), seed)
        scene = compose(derive_random(seed, "telling"), world, Plan(OFFERS, (), 1 + seed % 4))
        if scene:
            yield scene


@pytest.mark.parametrize("style", STYLES)
def test_a_request_gives_one_or_two_reasons_each_once(style: Style) -> None:
    for seed, scene in enumerate(scenes()):
        text = phrase(random.Random(seed), style, scene).text
        whys = [why for node in scene.nodes if (why := OPERATIONS[node.operation].why(node.params))]
        said = [text.count(why) for why in whys]
        assert max(said, default=0) <= 1, text
        assert bool(whys) <= sum(said) <= 2, text


def test_what_is_asked_of_events_has_a_reason() -> None:
    every = [node for scene in scenes() for node in scene.nodes]
    asked = [node for node in every if node.operation == "filter"]
    assert asked
    assert all(OPERATIONS[node.operation].why(node.params) for node in asked)


@pytest.mark.parametrize("style", STYLES)
def test_who_gives_reasons_for_the_steps_gives_no_other_for_the_whole(style: Style) -> None:
    for seed, scene in enumerate(scenes()):
        if with_reasons(scene):
            text = phrase(random.Random(seed), style, scene).text
            setting = scene.world.setting
            others = [purpose.filled(setting.period).say for purpose in setting.domain.purposes]
            assert not any(other in text for other in others)


def teller(seed: int) -> Teller:
    return Teller(random.Random(seed), "brief")


def test_a_reason_stands_after_the_step_or_before_it() -> None:
    said = {teller(seed).with_reason("Pick them.", WHY) for seed in range(40)}
    assert said == {f"Pick them. {WHY}", f"{WHY} Pick them."}


@pytest.mark.parametrize(
    "why", ["She decides on Friday.", "Each shop gets its own list.", "I phone these on Friday."]
)
def test_a_reason_that_points_back_stands_after_the_step(why: str) -> None:
    assert {teller(seed).with_reason("Write it.", why) for seed in range(40)} == {
        f"Write it. {why}"
    }


def test_words_that_lead_over_to_a_step_are_not_torn_from_it() -> None:
    said = {teller(seed).with_reason("Pick them.", WHY, after_it=True) for seed in range(40)}
    assert said == {f"Pick them. {WHY}"}


def test_a_reason_stands_next_to_what_is_asked_not_behind_its_details() -> None:
    told = "Pick them from `a.csv`. Round to two decimals. Sort by `id`."
    said = {teller(seed).with_reason(told, WHY) for seed in range(40)}
    after = f"Pick them from `a.csv`. {WHY} Round to two decimals. Sort by `id`."
    assert said == {after, f"{WHY} {told}"}


def test_a_reason_does_not_part_a_sentence_from_what_it_points_back_to() -> None:
    told = "Pick the rows. Write them to `b.csv`. Round to two decimals."
    assert teller(1).with_reason(told, WHY, after_it=True) == (
        f"Pick the rows. Write them to `b.csv`. {WHY} Round to two decimals."
    )


def test_a_reason_for_a_step_with_rules_stands_above_them() -> None:
    said = teller(1).with_reason("Pick them.\n- All columns.", WHY, after_it=True)
    assert said == f"Pick them. {WHY}\n- All columns."
    assert teller(1).with_reason("Write it:\n- its title", WHY) == f"{WHY} Write it:\n- its title"


def test_only_chosen_steps_are_told_with_a_reason() -> None:
    node = Node(id="n1", operation="filter", inputs=("a1",), output="a2", params={"why": WHY})
    assert Teller(random.Random(1), "brief").reason(node) == ""
    chosen = Teller(random.Random(1), "brief", ["n1"])
    assert [chosen.reason(node), chosen.reason(node)] == [WHY, ""]


def test_a_step_without_a_reason_is_told_as_it_is() -> None:
    assert teller(1).with_reason("Pick them.", "") == "Pick them."


# What is said of order


@pytest.mark.parametrize(
    ("told", "rows", "columns"),
    [
        ("Write the rows to `a.csv`, with all columns, rows in the same order.", True, False),
        ("Keep only the last of them, at its place.", True, False),
        ("Keep the order of the old file, with what was added at the end.", True, False),
        ("Split it by `kind`; columns and order stay.", True, True),
        ("I only need the columns `id` and `day`, in this order.", False, True),
        ("Write `a.csv` with a column `rank` and then all other columns.", False, True),
        ("Sort ascending by `kind`.", False, False),
        ("Sort by `page`, then `target`.", False, False),
        ("Columns in the same order: `a` and `b`.", False, True),
        (
            "Name those that differ, in the order of the file and joined by `; `.",
            False,
            False,
        ),
        ("List the removed lines first, then the added ones.", False, False),
    ],
)
def test_what_a_step_states_of_the_order_of_rows_and_columns(
    told: str, rows: bool, columns: bool
) -> None:
    assert bool(_ROWS_KEPT.search(told)) is rows
    assert bool(_COLUMNS_STATED.search(told)) is columns
