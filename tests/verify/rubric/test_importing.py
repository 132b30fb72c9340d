"""Rubrics of other suites: read as they are meant, every repair said aloud."""

import pytest

from clawgym.errors import TaskFormatError
from verify.rubric.importing import from_clawgym_rules, from_pinchbench_sections
from verify.rubric.rubric import BANDS, Rubric

SCORES = {"0": "none", "0.25": "bad", "0.5": "fair", "0.75": "good", "1": "best"}
RULE = {"name": "Tone of voice", "file_path": "output/a[1].md", "scores": SCORES}

MARKDOWN = """Some words before.

### Criterion 1: Content, and Relevance (Weight: 60%)

**Score 1.0**: All there,
in two lines.

**Score 0.75**: Nearly.
**Score 0.5**: Half.
**Score 0.25**: A little.
**Score 0.0**: Nothing.

### Criterion 2: Form (Weight: 40%)

**Score 1.0**: Good.
```
### Criterion 9: in a fence (Weight: 1%)
```
**Score 0.75**: Nearly.
**Score 0.5**: Half.
**Score 0.25**: A little.
**Score 0.0**: Bad.

## Additional Notes

**Score 0.0**: not part of it.
"""


def codes(repairs) -> list[str]:
    return [repair.code for repair in repairs]


def only(rubric: Rubric | None) -> Rubric:
    assert rubric is not None
    return rubric


def test_clawgym_rules_become_criteria_of_equal_weight_with_a_target() -> None:
    found = from_clawgym_rules([RULE, {**RULE, "name": "Facts"}])
    first, second = only(found.rubric).criteria
    assert (first.id, first.name, second.id) == ("tone-of-voice", "Tone of voice", "facts")
    assert first.bands == SCORES
    assert first.covers("output/a[1].md")
    assert not first.covers("output/a1.md")
    assert only(found.rubric).shares == {"tone-of-voice": 0.5, "facts": 0.5}
    assert found.repairs == ()


def test_other_spellings_of_bands_are_read_and_reported() -> None:
    scores = {"0.0": "none", "0.25": "bad", "0.50": "fair", "0.75": "good", "1.0": "best"}
    found = from_clawgym_rules([{**RULE, "scores": scores}])
    assert only(found.rubric).criteria[0].bands == SCORES
    assert codes(found.repairs) == ["rubric-band-name"] * 3


def test_the_persona_routes_object_is_unwrapped() -> None:
    wrapped = {"eval_type": "llm_rubric", "score_options": [0, 1], "rules": [RULE]}
    assert len(only(from_clawgym_rules(wrapped).rubric).criteria) == 1


def test_a_skipped_rubric_is_none_and_says_why() -> None:
    found = from_clawgym_rules({"skip_rubric": True, "reason": "all is code"})
    assert found.rubric is None
    assert [(r.code, r.message) for r in found.repairs] == [("rubric-skipped", "all is code")]


@pytest.mark.parametrize("nothing", [None, []])
def test_no_rules_are_no_rubric(nothing) -> None:
    assert from_clawgym_rules(nothing).rubric is None


def test_a_legacy_rule_is_made_five_degrees_of_its_sentence() -> None:
    found = from_clawgym_rules([{"name": "a", "target_file": "./out/", "rule": "It is short."}])
    criterion = only(found.rubric).criteria[0]
    assert criterion.bands["0.5"] == "Met in part: It is short."
    assert criterion.covers("out/x.md")
    assert codes(found.repairs) == ["rubric-legacy-rule"]


def test_a_missing_band_is_put_between_its_neighbours() -> None:
    scores = {key: text for key, text in SCORES.items() if key not in ("0.25", "1")}
    found = from_clawgym_rules([{**RULE, "scores": scores}])
    bands = only(found.rubric).criteria[0].bands
    assert bands["0.25"] == "Better than what is said at 0, and not yet what is said at 0.5."
    assert bands["1"] == "Clearly better than what is said at 0.75."
    assert codes(found.repairs) == ["rubric-band-missing"] * 2


def test_equal_names_get_ids_of_their_own() -> None:
    assert [c.id for c in only(from_clawgym_rules([RULE, RULE, RULE]).rubric).criteria] == [
        "tone-of-voice",
        "tone-of-voice-2",
        "tone-of-voice-3",
    ]


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ("rules", "must be a list"),
        ({"a": 1}, "without `rules`"),
        ([1], r"rules\[0\] must be an object"),
        ([{"name": "a"}], "neither `scores` nor"),
        ([{**RULE, "scores": {"2": "x"}}], "'2' is none of the bands"),
        ([{**RULE, "scores": {"1": "x", "1.0": "y"}}], "two texts for the band 1"),
        ([{**RULE, "scores": {}}], "no band with a text"),
    ],
)
def test_what_cannot_be_understood_is_refused(rules, problem: str) -> None:
    with pytest.raises(TaskFormatError, match=problem):
        from_clawgym_rules(rules)


def test_pinchbench_sections_become_weighted_criteria() -> None:
    found = from_pinchbench_sections(MARKDOWN)
    rubric = only(found.rubric)
    assert rubric.shares == {"content-and-relevance": 0.6, "form": 0.4}
    first, second = rubric.criteria
    assert first.bands["1"] == "All there,\nin two lines."
    assert "### Criterion 9" in second.bands["1"]
    assert second.bands["0"] == "Bad."
    assert tuple(first.bands) == BANDS
    assert found.repairs == ()


def test_levels_of_another_scale_go_to_the_nearest_band() -> None:
    scale = {"0": "none", "0.2": "one", "0.4": "two", "0.6": "three", "0.8": "four", "1": "all"}
    found = from_clawgym_rules([{**RULE, "scores": scale}])
    bands = only(found.rubric).criteria[0].bands
    assert (bands["0.25"], bands["0.5"], bands["0.75"]) == ("one", "two Or: three", "four")
    assert codes(found.repairs) == ["rubric-band-moved"] * 4


def test_pinchbench_weights_that_do_not_add_up_are_reported() -> None:
    found = from_pinchbench_sections(MARKDOWN.replace("60%", "80%"))
    assert only(found.rubric).shares["form"] == pytest.approx(1 / 3)
    assert codes(found.repairs) == ["rubric-weights"]


def test_a_pinchbench_criterion_without_weight_gets_the_mean_of_the_others() -> None:
    found = from_pinchbench_sections(MARKDOWN.replace(" (Weight: 60%)", ""))
    assert only(found.rubric).shares["form"] == 0.5
    assert codes(found.repairs) == ["rubric-weight-missing"]


def test_a_text_without_criteria_is_no_rubric() -> None:
    assert from_pinchbench_sections("Judge the tone.\n").rubric is None
