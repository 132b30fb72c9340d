"""Updates of rows: what is changed is what somebody may change, for a reason that holds."""

import random

import pytest

from synth.knobs import Knobs
from synth.operations import update_rows
from synth.operations.base import Params
from synth.taxonomy import domains
from synth.values import RowSet
from synth.world.world import World

DOMAINS = {domain.name: domain for domain in domains()}


def proposed(name: str) -> list[tuple[RowSet, Params]]:
    domain = DOMAINS[name]
    worlds = [World(domain, domain.entry[0], Knobs(), seed) for seed in range(20)]
    drawn = [(world.clean_feed, random.Random(world.seed)) for world in worlds]
    made = [(rows, update_rows.propose(rng, rows)) for rows, rng in drawn]
    return [(rows, params) for rows, params in made if params]


@pytest.mark.parametrize("name", ["helpdesk", "applicants", "site-minutes"])
def test_entries_move_on_by_one_step_of_their_life(name: str) -> None:
    found = proposed(name)
    assert found
    for rows, params in found:
        maker = next(c for c in DOMAINS[name].columns if c.name == params["column"])
        before = maker.moves[maker.moves.index(str(params["value"])) - 1]
        place, at = rows.index(maker.name), rows.index(rows.key[0])
        keys = update_rows.MarkParams.model_validate(params).keys
        assert {row[place] for row in rows.rows if row[at] in keys} == {before}


@pytest.mark.parametrize("name", ["listing-collection", "price-watch", "trip-options"])
def test_nobody_raises_the_prices_of_others(name: str) -> None:
    assert all(params["mode"] != "raise" for _, params in proposed(name))


def test_a_price_is_raised_by_what_it_depends_on() -> None:
    raised = [p for _, p in proposed("vaccination-recalls") if p["mode"] == "raise"]
    assert {str(params["where"]) for params in raised} == {"vaccine"}


def test_no_correction_leaves_a_cell_that_hangs_on_it_behind() -> None:
    leading = {c.by for c in DOMAINS["warehouse"].columns}
    assert all(params["column"] not in leading for _, params in proposed("warehouse"))
