"""Row files: what counts as the right rows, and what the verifier says when they are not."""

import json
from pathlib import Path

import pytest

from tests.verify.grader import CSV, ROWS, judge, rows_check

OBJECTS = [dict(zip(("id", "customer", "amount"), row, strict=True)) for row in ROWS]
RIGHT = {
    "a.csv": CSV,
    "a.tsv": CSV.replace(",", "\t"),
    "a.json": json.dumps(OBJECTS, indent=2),
    "a.jsonl": "".join(json.dumps(item) + "\n" for item in OBJECTS),
}
DEEP = "[" * 900 + "]" * 900
TYPES = ("rows_parse", "row_keys", "row_cells")


def found(root: Path, type: str, name: str, text: str, **options: bool) -> tuple[bool, str, str]:
    (root / name).write_bytes(text.encode())
    result = judge(root, rows_check(type, name, **options))
    return bool(result["passed"]), str(result["found"]), str(result["where"])


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("name", RIGHT)
def test_right_rows_hold_in_every_format(tmp_path: Path, name: str, type: str) -> None:
    assert found(tmp_path, type, name, RIGHT[name])[0]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + CSV,
        CSV.replace("\n", "\r\n"),
        CSV.rstrip("\n"),
        CSV + "\n\n",
        CSV.replace("12.50", '"12.5"').replace("Foxglove", " Foxglove "),
        CSV.replace("12.50", "12.504").replace("100.00", "1e2"),
        "amount,id,customer\n12.5,A-1,Alder & Sons\n100,A-2,Foxglove\n7.25,A-3,Hazel | Print\n",
    ],
    ids=[
        "bom",
        "crlf",
        "no-last-line-end",
        "blank-lines",
        "quotes",
        "half-a-cent",
        "columns-moved",
    ],
)
def test_what_does_not_matter_in_csv_is_accepted(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, "row_cells", "a.csv", text)[0]


def test_the_order_of_rows_matters_only_where_the_truth_is_sorted(tmp_path: Path) -> None:
    head, first, *rest = CSV.splitlines()
    moved = "\n".join([head, *rest, first])
    assert found(tmp_path, "row_cells", "a.csv", moved)[0]
    passed, said, where = found(tmp_path, "row_cells", "a.csv", moved, ordered=True)
    assert (passed, said, where) == (False, "id = A-2", "a.csv row 1 (A-1)")


def test_rows_with_the_same_key_may_stand_in_any_order(tmp_path: Path) -> None:
    twice = (("A-1", "Foxglove", 5.0), ("A-1", "Foxglove", 20.0))
    (tmp_path / "a.csv").write_text("id,customer,amount\nA-1,Foxglove,20\nA-1,Foxglove,5\n")
    assert judge(tmp_path, rows_check("row_cells", "a.csv", rows=twice))["passed"]


@pytest.mark.parametrize(
    ("type", "name", "text", "said", "where"),
    [
        ("rows_parse", "a.csv", "", "empty", "a.csv"),
        ("rows_parse", "a.csv", "id,amount\nA-1,1\n", "columns id, amount", "a.csv"),
        ("rows_parse", "a.csv", "id,id,amount\n", "columns id, id, amount", "a.csv"),
        ("rows_parse", "a.csv", CSV + "A-4,x\n", "2 cells for 3 columns", "a.csv row 4"),
        ("rows_parse", "a.csv", CSV + "A-4,x\ry,1\n", "not valid CSV", "a.csv"),
        ("rows_parse", "a.json", RIGHT["a.json"][:-4], "not valid JSON", "a.json"),
        ("rows_parse", "a.json", '[{"id": NaN}]', "NaN is not valid JSON", "a.json"),
        ("rows_parse", "a.json", '[{"id": -Infinity}]', "-Infinity is not valid", "a.json"),
        ("rows_parse", "a.json", '{"id": 1}', "not a list of objects", "a.json"),
        ("rows_parse", "a.json", "[1, 2]", "not a list of objects", "a.json"),
        ("rows_parse", "a.json", '[{"id": 1}, {"no": 1}]', "keys ['no']", "a.json row 2"),
        ("rows_parse", "a.json", '[{"id": [1]}]', "a nested value under id", "a.json row 1"),
        ("rows_parse", "a.json", "[" * 100_000, "not valid JSON", "a.json"),
        ("rows_parse", "a.json", '[{"id": ' + DEEP + "}]", "a nested value under id", "row 1"),
        ("rows_parse", "a.jsonl", '{"id": 1}\n{"id"\n', "not valid JSON", "a.jsonl line 2"),
        ("row_keys", "a.csv", CSV.replace("A-2", "A-9"), "1 missing: A-2, 1 extra: A-9", "a.csv"),
        ("row_keys", "a.csv", CSV + "A-3,x,1\n", "1 extra: A-3", "a.csv"),
        ("row_keys", "a.csv", "id,customer,amount\n", "3 missing: A-1; A-2; A-3", "a.csv"),
        ("row_cells", "a.csv", CSV.replace("100.00", "101"), "amount = 101", "a.csv row 2 (A-2)"),
        ("row_cells", "a.csv", CSV.replace("7.25", "7.26"), "amount = 7.26", "a.csv row 3 (A-3)"),
        ("row_cells", "a.csv", CSV.replace("7.25", ""), "amount = ", "a.csv row 3 (A-3)"),
        ("row_cells", "a.csv", CSV.replace("7.25", "1e999"), "amount = 1e999", "a.csv row 3 (A-3)"),
        ("row_cells", "a.csv", CSV + "A-4,x,1\n", "4 rows", "a.csv"),
        ("row_cells", "a.json", RIGHT["a.json"].replace("7.25", "true"), "amount = true", "row 3"),
        ("row_cells", "a.json", RIGHT["a.json"].replace("7.25", "null"), "amount = ", "row 3"),
        ("row_cells", "a.json", RIGHT["a.json"].replace("7.25", "9" * 400), "amount = 99", "row 3"),
        ("row_cells", "a.json", RIGHT["a.json"].replace("7.25", "9" * 9000), "not valid", "a.json"),
    ],
)  # fmt: skip
def test_wrong_rows_are_refused_with_evidence(
    tmp_path: Path, type: str, name: str, text: str, said: str, where: str
) -> None:
    passed, what, place = found(tmp_path, type, name, text)
    assert not passed
    assert said in what
    assert where in place


def test_two_swapped_cells_are_found(tmp_path: Path) -> None:
    swapped = CSV.replace("12.50", "x").replace("7.25", "12.50").replace("x", "7.25")
    assert found(tmp_path, "row_keys", "a.csv", swapped)[0]
    assert found(tmp_path, "row_cells", "a.csv", swapped)[1:] == (
        "amount = 7.25",
        "a.csv row 1 (A-1)",
    )


def test_numbers_in_text_columns_compare_as_they_are_written(tmp_path: Path) -> None:
    rows = (("7", "200", 1.0),)
    check = rows_check("row_cells", "a.json", rows=rows)
    (tmp_path / "a.json").write_text('[{"id": 7, "customer": 200, "amount": "1.00"}]')
    assert judge(tmp_path, check)["passed"]
    (tmp_path / "a.json").write_text('[{"id": 7, "customer": "0200", "amount": 1}]')
    assert judge(tmp_path, check)["found"] == "customer = 0200"


@pytest.mark.parametrize(
    ("truth", "said", "right"),
    [
        (("8", "0.4", ""), ("8.0", "0.4", ""), True),
        (("8", "30", "7"), ("8.00", "30.0", "7"), True),
        (("8", "30", "7"), ("8.01", "30", "7"), False),
        (("8", "30", "7"), ("08", "30", "7"), False),
        (("0.001", "0.004", "7"), ("0.004", "0.001", "7"), False),
        (("2.10", "3", "7"), ("2.1", "3", "7"), False),
        (("2.10", "3", "7"), ("2.10", "3.0", "7"), False),
        (("007", "3", "7"), ("7", "3", "7"), False),
        (("8", "3", "x"), ("8.0", "3", "x"), False),
        (("12345678901234567", "3", "7"), ("12345678901234568", "3", "7"), False),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_texts_that_all_are_plain_numbers_may_have_lost_their_form(
    tmp_path: Path, truth: tuple[str, ...], said: tuple[str, ...], right: bool, place: int
) -> None:
    """What pandas makes of a column of `8` and an empty cell."""

    def rows(cells: tuple[str, ...]) -> list[tuple[object, ...]]:
        names = ("A", "B", "C")
        return [
            ((c, n) if place == 0 else (n, c)) + (1.0,) for n, c in zip(names, cells, strict=True)
        ]

    lines = ["id,customer,amount", *(f"{a},{b},1.00" for a, b, _ in rows(said))]
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    check = rows_check("row_cells", "a.csv", rows=tuple(rows(truth)))
    assert judge(tmp_path, check)["passed"] == right


def test_evidence_can_be_written_though_the_answer_holds_a_lone_surrogate(tmp_path: Path) -> None:
    passed, said, _ = found(tmp_path, "rows_parse", "a.json", '[{"\\ud800": 1}]')
    assert not passed
    assert said == "columns \\ud800"


def test_evidence_is_short_whatever_the_answer_is(tmp_path: Path) -> None:
    wide = ",".join(f"c{n}" for n in range(5000))
    assert len(found(tmp_path, "rows_parse", "a.csv", wide)[1]) == 500
