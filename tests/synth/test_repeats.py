"""Entries that stand twice agree with the file that they stand in."""

import random
import re
from datetime import date

import pytest

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.taxonomy import Domain, domains
from synth.values import Role
from synth.world import World
from synth.world.repeats import make_repeats

LISTED = [domain for domain in domains() if ArtifactKind.TABLE in domain.entry]
every_list = pytest.mark.parametrize("domain", LISTED, ids=lambda domain: domain.name)


def world(domain: Domain) -> World:
    return World(domain, ArtifactKind.TABLE, Knobs(2), seed=3)


@every_list
def test_what_is_entered_again_later_is_of_the_same_month(domain: Domain) -> None:
    feed = world(domain).clean_feed
    repeats = make_repeats(random.Random(1), feed, domain.columns, "later")
    assert repeats
    assert len(repeats.rows) > len(feed.rows)
    days = map(str, repeats.values(feed.of_role(Role.DATE)[0].name))
    assert len({date.fromisoformat(day).replace(day=1) for day in days}) == 1


@every_list
def test_what_is_entered_anew_gets_a_number_where_it_stands(domain: Domain) -> None:
    feed = world(domain).clean_feed
    repeats = make_repeats(random.Random(1), feed, domain.columns, "anew")
    if repeats is None:
        return
    numbers = [int(re.sub(r"\D", "", str(cell))) for cell in repeats.values(feed.key[0])]
    assert numbers == sorted(set(numbers))
