"""Markdown reports: title, table and totals, however a person lays them out."""

from pathlib import Path

import pytest

from tests.verify.grader import REPORT, figure_check, judge, rows_check, title_check

CHECKS = {
    "title": title_check(),
    "table": rows_check("document_table", "r.md"),
    "total": figure_check(),
}


def look(root: Path, which: str, text: str) -> dict[str, object]:
    (root / "r.md").write_text(text, encoding="utf-8")
    return judge(root, CHECKS[which])


@pytest.mark.parametrize("which", CHECKS)
def test_a_right_report_holds(tmp_path: Path, which: str) -> None:
    assert look(tmp_path, which, REPORT)["passed"]


@pytest.mark.parametrize(
    "text",
    [
        REPORT.replace("| A-2 | Foxglove | 100.00 |", "| **A-2** | `Foxglove` | **100.00** |"),
        REPORT.replace("| --- | --- | ---: |", "|:--|:-:|--:|"),
        REPORT.replace("| A-1 | Alder & Sons | 12.50 |", "A-1 | Alder & Sons | 12.50"),
        REPORT.replace("Orders overview\n", "Orders overview\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
        REPORT.replace("| A-1 | Alder & Sons | 12.50 |\n", "").replace(
            "7.25 |\n", "7.25 |\n| A-1 | Alder & Sons | 12.50 |\n"
        ),
    ],
    ids=["bold", "aligned", "open-rows", "another-table-before", "other-order"],
)
def test_the_look_of_a_table_does_not_matter(tmp_path: Path, text: str) -> None:
    assert look(tmp_path, "table", text)["passed"]


@pytest.mark.parametrize(
    ("cell", "right"),
    [
        ("1,234.50", True),
        ("**1,234.5**", True),
        ("1'234.50", True),
        ("1 234.50", True),
        ("1234.50", True),
        ("1.234,50", False),
        ("1,2345", False),
        ("12,34.50", False),
        ("1,234", False),
        ("1.234", False),
    ],
)
def test_a_table_may_set_thousands_apart(tmp_path: Path, cell: str, right: bool) -> None:
    check = rows_check("document_table", "r.md", rows=(("A-2", "Foxglove", 1234.5),))
    (tmp_path / "r.md").write_text(f"| id | customer | amount |\n|-|-|-|\n|A-2|Foxglove|{cell}|\n")
    assert judge(tmp_path, check)["passed"] == right


@pytest.mark.parametrize(("value", "cell"), [(1.234, "1,234"), (1234, "1.234"), (1250, "12,50")])
def test_a_decimal_mark_is_no_thousands_mark(tmp_path: Path, value: float, cell: str) -> None:
    check = rows_check("document_table", "r.md", rows=(("A-2", "Foxglove", value),))
    (tmp_path / "r.md").write_text(f"| id | customer | amount |\n|-|-|-|\n|A-2|Foxglove|{cell}|\n")
    assert not judge(tmp_path, check)["passed"]
    (tmp_path / "r.md").write_text(f"Total amount: {cell}\n")
    assert not judge(tmp_path, figure_check(value=value))["passed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Orders overview\n", "no table"),
        (REPORT.replace("| amount |", "| sum |"), "columns id, customer, sum"),
        (REPORT.replace("\\|", "|"), "rows of different length"),
        (REPORT.replace("| A-2 | Foxglove | 100.00 |\n", ""), "1 missing: A-2"),
        (REPORT.replace("100.00", "100.01"), "amount = 100.01"),
    ],
)
def test_a_wrong_table_is_refused_with_evidence(tmp_path: Path, text: str, said: str) -> None:
    result = look(tmp_path, "table", text)
    assert not result["passed"]
    assert said in str(result["found"])
    assert str(result["where"]).startswith("r.md")


@pytest.mark.parametrize(
    "first", ["#   orders OVERVIEW  ", "\n\n# Orders overview", "# Orders overview #"]
)
def test_a_title_may_differ_in_case_and_blanks(tmp_path: Path, first: str) -> None:
    assert look(tmp_path, "title", first + "\n")["passed"]


@pytest.mark.parametrize(
    "first", ["", "Orders overview", "## Orders overview", "# Orders", "# Orders overview#"]
)
def test_another_first_line_is_no_title(tmp_path: Path, first: str) -> None:
    result = look(tmp_path, "title", first + "\nmore\n")
    assert not result["passed"]
    assert "first line" in str(result["found"])


@pytest.mark.parametrize(
    "line",
    [
        "Total amount: 119.75",
        "- **Total amount:** 119.75",
        "> TOTAL AMOUNT: 119.750",
        "| Total amount | 119.75 |",
        "`Total amount` = +119.75",
        "Total amount: 119.75\n\nTotal amount: 119.750",
    ],
)
def test_a_total_is_read_however_it_is_set(tmp_path: Path, line: str) -> None:
    assert look(tmp_path, "total", REPORT.replace("Total amount: 119.75", line))["passed"]


def test_thousands_may_be_separated(tmp_path: Path) -> None:
    (tmp_path / "r.md").write_text("Total amount: 1,234,567.50\n")
    assert judge(tmp_path, figure_check(value=1234567.5))["passed"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "no line 'Total amount:' with a number"),
        ("Total amount: …", "no line 'Total amount:' with a number"),
        ("The Total amount: 119.75", "no line 'Total amount:' with a number"),
        ("Total amount: 119.75 or 120", "no line 'Total amount:' with a number"),
        ("Total amount: 119.76", "Total amount: 119.76"),
        ("Total amount: 119.75\nTotal amount: 1\nTotal amount: 2", "several answers: 119.75, 1"),
    ],
)
def test_a_wrong_total_is_refused_with_evidence(tmp_path: Path, line: str, said: str) -> None:
    result = look(tmp_path, "total", REPORT.replace("Total amount: 119.75", line))
    assert not result["passed"]
    assert said in str(result["found"])
    assert result["where"] == "r.md"
