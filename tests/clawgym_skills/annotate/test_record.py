"""The record: ClawGym's rules hold, and its files can be read."""

import json

import pytest
from pydantic import ValidationError

from clawgym.errors import SkillFormatError
from clawgym_skills.annotate.record import Annotation, Facts, SkillIds, Status, dumps, loads

FACTS = {
    "language": "en",
    "summary": "Sums things.",
    "auth_required": False,
    "auth_details": [],
    "input_format": "csv",
    "output_format": "csv",
    "has_risk": False,
    "risk_reasons": [],
    "required_env": [],
    "text_only_compatible": True,
    "non_text_reasons": [],
    "core_content": "Sum the rows.",
}


def original(**changes: object) -> str:
    """A line as ClawGym writes it."""
    record = {
        "skill_id": "sums",
        "source_skill_dir": "skills/sums",
        "status": "annotated",
        "annotation_succeeded": True,
        "synthesizable": True,
        "annotation": FACTS,
        "failure_stage": None,
        "error": None,
    }
    return json.dumps(record | changes)


def test_a_record_of_the_original_can_be_read() -> None:
    (record,) = loads(original() + "\n")
    assert record.annotation
    assert record.annotation.language == "english"
    assert record.clawgym is None


def test_records_survive_writing_and_reading() -> None:
    records = loads(original() + "\n" + original(skill_id="more"))
    assert loads(dumps(records)) == records


@pytest.mark.parametrize(
    "changes",
    [
        {"auth_required": True},
        {"auth_details": ["a key"]},
        {"has_risk": True},
        {"text_only_compatible": False},
        {"summary": " "},
        {"language": "klingon"},
        {"mood": "good"},
    ],
)
def test_facts_that_contradict_themselves_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Facts.model_validate(FACTS | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed"},
        {"status": "not_synthesizable"},
        {"annotation": None},
        {"annotation_succeeded": False},
        {"synthesizable": False},
        {"failure_stage": "stage1"},
        {"skill_id": "Not An Id"},
        {"annotation": FACTS | {"auth_required": True, "auth_details": ["a key"]}},
    ],
)
def test_a_status_that_does_not_fit_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SkillFormatError, match="line 1"):
        loads(original(**changes))


def test_a_failure_has_a_stage_and_no_facts() -> None:
    record = Annotation.failure("sums", "skills/sums", "no JSON")
    assert record.status is Status.FAILED
    assert record.annotation is None
    assert record.failure_stage == "stage1"


def test_an_id_that_occurs_twice_is_refused_by_name() -> None:
    with pytest.raises(SkillFormatError, match="'sums' occurs twice"):
        loads(original() + "\n" + original())


def test_ids_are_those_of_the_original_and_never_given_twice() -> None:
    ids = SkillIds()
    names = [
        ids.give(*name)
        for name in [("My Skill.v2",), ("my-skill v2", "ann"), ("my_skill_v2", "ann"), ("数据",)]
    ]
    assert names == ["my_skill_v2", "ann_my_skill_v2", "ann_my_skill_v2_2", "_"]
