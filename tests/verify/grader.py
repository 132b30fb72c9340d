"""The shipped verifier, imported from its file, and checks and answers for it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from clawgym.reward import CheckRole
from verify.checks import (
    BaseCheck,
    CheckSet,
    ConfigCheck,
    FigureCheck,
    RowsCheck,
    TitleCheck,
    UnchangedCheck,
)

SCRIPT = Path(__file__).parents[2] / "verify" / "task_runtime" / "grade.py"

ROWS = (("A-1", "Alder & Sons", 12.5), ("A-2", "Foxglove", 100.0), ("A-3", "Hazel | Print", 7.25))
CSV = "id,customer,amount\nA-1,Alder & Sons,12.50\nA-2,Foxglove,100.00\nA-3,Hazel | Print,7.25\n"
REPORT = """# Orders overview

| id | customer | amount |
| --- | --- | ---: |
| A-1 | Alder & Sons | 12.50 |
| A-2 | Foxglove | 100.00 |
| A-3 | Hazel \\| Print | 7.25 |

Total amount: 119.75
"""
INI = """# Managed by hand.

[api]
# tuned in 2023
timeout = 90
enabled = yes

[limits]
# tuned in 2023
web = 7
"""


def load_grader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("task_grade", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.meta_path.insert(0, module.Library(str(SCRIPT.parent / "checklib")))
    return module


GRADER = load_grader()
CHECKS = GRADER.load_checks(str(SCRIPT.parent / "checklib"))


def lib(name: str) -> ModuleType:
    """A module of the shipped library."""
    module: ModuleType = GRADER.load(name)
    return module


def head(check_id: str, node: str | None = "n1", weight: float = 1.0) -> dict[str, object]:
    return {
        "id": check_id,
        "node": node,
        "role": CheckRole.CORE if weight else CheckRole.GATE,
        "weight": weight,
        "requirement": "as asked",
        "expected": "as computed",
    }


def rows_check(type: str, path: str, *, ordered: bool = False, **changes: object) -> RowsCheck:
    content: dict[str, object] = {
        "columns": ("id", "customer", "amount"),
        "numeric": (False, False, True),
        "key": ("id",),
        "rows": ROWS,
    }
    return RowsCheck.model_validate(
        {**head(f"n1.{type}"), **content, **changes, "type": type, "path": path, "ordered": ordered}
    )


def title_check(path: str = "r.md") -> TitleCheck:
    return TitleCheck.model_validate({**head("n1.title"), "path": path, "title": "Orders overview"})


def figure_check(path: str = "r.md", value: float = 119.75) -> FigureCheck:
    return FigureCheck.model_validate(
        {**head("n1.total"), "path": path, "label": "Total amount", "value": value}
    )


def config_check(type: str, path: str = "c.ini") -> ConfigCheck:
    content = {
        "values": {"api": {"timeout": "90"}},
        "kept": {"api": {"enabled": "yes"}, "limits": {"web": "7"}},
        "comments": ("# Managed by hand.", "# tuned in 2023", "# tuned in 2023"),
    }
    return ConfigCheck.model_validate({**head(f"n1.{type}"), **content, "type": type, "path": path})


def unchanged_check(digests: dict[str, str]) -> UnchangedCheck:
    return UnchangedCheck.model_validate({**head("inputs", None, 0.0), "digests": digests})


def every_check() -> CheckSet:
    """One check of every type, over one file of every format."""
    formats = ("a.csv", "a.tsv", "a.json", "a.jsonl")
    rows = [rows_check(t, p) for p in formats for t in ("rows_parse", "row_keys", "row_cells")]
    configs = [config_check("config_kept"), config_check("config_values")]
    report = [title_check(), rows_check("document_table", "r.md"), figure_check()]
    return CheckSet(checks=(*rows, *report, *configs, unchanged_check({"in.csv": "0" * 64})))


def judge(root: Path, check: BaseCheck, logs: Path = Path()) -> dict[str, object]:
    """The result of one check over a workspace, as it stands in reward-details.json."""
    case = lib("case").Case(str(root), str(logs))
    result: dict[str, object] = GRADER.run_check(case, check.model_dump(mode="json"), CHECKS)
    return result
