"""Follow-ups: a request about files that are no events is about one purpose."""

from collections.abc import Iterator

import pytest

from clawgym.artifact import ArtifactKind
from synth.follow_ups import (
    is_said_already,
    may_be_said_again,
    may_follow_on,
    may_stand_beside,
    serves_the_purpose,
)
from synth.operations import OPERATIONS
from synth.operations.asking import asked_of, conditions_of, groups_of
from synth.taxonomy.matter import asked_of_matter, is_matter, matters
from synth.taxonomy.question import questions_of
from synth.values import RowSet
from tests.synth.operations.one_node import make


def rows_of_matters() -> Iterator[RowSet]:
    for operation in OPERATIONS.values():
        for kind in operation.kinds:
            for seed in range(12):
                made = make(operation.name, kind, seed)
                if made is None:
                    continue
                for slot in made.scene.slots.values():
                    rows = slot.value
                    if isinstance(rows, RowSet) and rows.subject and is_matter(rows.subject.domain):
                        yield rows


@pytest.mark.parametrize(
    ("maker", "operation"),
    [("deduplicate", "organize"), ("organize", "inspect"), ("patch", "test")],
)
def test_what_comes_of_a_result_at_once_may_follow(maker: str, operation: str):
    assert may_follow_on(maker, operation)


def test_what_nobody_asks_for_next_may_not():
    assert not may_follow_on("patch", "organize")
    assert not may_follow_on("draft", "filter")


def test_minutes_are_summed_up_and_written_about_at_once():
    assert may_stand_beside("summarize", "draft")
    assert not may_stand_beside("search", "convert")
    assert not may_stand_beside("diagnose", "diagnose")


def test_a_site_may_be_walked_through_twice_for_different_things():
    assert may_be_said_again("crawl")
    assert is_said_already("crawl", {"mode": "pages"}, {"mode": "pages"})
    assert not is_said_already("crawl", {"mode": "pages"}, {"mode": "broken"})
    assert is_said_already("summarize", {"form": "all"}, {"form": "actions"})


def test_a_search_in_notes_is_not_followed_by_anything_else():
    made = make("search", ArtifactKind.DOCUMENT, 3)
    assert made is not None
    notes = made.scene.slots[made.node.inputs[0]]
    assert not serves_the_purpose(made.scene, "convert", notes)
    assert not serves_the_purpose(made.scene, "filter", made.scene.slots[made.node.output])


def test_events_may_be_taken_for_anything():
    made = make("filter", ArtifactKind.TABLE, 1)
    assert made is not None
    assert serves_the_purpose(made.scene, "rank", made.scene.slots[made.node.output])


def test_the_rows_of_a_matter_are_taken_for_its_questions_only():
    made = make("validate", ArtifactKind.TABLE, 1)
    assert made is not None
    findings = made.scene.slots[made.node.output]
    assert {op for op in OPERATIONS if serves_the_purpose(made.scene, op, findings)} == set(
        asked_of_matter("faults in rows")
    )


def test_every_question_of_a_matter_speaks_of_columns_that_its_rows_have():
    met: set[str] = set()
    for rows in rows_of_matters():
        asked = asked_of(rows)
        assert asked
        assert rows.subject
        met.add(rows.subject.domain)
        assert all(conditions_of(pick, rows) for pick in asked.picks)
        named = [text.split()[-1] for entry in asked.overviews for text in entry.by]
        assert {*named, *(ranking.by for ranking in asked.rankings)} <= set(rows.names)
        assert {part.by for part in asked.parts} <= set(rows.names)
        assert all(isinstance(groups_of(entry, rows), tuple) for entry in asked.overviews)
    assert met == set(matters())


def test_no_matter_is_called_like_a_domain_and_no_reason_is_given_twice():
    assert not any(questions_of(name) for name in matters())
    for asked in matters().values():
        whys = [entry.why for _, entry in asked.entries()]
        assert len(set(whys)) == len(whys)
