"""Answers that are no readable file, gates, and what the verifier writes."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from clawgym.reward import CheckResult, CheckRole
from tests.verify.grader import (
    CSV,
    GRADER,
    INI,
    REPORT,
    config_check,
    every_check,
    figure_check,
    judge,
    rows_check,
    title_check,
    unchanged_check,
)
from verify.checks import CheckSet, RowsCheck, verifier_files

READERS = [
    rows_check("rows_parse", "out"),
    rows_check("document_table", "out"),
    title_check("out"),
    figure_check("out"),
    config_check("config_kept", "out"),
    config_check("config_values", "out"),
]


def nothing(_: Path) -> None:
    pass


def directory(path: Path) -> None:
    path.mkdir()
    (path / "file").write_text("x")


def link(path: Path) -> None:
    (path.parent / "real").write_text(CSV)
    path.symlink_to("real")


def dangling_link(path: Path) -> None:
    path.symlink_to("/etc/shadow-of-nothing")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def invalid_utf8(path: Path) -> None:
    path.write_bytes(b"id,customer,amount\n\xff\xfe\n")


def huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(33 * 1024**2)


@pytest.mark.parametrize("check", READERS, ids=lambda check: check.type)
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (nothing, "no such file"),
        (directory, "not a regular file"),
        (link, "a symbolic link"),
        (dangling_link, "a symbolic link"),
        (fifo, "not a regular file"),
        (invalid_utf8, "not UTF-8 text"),
        (huge, "larger than 2 MiB"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_readable_file_is_refused_by_every_check(
    tmp_path: Path, check: RowsCheck, make, said: str
) -> None:
    make(tmp_path / "out")
    result = judge(tmp_path, check)
    assert not result["passed"]
    assert said in str(result["found"])
    assert result["where"] == "out"


def test_inputs_must_stay_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(CSV)
    check = unchanged_check({"in.csv": hashlib.sha256(CSV.encode()).hexdigest()})
    assert judge(tmp_path, check)["found"] == "1 files as given"
    path.write_text(CSV + "\n")
    assert (judge(tmp_path, check)["found"], judge(tmp_path, check)["where"]) == (
        "edited",
        "in.csv",
    )
    path.unlink()
    assert judge(tmp_path, check)["found"] == "no such file"


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        (rows_check("document_table", "r.md"), "a|b\n|" + "-" * 200_000 + "x\n"),
        (figure_check(), "\n" * 300_000),
        (figure_check(), "Total amount: " + "1" * 300_000 + "x"),
        (figure_check(), "Total amount: 1" + " " * 300_000 + "x"),
        (config_check("config_kept"), "[a]\nb" + " " * 300_000 + "c\n"),
    ],
    ids=["dashes", "blank-lines", "digits", "blanks", "config-blanks"],
)
def test_answers_made_to_be_slow_are_judged_in_no_time(
    tmp_path: Path, check: RowsCheck, answer: str
) -> None:
    (tmp_path / check.path).write_text(answer)
    started = time.process_time()
    assert not judge(tmp_path, check)["passed"]
    assert time.process_time() - started < 2


def outcome(role: str, node: str | None, *, passed: bool, weight: float = 1.0) -> dict[str, object]:
    return {"role": role, "node": node, "passed": passed, "weight": weight, "found": ""}


def test_a_failed_gate_voids_its_node_and_no_other() -> None:
    results = GRADER.void_behind_gates(
        [
            outcome("gate", "n1", passed=False),
            outcome("core", "n1", passed=True),
            outcome("gate", "n2", passed=True),
            outcome("core", "n2", passed=True),
        ]
    )
    assert [result["passed"] for result in results] == [False, False, True, True]
    assert results[1]["found"] == "void: a gate of node n1 failed"


def test_a_failed_gate_of_the_task_voids_everything() -> None:
    results = GRADER.void_behind_gates(
        [outcome("core", "n1", passed=True), outcome("gate", None, passed=False)]
    )
    assert results[0]["found"] == "void: a gate of the task failed"
    assert GRADER.reward_of(results) == 0


def test_the_reward_is_the_weighted_share_of_core_checks() -> None:
    results = [
        outcome("gate", "n1", passed=True, weight=0),
        outcome("core", "n1", passed=True, weight=0.6),
        outcome("core", "n1", passed=False, weight=0.4),
        outcome("core", "n2", passed=True, weight=1),
    ]
    assert GRADER.reward_of(results) == pytest.approx(0.8)


@pytest.mark.parametrize("weight", [None, 0.0])
def test_checks_that_can_earn_nothing_are_refused(weight: float | None) -> None:
    gate = unchanged_check({})
    core = rows_check("row_keys", "a.csv").model_copy(update={"weight": weight})
    with pytest.raises(ValidationError, match="core check must carry weight"):
        CheckSet(checks=(gate,) if weight is None else (gate, core))


def run_grader(tmp_path: Path, checks: CheckSet, files: dict[str, str]) -> tuple[float, list[dict]]:
    """Run the shipped program as a task does, in a process of its own."""
    for name in ("tests", "logs", "workspace"):
        (tmp_path / name).mkdir()
    verifier_files(checks).write_to(tmp_path / "tests")
    for name, text in files.items():
        (tmp_path / "workspace" / name).write_text(text)
    argv = [sys.executable, "-I", "-S", "-B", "tests/grade.py", "workspace", "logs"]
    subprocess.run(argv, cwd=tmp_path, check=True, timeout=30)
    reward = json.loads((tmp_path / "logs" / "reward.json").read_text())
    details = json.loads((tmp_path / "logs" / "reward-details.json").read_text())
    assert set(reward) == {"reward"}
    assert set(details) == {"checks"}
    return reward["reward"], details["checks"]


def test_the_program_writes_the_reward_and_the_evidence_of_every_check(tmp_path: Path) -> None:
    checks = CheckSet(
        checks=(
            rows_check("rows_parse", "a.csv").model_copy(
                update={"role": CheckRole.GATE, "weight": 0.0}
            ),
            rows_check("row_keys", "a.csv").model_copy(update={"weight": 0.4}),
            rows_check("row_cells", "a.csv").model_copy(update={"weight": 0.6}),
        )
    )
    reward, details = run_grader(tmp_path, checks, {"a.csv": CSV.replace("7.25", "7")})
    assert reward == pytest.approx(0.4)
    results = [CheckResult.model_validate(item) for item in details]
    assert [result.passed for result in results] == [True, True, False]
    assert results[2].found == "amount = 7"
    assert results[2].requirement == "as asked"


def test_the_program_survives_a_workspace_of_wrong_things(tmp_path: Path) -> None:
    files = {"a.json": '[{"\\udfff": "x"}]', "a.csv": INI, "r.md": CSV, "c.ini": REPORT}
    reward, details = run_grader(tmp_path, every_check(), files)
    assert reward == 0
    assert not any(item["passed"] for item in details)
    assert all(item["found"] for item in details)
