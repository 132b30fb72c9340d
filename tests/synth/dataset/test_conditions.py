import pytest

from clawgym.errors import UsageError
from synth.dataset.conditions import first_unmet, parse
from tests.synth.dataset.examples import make_profile

TASK = make_profile(
    "invoice-7",
    "Keep it.",
    difficulty=3,
    scenario="office/mail",
    supporting_skills=("report",),
    labels={"form": "repair"},
    rubric=True,
)


@pytest.mark.parametrize(
    "text",
    [
        "difficulty>=3",
        "difficulty = 3",
        "difficulty<4",
        "difficulty=1,3",
        "kind=procedural",
        "skill=report",
        "skill!=join,other",
        "operation=join, filter",
        "operation-pair=filter > aggregate",
        "category=office",
        "subcategory=office/mail",
        "rubric=yes",
        "graph!=no",
        "id~voice",
        "label.form=repair",
        "label.none!=repair",
        "words>1",
        "nodes<=2",
    ],
)
def test_conditions_that_hold(text: str):
    assert first_unmet(TASK, [parse(text)]) is None


@pytest.mark.parametrize(
    "text",
    [
        "difficulty>3",
        "difficulty!=3",
        "skill!=report",
        "operation=join",
        "category=home",
        "rubric=no",
        "id~VOICE",
        "label.form=new",
        "words>2",
    ],
)
def test_conditions_that_do_not(text: str):
    assert first_unmet(TASK, [parse("kind=procedural"), parse(text)]).text == text


def test_a_task_without_the_number_meets_no_comparison():
    plain = make_profile("plain", operations=())
    assert first_unmet(plain, [parse("nodes<100")]) is not None
    assert first_unmet(plain, [parse("nodes!=100")]) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("difficulty", "no condition"),
        ("difficulty=", "no condition"),
        ("__import__('os')", "no condition"),
        ("colour=red", "known features: .*difficulty"),
        ("skill>3", "is no number; these are"),
        ("difficulty>high", "'high' is no number"),
        ("difficulty>nan", "'nan' is no number"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, message: str):
    with pytest.raises(UsageError, match=message):
        parse(text)
