import pytest

from clawgym.errors import UsageError
from synth.dataset.conditions import Seen, first_unmet, parse
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
        "difficulty=3.0",
        "difficulty!=2.5",
        "kind=procedural",
        "skill=report",
        "skill!=join,other",
        "operation=join, filter",
        "operation-pair=filter > aggregate",
        "category=office",
        "subcategory=office/mail",
        "rubric=yes",
        "rubric=True",
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
        ("difficulty=1-3", "'1-3' is no number"),
        ("rubric=maybe", "rubric is yes or no"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, message: str):
    with pytest.raises(UsageError, match=message):
        parse(text)


def missing(*texts: str) -> list[str]:
    seen = Seen([parse(text) for text in texts])
    for task in (TASK, make_profile("other", difficulty=5, scenario="home/meals")):
        seen.see(task)
    return seen.missing()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("category=Office,home", "no task has category=Office; found: home (1), office (1)"),
        ("category!=Office", "no task has category=Office; found: home (1), office (1)"),
        ("category~Off", "no task meets category~Off; found: home (1), office (1)"),
        ("difficulty=4.0", "no task has difficulty=4; found: 3 to 5"),
        ("difficulty>8", "no task meets difficulty>8; found: 3 to 5"),
        ("label.none=new", "no task has label.none=new; none has that feature at all"),
    ],
)
def test_what_no_task_has_is_said_with_what_there_is(text: str, sentence: str):
    assert missing(text) == [sentence]


def test_what_some_task_has_needs_no_word():
    assert missing("category=home", "difficulty<=3", "rubric=no", "skill!=report", "id~oth") == []


def test_only_the_most_frequent_values_are_said():
    seen = Seen([parse("persona=nobody")])
    for number in range(12):
        seen.see(make_profile(f"t{number}", persona=f"p{number:02}"))
    assert seen.missing()[0].endswith("p07 (1), 4 more")


def test_a_large_number_is_one_value():
    large = make_profile("large", workspace="x" * 1_234_567)
    assert first_unmet(large, [parse("bytes=1234567")]) is None
