"""Numbers and dates in prose: the asked one near its label, however it is written, and no other."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.examples import check
from tests.verify.grader import judge, lib


def number(root: Path, text: str, value: float, **more: object) -> dict[str, object]:
    (root / "n.md").write_text(text, encoding="utf-8")
    return judge(root, check("number", path="n.md", labels=("Total revenue",), value=value, **more))


@pytest.mark.parametrize(
    ("text", "value", "more"),
    [
        ("Total revenue: 1234.5", 1234.5, {}),
        ("The total revenue was $1,234.50.", 1234.5, {"units": ("$",)}),
        ("Total revenue was 1.2m USD", 1.2e6, {"units": ("USD",)}),
        ("total revenue (2026) came to USD 45k", 45000, {"units": ("USD",)}),
        ("| Total revenue | 99 |", 99, {}),
        ("**Total revenue**: **12**", 12, {}),
        ("## Total revenue\n\n512 euros", 512, {"units": ("euros",)}),
        ("We made 7 million in total revenue.", 7e6, {}),
        ("Total revenue in 2024 was 88.", 88, {}),
        ("As of 2026-01-31 total revenue was 88.", 88, {}),
        ("Total revenue fell by 12% to 88.", 88, {}),
        ("Total revenue fell by 12% to 88.", 12, {"units": ("percent",)}),
        ("Total revenue: -5", -5, {}),
        ("Total revenue: \u22125", -5, {}),
        ("Total revenue: 1.234,5 €", 1234.5, {"units": ("€",), "decimal": ","}),
        ("Total\nrevenue is\n42 units, said INV-0042.", 42, {}),
        ("Total revenue: 100\n\nSo total revenue is 100.0.", 100, {}),
        ("Total revenue: 99.6", 100, {"absolute": 0.5}),
        ("Total revenue: 101", 100, {"relative": 0.01}),
        ("Total revenue for 2026 is 2026.", 2026, {}),
    ],
)
def test_a_number_is_read_as_people_write_it(
    tmp_path: Path, text: str, value: float, more: dict[str, object]
) -> None:
    assert number(tmp_path, text, value, **more)["passed"], number(tmp_path, text, value, **more)


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("Revenue: 100", {}, "nothing said of Total revenue"),
        ("Total revenue is high. The count is 100.", {}, "nothing said"),
        ("Total revenue: 101", {}, "101, in"),
        ("Total revenue: 100 or 101", {}, "several answers"),
        ("Total revenue: 100-120", {}, "several answers"),
        ("Total revenue: 100 to 120", {}, "several answers"),
        ("Total revenue: 100\n\nTotal revenue: 101", {}, "several answers: 100, 101"),
        ("Total revenue: 98, 99, 100, 101, 102, 103", {}, "6 answers in one sentence"),
        ("Total revenue: 100%", {}, "nothing said"),
        ("Total revenue: 100 EUR", {"units": ("USD",)}, "nothing said"),
        ("Total revenue: 100k", {}, "100000, in"),
        ("Total revenue: item 5, 100", {}, "5, in"),
        ("Subtotal revenue: 100", {}, "nothing said"),
        ("Total revenue: 1,00", {}, "nothing said"),
        ("", {}, "nothing said"),
    ],
)
def test_any_other_number_is_refused(
    tmp_path: Path, text: str, more: dict[str, object], said: str
) -> None:
    result = number(tmp_path, text, 100, **more)
    assert not result["passed"]
    assert said in str(result["found"])
    assert str(result["where"]).startswith("n.md")


@given(st.integers(-(10**12), 10**12), st.integers(0, 99))
def test_grouped_numbers_are_read_back(whole: int, cents: int) -> None:
    text = f"{whole:,}.{cents:02d}"
    [found] = lib("quantities").quantities(text)
    assert found.value == pytest.approx(float(text.replace(",", "")))


FORMS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d %B %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%b. %d %Y",
    "%d.%m.%Y",
    "%d-%b-%Y",
)


@given(st.dates(date(1970, 1, 1), date(2099, 12, 31)), st.sampled_from(FORMS))
def test_a_date_is_read_in_every_common_form(day: date, form: str) -> None:
    found = lib("moments").dates_in(f"It ends on {day.strftime(form)}, they say.")
    assert [item[2] for item in found] == [day]
    assert lib("moments").as_date(day.strftime(form)) == day


@given(st.dates(date(1970, 1, 1), date(2099, 12, 31)))
def test_a_date_with_slashes_means_what_the_task_says_it_means(day: date) -> None:
    moments = lib("moments")
    assert moments.as_date(day.strftime("%d/%m/%Y"), True) == day
    assert moments.as_date(day.strftime("%m/%d/%Y"), False) == day
    guessed = moments.as_date(day.strftime("%d/%m/%Y"))
    assert guessed in (day, None)
    assert (guessed is None) == (day.day <= 12 and day.day != day.month)


def test_two_dates_for_one_label_are_refused(tmp_path: Path) -> None:
    asked = check("date", path="n.md", labels=("Deadline",), value="2026-05-04")
    (tmp_path / "n.md").write_text("Deadline: 4 May 2026.\n\nThe deadline is May 5, 2026.\n")
    assert judge(tmp_path, asked)["found"] == "several answers: 2026-05-04, 2026-05-05"


def test_moments_are_compared_in_utc() -> None:
    read = lib("moments").as_moment
    assert read("2026-03-01T10:00:00+02:00") == read("2026-03-01 08:00Z")
    assert read("2026-03-01T10:00") - read("2026-03-01") == timedelta(hours=10)
    assert read("2026-13-01") is None
