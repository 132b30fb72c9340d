"""Domains: enough of them, and every one can be filled with data that make sense."""

import datetime as dt
import itertools
import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.artifact import ArtifactKind
from synth.taxonomy import Domain, domains, domains_of, subcategories
from synth.taxonomy.domain import pool
from synth.taxonomy.locale import locales
from synth.taxonomy.organisation import industries
from synth.taxonomy.period import Period, make_period
from synth.taxonomy.persona import work_places
from synth.values import Role, RowSet
from synth.world.columns import Backdrop, make_links, make_names
from synth.world.feed import add_duplicates, make_dimension, make_feed

NAMES = [domain.name for domain in domains()]
DRAWN_POOLS = {"people", "housemates", "companies", "emails", "private_emails", "cities"}
every_domain = pytest.mark.parametrize("domain", domains(), ids=NAMES)


def backdrop(domain: Domain, seed: int) -> Backdrop:
    rng = random.Random(seed)
    locale = rng.choice(list(locales().values()))
    return Backdrop(domain, locale, make_links(rng, domain, locale), make_names(rng, locale, 6))


def feed(domain: Domain, seed: int, size: int = 30) -> tuple[RowSet, Period]:
    rng = random.Random(seed)
    period = make_period(rng)
    return make_feed(rng, backdrop(domain, seed), period, (size, size)), period


def test_there_are_at_least_90_domains_of_different_names() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 90


@pytest.mark.parametrize("name", subcategories())
def test_every_subcategory_has_two_domains(name: str) -> None:
    assert len(domains_of(name)) >= 2


def test_pools_are_rich() -> None:
    people = {
        (given, family) for x in locales().values() for given in x.given for family in x.family
    }
    assert len(people) >= 400
    assert len(locales()) >= 8
    assert sum(len(locale.cities) for locale in locales().values()) >= 80


@every_domain
def test_domain_refers_only_to_what_is_there(domain: Domain) -> None:
    assert set(domain.subcategories) <= set(subcategories())
    assert set(domain.industries) <= set(industries())
    assert work_places(domain.industries, domain.functions)
    wanted = {domain.dimension.pool, *(c.pool for c in domain.columns if c.pool)}
    assert all(len(pool(name)) >= 8 for name in wanted - DRAWN_POOLS)
    keys = {link for c in domain.dimension.columns for link in c.given}
    assert not keys or keys <= set(pool(domain.dimension.pool))


@every_domain
def test_values_that_a_column_depends_on_can_occur(domain: Domain) -> None:
    by_name = {column.name: column for column in domain.columns}
    for column in domain.columns:
        other = by_name.get(column.by)
        if other is None or other.make not in ("choice", "ref", "pool"):
            continue
        possible = set(other.values) | {v for values in other.given.values() for v in values}
        if other.make != "choice":
            possible |= set(pool(other.pool or domain.dimension.pool))
        assert {*column.ranges, *column.given} <= possible


@every_domain
def test_feed_has_what_operations_need(domain: Domain) -> None:
    roles = [column.role for column in feed(domain, 1)[0].fields]
    assert roles.count(Role.ID) == 1
    assert roles.count(Role.LINK) == 1
    assert Role.CATEGORY in roles
    assert Role.MEASURE in roles


@every_domain
def test_feed_and_dimension_share_only_the_key(domain: Domain) -> None:
    facts = {column.name for column in domain.dimension.columns}
    assert not facts & {column.name for column in domain.columns}


@every_domain
def test_ids_are_unique_whatever_their_case(domain: Domain) -> None:
    made, _ = feed(domain, 5, size=120)
    ids = [str(value).lower() for value in made.values(made.key[0])]
    assert len(set(ids)) == len(ids) == 120
    assert len({len(text.partition("#")[2] or text) for text in ids}) == 1


@every_domain
def test_everything_happens_within_the_period(domain: Domain) -> None:
    made, period = feed(domain, 3)
    column = next(c.name for c in domain.columns if c.make in ("date", "time"))
    days = [dt.date.fromisoformat(str(value)[:10]) for value in made.values(column)]
    assert days == sorted(days)
    assert period.start <= days[0]
    assert days[-1] <= period.end < period.today


@given(place=st.integers(0, len(NAMES) - 1), seed=st.integers(0, 2**32))
def test_figures_stay_within_their_bounds(place: int, seed: int) -> None:
    domain = domains()[place]
    made, _ = feed(domain, seed)
    for row in made.rows:
        cells = dict(zip(made.names, row, strict=True))
        for column in domain.columns:
            value = cells[column.name]
            if column.times or column.step or not isinstance(value, int | float):
                continue
            if column.make != "minutes":
                low, high = column.bounds(cells)
                assert low - 0.01 <= value <= high + 0.01


@given(place=st.integers(0, len(NAMES) - 1), seed=st.integers(0, 2**32))
def test_same_seed_same_data(place: int, seed: int) -> None:
    domain = domains()[place]
    assert feed(domain, seed) == feed(domain, seed)
    setting = backdrop(domain, seed)
    absent = setting.links[0]
    first, second = (make_dimension(random.Random(seed), setting, absent) for _ in range(2))
    assert first == second


@every_domain
def test_numbers_rise_from_the_month_before(domain: Domain) -> None:
    setting, period = backdrop(domain, 7), make_period(random.Random(7))
    before, now = (
        make_feed(random.Random(7), setting, period, (30, 30), before=earlier).rows
        for earlier in (True, False)
    )
    place = [maker.make for maker in domain.columns].index("id")
    numbers = [int(re.sub(r"\D", "", str(row[place]))) for row in (*before, *now)]
    assert numbers == sorted(set(numbers))


@every_domain
def test_a_repeated_entry_differs_in_one_cell(domain: Domain) -> None:
    made, _ = feed(domain, 7)
    messy = add_duplicates(random.Random(7), made, domain.columns)
    assert len(messy.rows) > len(made.rows)
    again = [row for row in messy.rows if row not in made.rows]
    place = made.index(made.key[0])
    originals = {str(row[place]).lower(): row for row in made.rows}
    for row in again:
        original = originals[str(row[place]).lower()]
        changed = [n for n, cell in enumerate(row) if cell != original[n] and n != place]
        assert len(changed) == 1


@every_domain
def test_what_belongs_to_a_thing_is_the_same_in_all_its_rows(domain: Domain) -> None:
    made, _ = feed(domain, 11, size=60)
    for column in domain.columns:
        if column.per:
            of_it = [made.index(name) for name in column.per]
            known = {
                (tuple(row[n] for n in of_it), row[made.index(column.name)]) for row in made.rows
            }
            assert len({thing for thing, _ in known}) == len(known)


@every_domain
def test_offices_do_nothing_at_weekends(domain: Domain) -> None:
    made, _ = feed(domain, 4, size=60)
    if domain.weekdays:
        column = next(c.name for c in domain.columns if c.make == "date")
        days = [dt.date.fromisoformat(str(value)) for value in made.values(column)]
        assert all(day.weekday() < 5 for day in days)


@every_domain
def test_nobody_has_two_appointments_at_once(domain: Domain) -> None:
    if ArtifactKind.CALENDAR not in domain.entry:
        return
    made, _ = feed(domain, 6, size=30)
    wanted = ("organizer", "date", "start", "end")
    busy = sorted(tuple(str(row[made.index(name)]) for name in wanted) for row in made.rows)
    for (who, day, _, end), (other, again, start, _) in itertools.pairwise(busy):
        assert (who, day) != (other, again) or end <= start


def test_a_board_meets_on_a_few_days_only() -> None:
    board = next(domain for domain in domains() if domain.name == "board-decisions")
    made, _ = feed(board, 8)
    assert len(set(made.values("decided_on"))) <= board.days


def test_words_of_a_pool_come_again_only_after_all_the_others() -> None:
    articles = next(domain for domain in domains() if domain.name == "article-plan")
    titles = feed(articles, 9)[0].values("title")
    assert len(set(titles)) == len(titles)


@every_domain
def test_log_feeds_hold_nothing_that_breaks_a_line(domain: Domain) -> None:
    if ArtifactKind.LOG not in domain.entry:
        return
    made, _ = feed(domain, 2)
    pairs = [name for name in made.names if name not in ("time", "level", "component", "message")]
    assert all(
        " " not in str(value) for name in (*pairs, "component") for value in made.values(name)
    )


@every_domain
def test_texts_of_a_domain_take_only_known_words(domain: Domain) -> None:
    known = {"period", "next_period"}
    for text in (*(purpose.say for purpose in domain.purposes), *domain.repeats):
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= known
    assert len(domain.purposes) >= 2
    assert len(domain.notes) >= 3


def test_telephone_numbers_and_addresses_are_of_nobody() -> None:
    reserved = {"GB": "+44 20 7946 0", "US": "+1 312 555 01", "DE": "+49 30 23125 "}
    for locale in locales().values():
        number = locale.number(random.Random(1))
        assert number.startswith(reserved.get(locale.country, "+"))
    mail = next(domain for domain in domains() if domain.dimension.pool == "emails")
    assert all(link.endswith(".example") for link in backdrop(mail, 1).links)
