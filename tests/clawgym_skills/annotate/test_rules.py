"""The annotator by rules: what words mean in their context, and how often it is right."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.files import Files
from clawgym_skills._folder import SkillFolder
from clawgym_skills.annotate import Annotation, SkillIds, annotate
from clawgym_skills.annotate.batch import annotate_all
from clawgym_skills.annotate.entry import Entry
from clawgym_skills.annotate.prompting import risk_names
from clawgym_skills.annotate.quality import Quality, load_gold, measure
from clawgym_skills.annotate.signals import signals
from clawgym_skills.annotate.taxonomy import CATEGORIES, category_file, operation_words
from clawgym_skills.bundle import bundled_skills
from clawgym_skills.diagnostic import Findings
from clawgym_skills.operations import atomic_operations
from clawgym_skills.reading import interpret
from clawgym_skills.skill import Skill

GOLD = Path(__file__).parent / "gold.toml"
HELD_OUT = Path(__file__).parent / "held_out.toml"


def skill(body: str, description: str = "Does a thing.", **files: str) -> Skill:
    text = f"---\nname: thing\ndescription: {description}\n---\n\n{body}\n"
    folder = SkillFolder(
        Path("/s/thing"), "SKILL.md", Files({"SKILL.md": text, **files}), Findings("thing")
    )
    return interpret(folder)


def annotated(body: str, description: str = "Does a thing.", **files: str) -> Annotation:
    return annotate(skill(body, description, **files), "thing")


def needs(record: Annotation) -> set[str]:
    facts, additions = record.annotation, record.clawgym
    assert facts
    assert additions
    flags = {
        "auth": facts.auth_required,
        "media": not facts.text_only_compatible,
        "risk": facts.has_risk,
        "network": additions.needs_network,
    }
    return {name for name, holds in flags.items() if holds}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Set your API key in the settings.", {"auth"}),
        ("No API key is needed.", set()),
        ("Works without an API key.", set()),
        ("Never paste your API key into a file.", set()),
        ("Scan the diff for leaked API keys.", set()),
        ("Optionally set your API key for higher rate limits.", set()),
        ("不需要配置 API Key。", set()),
        ("需要配置 API Key。", {"auth"}),
        ("export ACME_API_KEY=abc", {"auth"}),
        ("Keep max_tokens below 4000.", set()),
        ("Generate an image of a cat.", {"media"}),
        ("Build the Docker image and push it.", set()),
        ("Get a clear picture of the problem.", set()),
        ("Name verbs like known tools, for example ffmpeg.", set()),
        ("Cut the clip with ffmpeg.", {"media"}),
        ("Use the active voice.", set()),
        ("Never use `rm -rf`.", set()),
        ("Run `rm -rf build`.", {"risk"}),
        ("![logo](logo.png)", set()),
    ],
)
def test_words_mean_what_their_context_says(body: str, expected: set[str]) -> None:
    assert needs(annotated(body)) == expected


def test_a_sample_in_a_code_fence_is_no_need() -> None:
    body = "```markdown\nSet your API key first.\n```"
    record = annotated(body)
    assert needs(record) == set()
    assert record.clawgym
    assert {e.context for e in record.clawgym.evidence if e.field == "auth"} == {"sample text"}


def test_a_declared_secret_is_a_need_and_a_required_variable() -> None:
    text = 'metadata: {"openclaw": {"requires": {"env": ["ACME_TOKEN"]}}}'
    record = annotated("Ask.", f"Does a thing.\n{text}")
    assert record.annotation
    assert record.annotation.auth_required
    assert record.annotation.required_env == ("ACME_TOKEN",)


def test_a_script_that_reads_a_secret_is_a_need_with_its_line() -> None:
    script = "import os\n\nkey = os.environ['ACME_API_KEY']\n"
    record = annotated("Run it.", **{"scripts/run.py": script})
    assert record.annotation
    assert "scripts/run.py:3" in record.annotation.auth_details[0]


def test_every_reason_names_words_and_a_line() -> None:
    record = annotated("Set your API key.\n\nGenerate an image.")
    assert record.annotation
    for reason in (*record.annotation.auth_details, *record.annotation.non_text_reasons):
        assert "SKILL.md:" in reason


def test_evidence_points_at_lines_that_hold_its_words() -> None:
    for entry in load_gold(GOLD):
        additions = annotate(entry.skill, "x").clawgym
        assert additions
        lines = entry.text.lower().split("\n")
        for item in additions.evidence:
            if item.path == "SKILL.md" and item.field in ("auth", "media", "risk", "network"):
                assert item.words.lower() in lines[item.line - 1]


def test_core_content_holds_the_instructions_and_no_setup_link_or_brand() -> None:
    body = """# Thing

## Setup

Run the installer from https://acme.example/install with $ACME_API_KEY.

## Steps

1. Group the rows by month in Notion.
2. Write the totals to a table.
"""
    record = annotated(body)
    assert record.annotation
    core = record.annotation.core_content
    assert "Group the rows by month" in core
    assert "Write the totals" in core
    assert not any(word in core for word in ("acme", "ACME", "Notion", "installer", "http"))


def test_declared_operations_are_taken_at_their_word() -> None:
    by_name = {s.name: annotate(s, "x").clawgym for s in bundled_skills()}
    found = by_name["csv-analysis"]
    assert found
    assert found.operations == ("filter", "aggregate", "convert")


def test_bundled_skills_are_all_fit_for_synthesis() -> None:
    kept_out = {s.name: r for s in bundled_skills() if (r := needs(annotate(s, "x")) - {"network"})}
    assert not {name for name, reasons in kept_out.items() if reasons & {"auth", "media"}}


@given(st.text(max_size=400), st.text(alphabet="ab `#|-:\n!.$_/中é", max_size=200))
def test_any_text_gives_a_valid_record_and_always_the_same(body: str, more: str) -> None:
    found = skill("Thing. " + body.replace("\r", " ") + more)
    record = annotate(found, "thing")
    assert Annotation.model_validate_json(record.dumps()) == record
    assert annotate(found, "thing") == record


def test_the_records_are_the_same_whatever_the_number_of_processes() -> None:
    entries = [
        Entry(entry.skill, entry.id.replace("-", "_"), entry.id) for entry in load_gold(GOLD)
    ]
    assert annotate_all(entries, processes=2) == annotate_all(entries, processes=1)


def test_every_word_list_is_about_something_known() -> None:
    held = category_file()
    assert len(held.hub) == 14
    assert {hub.clawgym for hub in held.hub} | {d.clawgym for d in held.direct} == set(CATEGORIES)
    assert set(held.chinese) <= {hub.name for hub in held.hub}
    assert list(operation_words().words) == [
        name for name in operation_words().words if name in atomic_operations()
    ]
    assert set(operation_words().words) == set(atomic_operations())
    assert set(operation_words().chinese) <= set(atomic_operations())
    assert len(risk_names()) == len(set(risk_names()))


def test_every_signal_can_be_found_by_one_of_its_anchors() -> None:
    for signal in signals():
        assert signal.needles
        assert all(anchor == anchor.lower() for anchor in signal.anchors)
        assert signal.cap >= signal.weight


LEAST = {
    "auth": (0.93, 0.95),
    "media": (0.95, 0.95),
    "risk": (0.95, 0.95),
    "network": (0.9, 0.9),
    "language": (0.95, 0.95),
    "category": (0.83, 0.83),
    "operations": (0.7, 0.72),
}
LEAST_HELD_OUT = {
    "auth": (0.9, 0.75),
    "media": (0.9, 0.5),
    "risk": (0.9, 0.5),
    "network": (0.9, 0.9),
    "language": (0.95, 0.95),
    "category": (0.6, 0.6),
    "operations": (0.65, 0.55),
}
"""Measured once, before anybody had looked at the errors. The recall is that of two-line skills in
words of our choosing; a public skill says what it needs in many places."""


def qualities(path: Path) -> list[Quality]:
    gold = load_gold(path)
    ids = SkillIds()
    return measure(gold, [annotate(entry.skill, ids.give(entry.id)) for entry in gold])


@pytest.mark.parametrize("quality", qualities(GOLD), ids=lambda quality: quality.field)
def test_precision_and_recall_on_the_gold_set(quality: Quality) -> None:
    precision, recall = LEAST[quality.field]
    assert quality.precision >= precision, quality.false_positives
    assert quality.recall >= recall, quality.false_negatives


@pytest.mark.parametrize("quality", qualities(HELD_OUT), ids=lambda quality: quality.field)
def test_precision_and_recall_on_skills_that_the_rules_were_not_made_on(quality: Quality) -> None:
    precision, recall = LEAST_HELD_OUT[quality.field]
    assert quality.precision >= precision, quality.false_positives
    assert quality.recall >= recall, quality.false_negatives


def test_the_gold_set_is_large_and_labelled_with_known_names() -> None:
    gold = load_gold(GOLD)
    assert len(gold) >= 60
    assert {entry.category for entry in gold} == set(CATEGORIES)
    assert {o for entry in gold for o in entry.operations} <= set(atomic_operations())
