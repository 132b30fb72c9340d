"""Paragraphs in whatever words: figures as a whole, each of its own, and no more than was asked."""

from pathlib import Path

import pytest

from tests.verify.examples import check
from tests.verify.grader import judge


def section(root: Path, text: str, *facts: tuple[str, ...], **more: object) -> dict[str, object]:
    (root / "p.md").write_text(f"# Page\n\n## In short\n\n{text}\n\n## Details\n\n1 2 3 4 5 6 7\n")
    return judge(root, check("section", path="p.md", heading="In short", facts=facts, **more))


@pytest.mark.parametrize(
    "text",
    [
        "There are 15.",
        "15, to be exact",
        "(15)",
        "It is **15**.",
        "`15`: that is all",
        "15% of them",
        "15 EUR",
        "€15",
        "it has 15; others fewer",
        "15/20 passed",
        "a 15-day delay",
        "in all—15 of them",
        "in all – 15 of them",
        "Look:\n- 15 rows",
        "15!",
        "it was ~15",
    ],
)
def test_a_figure_is_said_however_the_sentence_goes_on(tmp_path: Path, text: str) -> None:
    assert section(tmp_path, text, ("15",))["passed"]


@pytest.mark.parametrize(
    "text",
    [
        "15.99",
        "15,5",
        "15,000",
        "15'000",
        "1,015",
        "1.15",
        "0.15",
        "215",
        "-15",
        "\u221215",
        "-€15",
        "15-20",
        "15–20",
        "10-15",
        "15:30",
        "12:15",
        "2026-03-15",
        "I-15",
        "15k",
        "the 15th",
        "15e3",
    ],
)
def test_a_figure_is_not_said_by_a_part_of_another(tmp_path: Path, text: str) -> None:
    assert not section(tmp_path, f"There are {text} of them", ("15",))["passed"]


def test_a_figure_below_zero_is_said_with_either_sign(tmp_path: Path) -> None:
    for text in ("It is -5.50.", "It is \u22125.50, less than before."):
        assert section(tmp_path, text, ("-5.50",))["passed"]
    assert not section(tmp_path, "from 10-5.50", ("-5.50",))["passed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" ".join(map(str, range(1, 60))) + " Ilves", "59 figures where a few sentences"),
        ("two three four five six seven eight nine ten eleven twelve 13 15 Ilves", "13 figures"),
        ("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15 Ilves", "15 figures"),
        ("Ilves has 15. " + "Please read on. " * 40, "123 words where a few sentences"),
        ("15: Ilves, Ono, Marsh, Kask or Lum", "4 other names"),
    ],
)
def test_nothing_is_earned_by_saying_everything(tmp_path: Path, text: str, said: str) -> None:
    limits = {"most_words": 120, "most_figures": 12, "most_others": 3}
    others = ("Ono", "Marsh", "Kask", "Lum")
    result = section(tmp_path, text, ("15",), ("Ilves",), others=others, **limits)
    assert not result["passed"]
    assert said in str(result["found"])
    assert section(tmp_path, text, ("15",), ("Ilves",))["passed"]


def test_the_figures_of_the_table_below_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("# Page\n## In short\n15.\n### Details\n1 2 3 4\n")
    asked = {"path": "p.md", "heading": "In short", "most_figures": 3}
    assert not judge(tmp_path, check("section", **asked, facts=[("15",)]))["passed"]
    assert judge(tmp_path, check("section", **asked, facts=[("15",)], until="Details"))["passed"]
    assert not judge(tmp_path, check("section", **asked, facts=[("4",)], until="Details"))["passed"]


APART = (
    {"label": ("passed",), "figure": ("9", "nine")},
    {"label": ("failed", "did not pass"), "figure": ("3", "three")},
)


@pytest.mark.parametrize(
    "text",
    [
        "9 passed and 3 failed.",
        "Of 12 tests, passed: 9, failed: 3",
        "passed 9, failed 3",
        "Failed 3, passed 9.",
        "There are 12: 3 failed; the other nine passed.",
        "Passed and failed: 9 and 3.",
        "More passed than failed (9 against 3).",
        "Of the 12 that passed or failed, 9 passed and 3 failed.",
        "9 of them passed, and failed ones number 3.",
        "9 are in order (passed), 3 are not (failed).",
        "9 tests passed. The rest, which is 3, failed.",
        "9 passed; for the others, 3, it is a failure.",
        "12 in all. Nine are green, three are red.",
    ],
)
def test_each_figure_is_of_its_own_label_however_it_is_said(tmp_path: Path, text: str) -> None:
    result = section(tmp_path, text, ("9", "nine"), ("3", "three"), apart=APART)
    assert result["passed"], result


@pytest.mark.parametrize(
    "text",
    [
        "3 passed and 9 failed.",
        "Of 12 tests, passed: 3, failed: 9",
        "passed 3, failed 9",
        "There are 12: 9 failed; the other three passed.",
        "Passed and failed: 3 and 9.",
        "9 tests failed. The rest, which is 3, passed.",
        "3 passed; for the others, 9, it is a failure.",
    ],
)
def test_figures_that_are_mixed_up_are_refused(tmp_path: Path, text: str) -> None:
    result = section(tmp_path, text, ("9", "nine"), apart=APART)
    assert result["found"] == "the figures of passed and failed are mixed up"


def test_a_mail_may_set_thousands_apart_and_says_whole_figures(tmp_path: Path) -> None:
    facts = (("1234.50", "1,234.50"),)
    asked = check("messages", path="m.mbox", messages=[{"headers": {"To": "a@x"}, "facts": facts}])
    for amount, right in {
        "1234.50": True,
        "EUR 1,234.50.": True,
        "11,234.50": False,
        "1,234.505": False,
        "-1,234.50": False,
    }.items():
        (tmp_path / "m.mbox").write_text(f"From a Thu Jan 1 2026\nTo: a@x\n\nPlease pay {amount}\n")
        assert judge(tmp_path, asked)["passed"] == right, amount


@pytest.mark.parametrize("text", ["EUR1,234.50 in all", "1,234.50EUR in all", "1,234.50 EUR."])
def test_a_currency_may_touch_its_amount(tmp_path: Path, text: str) -> None:
    assert section(tmp_path, text, ("1,234.50",))["passed"]
    assert not section(tmp_path, text, ("234.50",))["passed"]
