"""patch-apply, error-diagnose, duplicate-files and cron-explain: code, logs, folders, schedules."""

import csv
import io
import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clawgym_skills.bundled_scripts import Workspace, load, script_of


@pytest.fixture
def patch(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("patch-apply"))


@pytest.fixture
def diagnose(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("error-diagnose"))


@pytest.fixture
def duplicates(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("duplicate-files"))


@pytest.fixture
def cron(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("cron-explain"))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


# -- patch-apply ----------------------------------------------------------------------------


def two_states(workspace: Workspace) -> None:
    workspace.write("old/keep.txt", "same\n")
    workspace.write("old/a b.txt", "1\r\n2\r\n3\r\n")
    workspace.write("old/gone.txt", "x\n")
    workspace.write("old/end.txt", "no end")
    workspace.write("new/keep.txt", "same\n")
    workspace.write("new/a b.txt", "1\r\ntwo\r\n3\r\n")
    workspace.write("new/sub/made.txt", "y\n")
    workspace.write("new/end.txt", "no end\nmore")


def test_diff_apply_reverse_round_trip(patch: Workspace):
    two_states(patch)
    before = tree(patch.root / "old")
    assert "4 files differ" in patch.ok("diff", "old", "new", "-o", "c.patch")
    assert "fits: 4 files" in patch.ok("check", "c.patch", "--root", "old")
    patch.ok("apply", "c.patch", "--root", "old")
    assert tree(patch.root / "old") == tree(patch.root / "new")
    patch.ok("apply", "c.patch", "--root", "old", "--reverse")
    assert tree(patch.root / "old") == before


@pytest.mark.skipif(shutil.which("patch") is None, reason="the program patch is not installed")
def test_the_program_patch_understands_our_diff(patch: Workspace):
    two_states(patch)
    patch.ok("diff", "old", "new", "-o", "c.patch")
    subprocess.run(
        ["patch", "-p1", "--binary", "-s", "-i", "../c.patch"], cwd=patch.root / "old", check=True
    )
    assert tree(patch.root / "old") == tree(patch.root / "new")


def test_a_hunk_is_found_where_lines_moved(patch: Workspace):
    lines = [f"line {n}\n" for n in range(40)]
    patch.write("f", "".join(lines))
    patch.write("g", "".join(lines).replace("line 20\n", "twenty\n").replace("line 35\n", ""))
    patch.ok("diff", "f", "g", "-o", "c.patch")
    patch.write("r/g", "added\n" * 5 + "".join(lines))
    printed = patch.ok("apply", "c.patch", "--root", "r")
    assert printed.count("offset of +5 lines") == 2
    assert patch.read("r/g") == "added\n" * 5 + patch.read("g")


def test_all_files_or_none(patch: Workspace):
    two_states(patch)
    patch.ok("diff", "old", "new", "-o", "c.patch")
    patch.write("old/end.txt", "something else\n")
    before = tree(patch.root / "old")
    outcome = patch.run("apply", "c.patch", "--root", "old")
    assert outcome.status == 1
    assert "end.txt: hunk 1 of 1 (line 1) does not fit; nothing was changed" in outcome.out
    assert tree(patch.root / "old") == before


HUNK = "@@ -1 +1 @@\n-a\n+b\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a unified diff"),
        (f"--- a/../x\n+++ b/../x\n{HUNK}", "does not stay inside"),
        (f"--- /etc/x\n+++ /etc/x\n{HUNK}", "does not stay inside"),
        ("--- a/f\n+++ b/f\n@@ -1,3 +1 @@\n-a\n+b\n", "cut short or damaged"),
        (f"--- a/f\n+++ b/f\n{HUNK}--- a/f\n+++ b/f\n{HUNK}", "changes a file twice"),
        ("diff --git a/f b/g\nrename from f\nrename to g\n", "is not supported"),
        (HUNK, "before any file name"),
    ],
)
def test_patches_that_are_refused(patch: Workspace, text: str, message: str):
    patch.write("r/f", "a\n")
    patch.write("c.patch", text)
    assert message in patch.refused("apply", "c.patch", "--root", "r")
    assert patch.read("r/f") == "a\n"


def test_links_do_not_lead_out(patch: Workspace):
    patch.write("out/f", "a\n")
    (patch.root / "r").mkdir()
    (patch.root / "r/l").symlink_to("../out")
    patch.write("c.patch", f"--- a/l/f\n+++ b/l/f\n{HUNK}")
    assert "leads out of r through a link" in patch.refused("apply", "c.patch", "--root", "r")


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\r\n", "\n", "d"]), max_size=8).map("".join)


@given(LINES, LINES)
@settings(max_examples=100)
def test_any_two_texts(tmp_path_factory: pytest.TempPathFactory, old: str, new: str):
    module = load("patch-apply")
    root = tmp_path_factory.mktemp("p")
    (root / "f").write_bytes(old.encode())
    (root / "c").write_bytes(b"".join(module.diff_of("f", old.encode(), new.encode())))
    if old == new:
        return
    changes = module.read_patch(root / "c", 1)
    results, _ = module.outcome_of(changes, root)
    assert results["f"] == new.encode()
    (root / "f").write_bytes(new.encode())
    results, _ = module.outcome_of([change.reversed() for change in changes], root)
    assert results["f"] == old.encode()


# -- error-diagnose -------------------------------------------------------------------------


def causes(workspace: Workspace, text: str | bytes, *options: str) -> list[dict[str, object]]:
    workspace.write("l.log", text)
    workspace.run("causes", "l.log", "-o", "c.json", *options)
    return json.loads(workspace.read("c.json"))


@pytest.mark.parametrize(
    ("line", "kind", "file", "number"),
    [
        ("main.c:3:5: fatal error: x.h: No such file", "compiler", "main.c", 3),
        ("src/app.ts(12,7): error TS2322: Type 'a' is not", "compiler", "src/app.ts", 12),
        ("App.java:9: error: cannot find symbol", "compiler", "App.java", 9),
        ("FAILED tests/test_a.py::test_x - AssertionError: 1", "test", "tests/test_a.py", None),
        ("FAIL: test_x (pkg.test_a.Case)", "test", "pkg.test_a.Case", None),
        ("\x1b[31m12:00 [ERROR] db: lost\x1b[0m", "log", "", None),
    ],
)
def test_lines_of_many_tools(
    diagnose: Workspace, line: str, kind: str, file: str, number: int | None
):
    (cause,) = causes(diagnose, line + "\r\n")
    assert (cause["kind"], cause["file"], cause["line"]) == (kind, file, number)


@pytest.mark.parametrize(
    "line", ["0 errors, 3 warnings", "error_rate=0", "a.c:1:1: warning: x", "no ERROR", ""]
)
def test_lines_that_are_no_error(diagnose: Workspace, line: str):
    assert causes(diagnose, line) == []
    assert diagnose.run("causes", "l.log", "-o", "c.json").status == 0


def test_rust_names_the_place_on_the_next_line(diagnose: Workspace):
    text = "error[E0308]: mismatched types\n  --> src/main.rs:4:9\nerror: could not compile `x`\n"
    (cause,) = causes(diagnose, text)
    assert (cause["error"], cause["file"], cause["line"]) == ("E0308", "src/main.rs", 4)


def test_chained_exceptions_and_frames_of_ones_own(diagnose: Workspace):
    own = str(diagnose.root / "app/x.py")
    text = (
        'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\n'
        "    ^^^\nValueError\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        f'Traceback (most recent call last):\n  File "{own}", line 5, in h\n    k()\n'
        '  File "/opt/lib/python3/site-packages/z.py", line 9, in k\n    raise\nz.BadThing: no\n'
    )
    first, second = causes(diagnose, text, "--root", "app")
    assert (first["error"], first["file"], first["message"]) == ("ValueError", "a.py", "")
    assert (second["file"], second["line"], len(second["frames"])) == (own, 5, 2)


def test_huge_and_binary_logs(diagnose: Workspace):
    text = (
        b"\0\xff junk\n" * 1000
        + b"x" * 3_000_000
        + b"\n"
        + b"ERROR node 7 down\nERROR node 8 down\n" * 20_000
    )
    (cause,) = causes(diagnose, text)
    assert (cause["count"], cause["first"]) == (40_000, 1002)
    assert "> 1002  ERROR node 7 down" in diagnose.ok(
        "context", "l.log", "--line", "1002", "--around", "1"
    )
    assert "has no line 99999" in diagnose.refused("context", "l.log", "--line", "99999")


# -- duplicate-files ------------------------------------------------------------------------


def messy(workspace: Workspace) -> None:
    for number, name in enumerate(["d/b/long name.txt", "d/a.txt", "d/z.txt"]):
        workspace.write(name, "same content\n")
        os.utime(workspace.root / name, (1_700_000_000 - number, 1_700_000_000 - number))
    workspace.write("d/other.txt", "same contenT\n")
    workspace.write("d/empty1", "")
    workspace.write("d/empty2", "")
    workspace.write("d/.hidden", "same content\n")
    os.link(workspace.root / "d/other.txt", workspace.root / "d/hard.txt")
    (workspace.root / "d/link.txt").symlink_to("a.txt")


@pytest.mark.parametrize(
    ("keep", "kept"),
    [("oldest", "z.txt"), ("newest", "b/long name.txt"), ("shortest", "a.txt"), ("first", "a.txt")],
)
def test_what_stays(duplicates: Workspace, keep: str, kept: str):
    messy(duplicates)
    duplicates.ok("plan", "d", "-o", "p.json", "--keep", keep)
    assert {move["same_as"] for move in json.loads(duplicates.read("p.json"))["moves"]} == {kept}


def test_apply_then_undo_is_the_identity(duplicates: Workspace):
    messy(duplicates)
    before = tree(duplicates.root / "d")
    assert "1 groups, 2 extra copies, 26 bytes" in duplicates.ok("find", "d", "-o", "f.csv")
    duplicates.ok("plan", "d", "-o", "p.json", "--keep", "first")
    duplicates.ok("apply", "p.json", "--aside", "x", "--undo", "u.json")
    assert "0 groups" in duplicates.ok("find", "d", "-o", "f.csv")
    assert set(tree(duplicates.root / "x")) == {"b/long name.txt", "z.txt"}
    duplicates.ok("undo", "u.json")
    assert tree(duplicates.root / "d") == before


def test_a_copy_that_changed_since_is_not_moved(duplicates: Workspace):
    messy(duplicates)
    duplicates.ok("plan", "d", "-o", "p.json", "--keep", "first")
    duplicates.write("d/z.txt", "now different")
    assert "z.txt has changed since the plan" in duplicates.refused(
        "apply", "p.json", "--aside", "x", "--undo", "u.json"
    )
    assert not (duplicates.root / "x").exists()


def test_plans_that_would_lose_something(duplicates: Workspace):
    messy(duplicates)
    plan = {
        "plan": "duplicate-files",
        "folder": "d",
        "moves": [{"path": "a.txt", "same_as": "z.txt"}, {"path": "z.txt", "same_as": "a.txt"}],
    }
    duplicates.write("p.json", json.dumps(plan))
    assert "also a copy that stays" in duplicates.refused(
        "apply", "p.json", "--aside", "x", "--undo", "u.json"
    )
    plan["moves"] = [{"path": "../out", "same_as": "a.txt"}]
    duplicates.write("p.json", json.dumps(plan))
    assert "lies outside" in duplicates.refused(
        "apply", "p.json", "--aside", "x", "--undo", "u.json"
    )
    duplicates.write("p.json", "[]")
    assert "not a plan" in duplicates.refused("apply", "p.json", "--aside", "x", "--undo", "u.json")
    duplicates.ok("plan", "d", "-o", "p.json", "--keep", "first")
    assert "lies inside" in duplicates.refused(
        "apply", "p.json", "--aside", "d/x", "--undo", "u.json"
    )


# -- cron-explain ---------------------------------------------------------------------------


def runs(workspace: Workspace, line: str, after: str, number: int = 3) -> list[str]:
    workspace.write("c", line + "\n")
    workspace.ok("next", "c", "--after", after, "--runs", str(number), "-o", "o.csv")
    return [row["time"] for row in csv.DictReader(io.StringIO(workspace.read("o.csv")))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 9 * * 1 x", ["2026-03-02 09:00", "2026-03-09 09:00", "2026-03-16 09:00"]),
        ("0 0 13 * fri x", ["2026-03-06 00:00", "2026-03-13 00:00", "2026-03-20 00:00"]),
        ("0 0 29 feb * x", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("*/45 23 * * 7 x", ["2026-03-01 23:00", "2026-03-01 23:45", "2026-03-08 23:00"]),
        ("@monthly x", ["2026-04-01 00:00", "2026-05-01 00:00", "2026-06-01 00:00"]),
        ("0 12 * * fri-sun x", ["2026-03-01 12:00", "2026-03-06 12:00", "2026-03-07 12:00"]),
        ("5 4 */10 * * x", ["2026-03-01 04:05", "2026-03-11 04:05", "2026-03-21 04:05"]),
    ],
)
def test_the_next_runs(cron: Workspace, line: str, expected: list[str]):
    assert runs(cron, line, "2026-03-01 00:00") == expected


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("60 * * * * x", "minute '60' lies outside 0-59"),
        ("* * * * x", "five time fields and a command"),
        ("5-1 * * * * x", "runs backwards"),
        ("*/0 * * * * x", "lies outside"),
        ("a * * * * x", "minute 'a' is unknown"),
        ("@often x", "no shortcut"),
        ("0 0 30 2 * x", "never runs"),
        ("0 0 * * * date +%F", "unescaped %"),
        ("1,,2 * * * * x", "no value, range or step"),
    ],
)
def test_problems_are_named_with_their_line(cron: Workspace, line: str, message: str):
    cron.write("c", f"# ok\n\nPATH=/bin\n{line}\n")
    outcome = cron.run("explain", "c")
    assert outcome.status == 1
    assert "line 4: problem:" in outcome.out
    assert message in outcome.out


def test_system_crontabs_reboots_and_limits(cron: Workspace):
    cron.write("c", "17 * * * * root run --all\r\n@reboot root start\r\n")
    assert cron.ok("explain", "c", "--system").splitlines() == [
        "line 1: at minute 17 every day: run --all",
        "line 2: once after each start of the machine: root start",
        "2 jobs, 0 problems",
    ]
    printed = cron.ok(
        "next", "c", "--system", "--after", "2026-03-01 00:00", "--until", "2026-03-01 02:00"
    )
    assert printed == "2026-03-01 00:17  run --all\n2026-03-01 01:17  run --all\n"
    assert cron.ok("next", "c", "--system", "--after", "9999-12-31 23:30", "--runs", "3") == ""


@given(
    st.sampled_from(["*", "*/7", "3", "1-5", "0,30"]),
    st.sampled_from(["*", "2,14", "*/6"]),
    st.sampled_from(["*", "mon", "0-2"]),
)
@settings(max_examples=30)
def test_runs_are_exactly_the_minutes_that_match(minute: str, hour: str, weekday: str):
    module = load("cron-explain")
    job = module.job_of(1, f"{minute} {hour} * * {weekday} x", False)
    start = datetime(2026, 2, 27, 23, 30)  # noqa: DTZ001 - cron knows no zones
    end = start + timedelta(days=40)
    found = list(takewhile(lambda moment: moment < end, job.runs(start)))
    minutes = (start + timedelta(minutes=n) for n in range(1, 60 * 24 * 40))
    hits = (m for m in minutes if m.minute in job.fields[0] and m.hour in job.fields[1])
    assert found == [moment for moment in hits if (moment.weekday() + 1) % 7 in job.fields[4]]
