"""What goes wrong only where operations meet: each line is a task that was lost once."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest

from clawgym.artifact import ArtifactKind, ColumnType
from clawgym.operation import Capability
from clawgym.seeds import derive_random
from synth.composing import Offer, Plan, extend
from synth.knobs import Knobs
from synth.operations import OPERATIONS
from synth.operations.grouping import Group
from synth.reworking import finished
from synth.telling import Teller
from synth.values import Field, Role, RowSet, Step, Value
from synth.values.minutes import Notes
from synth.values.settings import WebNotes
from synth.world import World, domains
from synth.world.accounts import make_accounts
from synth.world.meetings import make_notes
from synth.world.untidy import make_untidy
from tests.synth.operations.one_node import make
from verify.checks import HtmlElementsCheck


def world(seed: int, level: int = 3) -> World:
    domain = domains()[seed % len(domains())]
    return World(domain, domain.entry[0], Knobs(level), seed)


def rows(**columns: Sequence[str | int]) -> RowSet:
    fields = tuple(
        Field(name, ColumnType.INTEGER, Role.MEASURE)
        if isinstance(cells[0], int)
        else Field(name, ColumnType.TEXT, Role.ID)
        for name, cells in columns.items()
    )
    return RowSet(fields, tuple(zip(*columns.values(), strict=True)), key=(fields[0].name,))


@pytest.mark.parametrize("operation", ["rank", "inspect", "deduplicate"])
def test_rows_that_are_written_carelessly_are_only_for_those_who_say_how_to_read_them(
    operation: str,
):
    for seed in range(8):
        here = world(seed, 5)
        untidy = make_untidy(derive_random(seed), here.clean_feed, 1.0)
        proposed = OPERATIONS[operation].propose(derive_random(seed), [untidy], here.knobs)
        assert proposed is None


def test_nobody_asks_for_the_columns_of_a_list_of_columns():
    inspect, here = OPERATIONS["inspect"], world(1)
    once = inspect.apply({"view": "columns", "least": 0}, [here.clean_feed])
    assert inspect.propose(derive_random(1), [once], here.knobs) is None


def test_a_report_on_rows_about_nothing_in_particular_still_has_a_title():
    table = rows(name=["a", "b", "c"], amount=[1, 2, 3])
    params = OPERATIONS["report"].propose(derive_random(3), [table], Knobs(1))
    assert params is not None
    assert str(params["title"]).lower().strip().startswith("entries")


def test_the_facts_about_links_have_a_topic():
    assert all(World(d, d.entry[0], Knobs(2), 5).dimension.topic for d in domains())


@pytest.mark.parametrize("time", ["2026-03-05T09:40:00", "2026-03-05 09:40", "09:40"])
def test_the_hour_of_a_time_is_its_hour_however_it_is_written(time: str):
    assert Group(column="time", bucket="hour").value(time) == "09:00"


def test_nobody_owes_two_amounts_on_one_day():
    for seed in range(20):
        accounts = make_accounts(derive_random(seed), world(seed, 5))
        owed = list(zip(accounts.values("email"), accounts.values("due"), strict=True))
        assert len(set(owed)) == len(owed)


def test_a_date_tells_which_task_is_meant():
    for seed in range(20):
        notes = make_notes(derive_random(seed), world(seed, 5), ArtifactKind.DOCUMENT)
        assert isinstance(notes, Notes)
        days = [item.due for item in notes.items if item.kind == "action"]
        assert all(isinstance(day, date) for day in days)
        assert len(set(days)) == len(days)


def test_items_of_a_page_count_as_often_as_they_stand_there_whatever_their_capitals():
    page = WebNotes("T", (("A", ("Call Bo.", "call bo.")), ("B", ("Other.", "Call Bo."))))
    made = made_step(page)
    wanted = [e for c in page.checks(made) if isinstance(c, HtmlElementsCheck) for e in c.elements]
    assert {(e.text.casefold(), e.least, e.most) for e in wanted if e.text} == {
        ("call bo.", 3, 3),
        ("other.", 1, 1),
    }


def made_step(value: Value) -> Step:
    task = make("convert", ArtifactKind.DOCUMENT, 1)
    assert task is not None
    node = task.node
    return Step(node, ArtifactKind.DOCUMENT, "out.html", (value,))


def test_a_sentence_that_was_said_before_says_so():
    task = next(filter(None, (make("organize", ArtifactKind.ARCHIVE, n) for n in range(9))))
    teller = Teller(derive_random(1), "brief")
    told = [s for _ in range(3) for s in teller.say(task.scene, task.node).split(". ")]
    long = [said for said in told if len(said) > 60 and "as above" not in said]
    assert len(set(long)) == len(long)


def test_what_lies_there_already_is_not_asked_for_again():
    plan = Plan((Offer(Capability("extract", ArtifactKind.MAILBOX)),), (), 1)
    for made in filter(None, (make("extract", ArtifactKind.MAILBOX, seed) for seed in range(6))):
        before = finished(made.scene)
        before.live += [end for end in made.node.inputs if end not in before.live]
        extend(derive_random(1), before, plan, 1)
        known = [made.scene.slots[made.node.output].value]
        assert all(before.slots[node.output].value not in known for node in before.nodes)


def test_a_redacted_copy_is_not_redacted_once_more():
    made = make("redact", ArtifactKind.DOCUMENT, 1)
    assert made is not None
    copy = replace(made.scene.slots[made.node.output], fresh=True)
    assert not list(OPERATIONS["redact"].takes([copy], ArtifactKind.DOCUMENT))


SAID = ("beginnings.toml", "domains", "openings", "phrases")
NOT_SAID = ("notes", "values", "examples", "given")


def texts(data: object) -> Iterator[str]:
    """What people say, without what stands in files."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for one in data:  # pyright: ignore[reportUnknownVariableType]
            yield from texts(one)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(data, dict):
        for key, one in data.items():  # pyright: ignore[reportUnknownVariableType]
            if key not in NOT_SAID:
                yield from texts(one)  # pyright: ignore[reportUnknownArgumentType]


@pytest.mark.parametrize("rule", ["clock", "online"])
def test_nobody_says_what_lint_takes_for_a_need_of_clock_or_network(rule: str):
    lint = files("verify.suites.lint").joinpath(f"{rule}.txt").read_text("utf-8").splitlines()
    pattern = re.compile(rf"\b(?:{'|'.join(lint)})", re.IGNORECASE)
    places = [files("synth").joinpath("data", name) for name in SAID]
    books = [b for p in places if p.name != "" for b in ([p] if p.is_file() else p.iterdir())]
    said = [t for b in books if b.is_file() for t in texts(tomllib.loads(b.read_text("utf-8")))]
    assert len(said) > 500
    assert [text for text in said if " " in text and pattern.search(text)] == []
