"""What a rewriting asks for, by rules: honest rewordings pass, inverted ones do not."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from synth.authoring.meaning import meaning_problems

REQUEST = """\
I do our books and have got to the invoices of April.

1) Take all rows of `input/invoices.json` where `status` is not `paid` and `amount` is 50 or more \
and `due_on` is before 2026-05-14, and write them to `output/open.csv`, rows in the same order. \
Keep the first of those with the same `invoice_id`, and drop the others.
2) For each `customer` in the result of step 1, calculate the number of rows as `count` and the \
sum of `amount` as `total`, without `draft` rows. Write that to `output/by_customer.csv`, the \
largest `total` first, and leave empty what is not on file.
3) In `input/rates.ini`, double `fee` where `kind` is `late` or `lost`. Write `name` in lower case.

Do not change, move or delete any existing file other than `input/rates.ini`.
"""

INVERSIONS = [
    (" is not `paid` and `amount` is 50", " is `paid` and `amount` is not 50"),
    ("is not `paid`", "is `paid`"),
    ("50 or more", "50 or less"),
    ("50 or more", "more than 50"),
    ("50 or more", "up to 50"),
    ("is before 2026", "is after 2026"),
    ("is before 2026", "is until 2026"),
    ("`open.csv`", "`by_customer.csv`"),
    ("rows in the same order", "rows as you like"),
    ("Keep the first", "Keep the last"),
    ("drop the others", "keep the others"),
    ("number of rows", "number of different rows"),
    ("the sum of", "the product of"),
    ("the sum of", "the average of"),
    ("For each `customer` in", "For `customer` in"),
    ("without `draft`", "with `draft`"),
    ("the largest", "the smallest"),
    ("leave empty", "leave out"),
    ("double", "halve"),
    ("`late` or `lost`", "`late` and `lost`"),
    ("`late` or `lost`", "`lost` or `late`"),
    ("lower case", "upper case"),
    ("Do not change, move or delete", "Feel free to change, move or delete"),
    ("any existing file other than `input/rates.ini`", "`input/rates.ini`"),
    ("write them to", "add to them those from"),
    ("step 1", "step 2"),
    (" 2)", " 3)"),
]


class Pair(BaseModel):
    """An instruction, and an honest rewording of it."""

    said: str
    again: str


def pairs() -> list[Pair]:
    text = Path(__file__).with_name("paraphrases.toml").read_text("utf-8")
    return [Pair.model_validate(pair) for pair in tomllib.loads(text)["pair"]]


def test_an_instruction_says_what_it_says() -> None:
    assert meaning_problems(REQUEST, REQUEST) == []


@pytest.mark.parametrize(("old", "new"), INVERSIONS)
def test_an_inverted_request_is_refused(old: str, new: str) -> None:
    spoilt = REQUEST.replace(old, new, 1)
    if spoilt == REQUEST:  # what is parted by a line or a folder in the request
        spoilt = REQUEST.replace(old.strip("`"), new.strip("`"), 1)
    if old == " 2)":
        spoilt = REQUEST.replace("\n2)", "\n3)")
    assert spoilt != REQUEST
    assert meaning_problems(REQUEST, spoilt)


@pytest.mark.parametrize(
    "swap",
    [
        ("output/open.csv", "output/by_customer.csv"),
        ("input/invoices.json", "output/open.csv"),
        ("`count`", "`total`"),
        ("`status`", "`amount`"),
    ],
)
def test_names_that_change_places_are_found(swap: tuple[str, str]) -> None:
    turned = dict(zip(swap, reversed(swap), strict=True))
    spoilt = re.sub("|".join(swap), lambda found: turned[found[0]], REQUEST)
    assert meaning_problems(REQUEST, spoilt)


def test_a_word_that_moves_to_another_sentence_is_found() -> None:
    said = "Take those where `a` is not `x`. Then take those where `b` is `y`."
    moved = "Take those where `a` is `x`. Then take those where `b` is not `y`."
    assert meaning_problems(said, said.replace("Then take", "After that, choose")) == []
    assert meaning_problems(said, moved)


@pytest.mark.parametrize(
    "opening",
    [
        "Good morning! I hope you are well.",
        "It's been a long week here.",
        "I do the books, and I'm at April.",
    ],
)
def test_the_opening_may_be_told_anew(opening: str) -> None:
    rest = REQUEST.split("\n", 1)[1]
    assert meaning_problems(REQUEST, f"{opening}\n{rest}") == []


def test_an_opening_adds_no_condition() -> None:
    assert meaning_problems(REQUEST, f"Do none of the following.\n{REQUEST}")


def test_what_is_said_first_of_a_path_may_be_said_last() -> None:
    said = "From `a/x.csv`, take the rows where `k` is `v`, and write them to `b/y.csv`."
    assert (
        meaning_problems(said, "Write to `b/y.csv` the rows from `a/x.csv` whose `k` is `v`.") == []
    )
    assert meaning_problems(said, "Write to `a/x.csv` the rows from `b/y.csv` whose `k` is `v`.")


def test_the_order_of_joined_files_stays() -> None:
    said = "Extend `a/x.csv` by `lead` from `a/y.csv` into `b/z.csv`."
    assert meaning_problems(said, "Extend `a/y.csv` by `lead` from `a/x.csv` into `b/z.csv`.")


LEAST_ACCEPTED = 29
"""Of the paraphrases: those that are refused use other names, or words that we do not know."""


def test_most_honest_rewordings_are_accepted() -> None:
    found = [not meaning_problems(pair.said, pair.again) for pair in pairs()]
    assert len(found) == 34
    assert sum(found) >= LEAST_ACCEPTED


@pytest.mark.parametrize(
    "inverted",
    [
        lambda text: re.sub(r" (?:not|no|n't)\b|n't\b", "", text, count=1),
        lambda text: re.sub(r" or more\b", " or less", text, count=1),
        lambda text: re.sub(r"\bat least\b", "at most", text, count=1),
        lambda text: re.sub(r"\bonly\b|\bjust\b", "also", text, count=1),
    ],
)
def test_rewordings_that_invert_are_refused(inverted: Callable[[str], str]) -> None:
    spoilt = [(pair, inverted(pair.again)) for pair in pairs()]
    tried = [(pair.said, text) for pair, text in spoilt if text != pair.again]
    assert tried
    assert [text for said, text in tried if not meaning_problems(said, text)] == []


@pytest.mark.parametrize(
    ("said", "turned"),
    [
        (
            "Sort `a.csv` by `date` ascending and by `amount` descending.",
            "Sort `a.csv` by `date` descending and by `amount` ascending.",
        ),
        (
            "Give the sum of `done` and the mean of `open` in `a.csv`.",
            "Give the mean of `done` and the sum of `open` in `a.csv`.",
        ),
        (
            "Write the smallest `mm` as `low` and the largest as `high`.",
            "Write the largest `mm` as `low` and the smallest as `high`.",
        ),
    ],
)
def test_opposites_may_not_change_places(said: str, turned: str) -> None:
    assert not meaning_problems(said, said)
    assert meaning_problems(said, turned)
