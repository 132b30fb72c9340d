"""`tests/rubric.toml`: five bands for each criterion, weights that we normalise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import TaskFormatError
from tests.verify.rubric.works import RUBRIC, criterion, judged_task
from verify.rubric.rubric import BANDS, LEVELS, Criterion, Rubric, rubric_of

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1)
criteria = st.builds(
    Criterion,
    id=st.from_regex(r"[a-z][a-z0-9_.-]{0,10}", fullmatch=True),
    name=texts,
    weight=st.floats(1e-3, 1e3),
    target=st.none() | texts,
    bands=st.fixed_dictionaries(dict.fromkeys(BANDS, texts)),
)
rubrics = st.builds(
    Rubric,
    include_messages=st.booleans(),
    criteria=st.lists(criteria, min_size=1, max_size=4, unique_by=lambda c: c.id).map(tuple),
)


@given(rubrics)
def test_what_is_written_is_what_is_read(rubric: Rubric) -> None:
    assert Rubric.loads(rubric.dumps()) == rubric


@given(rubrics, st.data())
def test_the_score_lies_between_the_lowest_and_the_highest_band(rubric: Rubric, data) -> None:
    bands = {c.id: data.draw(st.sampled_from(LEVELS)) for c in rubric.criteria}
    assert min(bands.values()) - 1e-9 <= rubric.score(bands) <= max(bands.values()) + 1e-9


def test_weights_are_divided_by_their_sum() -> None:
    assert RUBRIC.shares == {"clarity": 0.25, "depth": 0.75}
    assert RUBRIC.score({"clarity": 1.0, "depth": 0.5}) == 0.625


@pytest.mark.parametrize("bands", [{"clarity": 1.0}, {"clarity": 1.0, "depth": 1.0, "x": 1.0}])
def test_a_score_takes_exactly_the_named_criteria(bands: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="do not match the criteria"):
        RUBRIC.score(bands)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("criteria = [", "not valid TOML"),
        ("criteria = []", "at least 1 item"),
        (RUBRIC.dumps().replace('"0.25" = "depth is 0.25"\n', ""), "lacks the bands 0.25"),
        (RUBRIC.dumps().replace('"0.25"', '"0.3"'), "0.3"),
        (RUBRIC.dumps().replace('"depth"', '"clarity"'), "two criteria have the id clarity"),
        (RUBRIC.dumps().replace("weight = 3.0", "weight = 0.0"), "greater than 0"),
        (RUBRIC.dumps().replace("weight = 3.0", "weight = inf"), "finite"),
        ("extra = 1\n" + RUBRIC.dumps(), "Extra inputs"),
    ],
)
def test_a_malformed_rubric_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(TaskFormatError, match=problem) as refusal:
        rubric_of(judged_task(text))
    assert "tests/rubric.toml of task essay" in str(refusal.value)


def test_a_target_is_a_glob_over_paths() -> None:
    assert criterion("a", target="output/*.md").covers("output/deep/essay.md")
    assert not criterion("a", target="output/*.md").covers("essay.md")
    assert criterion("a").covers("anything")
