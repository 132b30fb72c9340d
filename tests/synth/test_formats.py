"""Formats: people open tables, and JSON goes to programs."""

import random

import pytest

from clawgym.artifact import ArtifactKind
from synth.formats import suiting
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


def test_every_operation_keeps_a_format_for_everybody() -> None:
    for operation in OPERATIONS.values():
        for kind in operation.kinds:
            assert suiting(persona("household"), kind, operation.makes(kind))


def test_some_domains_are_technical_and_most_are_not() -> None:
    technical = [domain for domain in domains() if domain.technical]
    assert 10 < len(technical) < len(domains()) / 2
