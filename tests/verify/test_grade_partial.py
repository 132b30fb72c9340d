"""Partial credit: only where a check says so, never behind a failed gate, never all of it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from clawgym.reward import CheckResult
from tests.verify.examples import EXAMPLES, Example, check
from tests.verify.grader import CHECKS, GRADER, judge, lib
from tests.verify.test_grade_types import fill, name_of
from verify.checks import TableCheck, verifier_files
from verify.checks.checkset import CheckSet
from verify.checks.shipping import needed_modules

ROWS = tuple((f"A-{n}", n) for n in range(4))
COLUMNS = ({"name": "id"}, {"name": "n", "type": "number"})
TRUTH = "id,n\n" + "".join(f"A-{n},{n}\n" for n in range(4))


def table(**more: object) -> TableCheck:
    asked = check("table", path="a.csv", columns=COLUMNS, key=("id",), rows=ROWS, **more)
    assert isinstance(asked, TableCheck)
    return asked


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (TRUTH.replace("A-1,1", "A-1,7"), 0.75),
        (TRUTH.replace("A-1,1\n", ""), 0.75),
        (TRUTH + "A-9,1\n" * 4, 0.5),
        (TRUTH.replace("A-1,1", "A-1,7") + "A-9,1\n", 0.6),
        ("id,n\n", 0.0),
        ("id,n\n" + "A-0,0\n" * 100, 1 / 103),
        ("id\n", None),
    ],
    ids=["cell", "row", "extra", "both", "none", "spam", "columns"],
)
def test_a_partial_table_earns_its_share_of_right_rows(
    tmp_path: Path, text: str, value: float | None
) -> None:
    (tmp_path / "a.csv").write_text(text)
    result = judge(tmp_path, table(partial=True))
    assert not result["passed"]
    assert result.get("value") == (None if value is None else pytest.approx(value))
    assert "value" not in judge(tmp_path, table())
    CheckResult.model_validate(result)


def test_a_share_is_weighted_and_void_behind_a_gate(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TRUTH.replace("A-1,1", "A-1,7"))
    gate = check("exists", path="a.csv")
    specs = [c.model_dump(mode="json") for c in (gate, table(partial=True))]
    case = lib("case").Case(str(tmp_path))
    assert GRADER.reward_of(GRADER.run_checks(case, specs, CHECKS)) == pytest.approx(0.75)
    specs[0]["path"] = "b.csv"
    results = GRADER.run_checks(case, specs, CHECKS)
    assert GRADER.reward_of(results) == 0
    assert "value" not in results[1]


@pytest.mark.parametrize(
    ("text", "more", "passes"),
    [
        (TRUTH.replace("A-1,1\nA-2,2", "A-2,2\nA-1,1"), {}, True),
        (TRUTH.replace("A-1,1\nA-2,2", "A-2,2\nA-1,1"), {"ordered": True}, False),
        (TRUTH + "A-9,1\n", {"extra_rows": True}, True),
        (TRUTH.replace("A-3,3\n", "") + "A-9,1\n", {"extra_rows": True}, False),
        (TRUTH.replace("id,n", "ID, N"), {"ignore_case": True}, True),
        (TRUTH.replace("id,n", "ID,N"), {}, False),
        (TRUTH.replace("\n", ",x\n").replace(",n,x", ",n,more"), {"extra_columns": True}, True),
        (TRUTH.replace("\n", ",x\n").replace(",n,x", ",n,more"), {}, False),
        (TRUTH + "A-3,3\n", {}, False),
    ],
)
def test_what_may_differ_is_what_the_check_says(
    tmp_path: Path, text: str, more: dict[str, object], passes: bool
) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert judge(tmp_path, table(**more))["passed"] is passes


@pytest.mark.parametrize(
    ("column", "wanted", "found", "passes"),
    [
        ({"type": "number", "absolute": 0.5}, 10, "10.4", True),
        ({"type": "number", "absolute": 0.5}, 10, "10.6", False),
        ({"type": "number", "relative": 0.1}, 10, "10.9", True),
        ({"type": "number"}, 10, "$10", False),
        ({"type": "quantity"}, 1200, '"$1,200.00"', True),
        ({"type": "quantity"}, 1200, "1.2k", True),
        ({"type": "quantity"}, 1200, "1200 or 1300", False),
        ({"type": "date"}, "2026-03-05", "5 March 2026", True),
        ({"type": "date"}, "2026-03-05", "05/03/2026", False),
        ({"type": "date", "day_first": True}, "2026-03-05", "05/03/2026", True),
        ({"type": "date"}, "2026-03-05", "2026-03-06", False),
        ({"type": "datetime"}, "2026-03-05T08:00Z", "2026-03-05 09:00:00+01:00", True),
        ({"type": "boolean"}, True, "yes", True),
        ({"type": "boolean"}, True, "0", False),
        ({"type": "text"}, "Ann  Lee", "Ann Lee", True),
        ({"type": "text"}, "Ann", "ann", False),
        ({"type": "text", "ignore_case": True}, "Ann", "ANN", True),
        ({"type": "number"}, 10, "", False),
        ({"type": "number"}, "", "", True),
        ({"type": "number"}, "", "0", False),
    ],
)
def test_cells_are_compared_by_the_type_of_their_column(
    tmp_path: Path, column: dict[str, object], wanted: object, found: str, passes: bool
) -> None:
    (tmp_path / "a.csv").write_text(f"id,x\nA-1,{found}\n")
    columns = ({"name": "id"}, {"name": "x", **column})
    asked = check("table", path="a.csv", columns=columns, key=("id",), rows=(("A-1", wanted),))
    assert judge(tmp_path, asked)["passed"] is passes


def test_a_task_ships_only_what_its_checks_need() -> None:
    shipped = [path for path in verifier_files(CheckSet(checks=(table(),))) if "/" in path]
    assert [path.removeprefix("checklib/") for path in shipped] == [
        "case.py",
        "cells.py",
        "rows.py",
        "tables.py",
        "verdict.py",
    ]


@contextmanager
def only(folder: Path) -> Iterator[ModuleType]:
    """A grader that has nothing but the modules in this folder."""
    mine = {name: sys.modules.pop(name) for name in list(sys.modules) if name in LOADED}
    finder = GRADER.Library(str(folder))
    sys.meta_path.insert(0, finder)
    try:
        yield GRADER
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "checklib"]:
            del sys.modules[name]
        sys.modules.update(mine)


LOADED = {name for name in sys.modules if name.partition(".")[0] == "checklib"}


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_what_a_task_ships_is_enough_for_its_checks(tmp_path: Path, example: Example) -> None:
    for name in needed_modules(example.check.needed_modules()):
        source = Path(GRADER.__file__).parent / "checklib" / f"{name}.py"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    fill(tmp_path / "work", {"keep": "", **example.right})
    fill(tmp_path / "logs", example.logs)
    with only(tmp_path) as grader:
        checks = grader.load_checks(str(tmp_path))
        case = grader.load("case").Case(str(tmp_path / "work"), str(tmp_path / "logs"))
        result = grader.run_check(case, example.check.model_dump(mode="json"), checks)
    assert result["passed"], result
