"""Formats: people open tables, and JSON goes to programs."""

import random

import pytest

from clawgym.artifact import ArtifactKind
from synth.formats import among, suiting
from synth.operations import OPERATIONS
from synth.taxonomy import domains, make_setting
from synth.taxonomy.persona import Persona

BOTH = ((ArtifactKind.TABLE, "csv"), (ArtifactKind.RECORDS, "json"))


def persona(function: str) -> Persona:
    """Somebody who does that kind of work."""
    return make_setting(random.Random(1)).persona.model_copy(update={"function": function})


@pytest.mark.parametrize("function", ["teaching", "household", "finance", "community"])
@pytest.mark.parametrize("first", [ArtifactKind.TABLE, ArtifactKind.RECORDS, ArtifactKind.MAILBOX])
def test_who_works_with_no_programs_gets_tables(function: str, first: ArtifactKind) -> None:
    assert suiting(persona(function), first, BOTH) == [BOTH[0]]


@pytest.mark.parametrize("function", ["engineering", "it"])
def test_who_works_with_programs_may_get_either(function: str) -> None:
    for first in (ArtifactKind.TABLE, ArtifactKind.RECORDS):
        assert set(suiting(persona(function), first, BOTH)) == set(BOTH)


def test_what_is_told_of_code_may_be_either() -> None:
    assert suiting(persona("teaching"), ArtifactKind.CODE, BOTH) == BOTH


def test_an_operation_that_writes_files_for_programs_only_still_has_a_format() -> None:
    only = ((ArtifactKind.RECORDS, "json"),)
    assert suiting(persona("household"), ArtifactKind.TABLE, only) == only


def test_a_skill_for_some_formats_writes_these() -> None:
    forms = OPERATIONS["convert"].makes(ArtifactKind.TABLE)
    assert among(forms, (".xlsx", ".htm")) == ((ArtifactKind.TABLE, "xlsx"),)
    assert among(forms, (".docx",)) == ()


def test_who_takes_files_in_its_formats_writes_plain_ones_or_these() -> None:
    forms = OPERATIONS["convert"].makes(ArtifactKind.TABLE)
    written = {one[1] for one in among(forms, (".csv", ".xml"), taken=True)}
    assert written == {"json", "jsonl", "xml"}


def test_findings_as_plain_rows_are_no_work_of_a_skill_for_rows() -> None:
    findings = OPERATIONS["validate"].makes(ArtifactKind.CONFIG)
    assert among(findings, (".json",)) == ()


def test_every_operation_keeps_a_format_for_everybody() -> None:
    for operation in OPERATIONS.values():
        for kind in operation.kinds:
            assert suiting(persona("household"), kind, operation.makes(kind))


def test_some_domains_are_technical_and_most_are_not() -> None:
    technical = [domain for domain in domains() if domain.technical]
    assert 10 < len(technical) < len(domains()) / 2
