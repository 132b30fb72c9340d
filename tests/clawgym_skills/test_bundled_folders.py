"""archive-tidy, checksum-manifest and test-runner: skills that work on whole folders."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.clawgym_skills.bundled_scripts import Workspace, script_of


@pytest.fixture
def tidy(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("archive-tidy"))


@pytest.fixture
def manifest(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("checksum-manifest"))


@pytest.fixture
def tests(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("test-runner"))


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# -- archive-tidy ---------------------------------------------------------------------------


def messy(workspace: Workspace) -> dict[str, bytes]:
    workspace.write("d/Réport.PDF", "1")
    workspace.write("d/a b.csv", "2")
    workspace.write("d/tables/a b.csv", "3")
    workspace.write("d/noext", "4")
    workspace.write("d/.hidden", "5")
    january = 1767225600 + 86400 * 20  # of 2026
    os.utime(workspace.root / "d/noext", (january, january))
    return tree(workspace.root / "d")


def test_apply_then_undo_is_the_identity(tidy: Workspace):
    before = messy(tidy)
    tidy.ok("plan", "d", "-o", "plan.json")
    assert tree(tidy.root / "d") == before
    tidy.ok("apply", "plan.json", "--undo", "undo.json")
    assert set(tree(tidy.root / "d")) == {
        *("documents/Réport.PDF", "tables/a b (2).csv", "tables/a b.csv", "other/noext", ".hidden")
    }
    tidy.ok("undo", "undo.json")
    assert tree(tidy.root / "d") == before
    assert not (tidy.root / "d/documents").exists()
    assert (tidy.root / "d/tables").exists()


def test_files_are_grouped_by_month(tidy: Workspace):
    messy(tidy)
    tidy.ok("plan", "d", "-o", "plan.json", "--by", "date")
    moves = json.loads(tidy.read("plan.json"))["moves"]
    assert {"from": "noext", "to": "2026-01/noext"} in moves


def test_a_plan_that_is_stale_or_leaves_the_folder_moves_nothing(tidy: Workspace):
    before = messy(tidy)
    tidy.ok("plan", "d", "-o", "plan.json")
    plan = json.loads(tidy.read("plan.json"))
    for bad in ("../out", "/etc/out", "tables/a b.csv", "a\\..\\b"):
        moves = [*plan["moves"][:-1], {"from": "noext", "to": bad}]
        tidy.write("bad.json", json.dumps({**plan, "moves": moves}))
        refused = tidy.refused("apply", "bad.json", "--undo", "undo.json")
        assert "othing was moved" in refused
    assert tree(tidy.root / "d") == before
    assert not (tidy.root / "undo.json").exists()
    tidy.write("undo.json", "{}")
    assert "undo.json exists" in tidy.refused("apply", "plan.json", "--undo", "undo.json")
    assert "not a plan" in tidy.refused("undo", "undo.json")


def test_inventory_counts_files_and_bytes(tidy: Workspace):
    messy(tidy)
    printed = tidy.ok("inventory", "d", "-o", "i.csv")
    assert "d: 4 files, 4 bytes" in printed
    assert tidy.read("i.csv").split("\n")[1].startswith("Réport.PDF,documents,1,20")
    assert "not a folder" in tidy.refused("inventory", "nowhere")


def test_zip_and_unzip_round_trip(tidy: Workspace):
    messy(tidy)
    tidy.ok("zip", "d", "-o", "d/box.zip")
    tidy.ok("unzip", "d/box.zip", "-o", "copy")
    expected = {name: data for name, data in tree(tidy.root / "d").items() if "box" not in name}
    del expected[".hidden"]
    assert tree(tidy.root / "copy") == expected
    assert "not an empty folder" in tidy.refused("unzip", "d/box.zip", "-o", "copy")
    assert "exists" in tidy.refused("zip", "d", "-o", "d/box.zip")


def link_entry() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = 0o120777 << 16
    return entry


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["ok.txt", "../evil"], "unsafe name"),
        (["/abs"], "unsafe name"),
        (["a/../../evil"], "unsafe name"),
        (["C:\\evil"], "unsafe name"),
        (["..\\evil"], "unsafe name"),
        ([link_entry()], "link or device"),
        (["a.txt", "A.TXT"], "appears twice"),
        (["a", "a/b"], "cannot unpack"),
    ],
    ids=["parent", "absolute", "inner", "drive", "backslash", "link", "case", "file-and-folder"],
)
def test_an_unsafe_zip_leaves_nothing_behind(
    tidy: Workspace, entries: list[str | zipfile.ZipInfo], message: str
):
    with zipfile.ZipFile(tidy.root / "bad.zip", "w") as box:
        for entry in entries:
            box.writestr(entry, "x")
    assert message in tidy.refused("unzip", "bad.zip", "-o", "out")
    assert [path.name for path in tidy.root.iterdir()] == ["bad.zip"]


def test_zip_bombs_and_broken_zips_are_refused(tidy: Workspace):
    with zipfile.ZipFile(tidy.root / "big.zip", "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("zeros", b"\0" * 1_000_000)
    assert "1000000 bytes" in tidy.refused("unzip", "big.zip", "-o", "o", "--max-bytes", "999999")
    data = bytearray((tidy.root / "big.zip").read_bytes())
    data[60] ^= 0xFF
    tidy.write("broken.zip", bytes(data))
    assert "cannot unpack" in tidy.refused("unzip", "broken.zip", "-o", "o")
    tidy.write("text.zip", "hello")
    assert "cannot unpack" in tidy.refused("unzip", "text.zip", "-o", "o")
    assert not (tidy.root / "o").exists()


# -- checksum-manifest ----------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs sha256sum from coreutils")
def test_sha256sum_reads_our_manifest_and_we_read_its(manifest: Workspace):
    for name in ("a.txt", "sub/é.bin", "back\\slash", "new\nline", " space"):
        manifest.write(f"d/{name}", name)
    manifest.ok("create", "d", "-o", "d/SHA256SUMS")
    subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"],
        cwd=manifest.root / "d",
        check=True,
        capture_output=True,
    )
    theirs = subprocess.run(
        "find . -type f ! -name SHA256SUMS -print0 | xargs -0 sha256sum -b",
        shell=True,
        cwd=manifest.root / "d",
        check=True,
        capture_output=True,
    ).stdout
    manifest.write("theirs", theirs)
    assert "5 unchanged" in manifest.ok(
        "verify", "theirs", "--root", "d", "--exclude", "SHA256SUMS"
    )


def test_verify_names_what_changed(manifest: Workspace):
    for name in ("a", "b", "c", "skip/x.tmp", ".git/config"):
        manifest.write(f"d/{name}", name)
    (manifest.root / "d/link").symlink_to("a")
    ignore = ("--exclude", "*.tmp", "--exclude", ".git")
    outcome = manifest.run("create", "d", "-o", "sums", *ignore)
    assert "1 symbolic links" in outcome.err
    assert manifest.read("sums").count("\n") == 3
    manifest.write("d/a", "other")
    (manifest.root / "d/b").unlink()
    manifest.write("d/new", "n")
    outcome = manifest.run("verify", "sums", "--root", "d", *ignore, "-o", "r.json")
    assert outcome.status == 1
    assert json.loads(manifest.read("r.json")) == {
        "unchanged": 1, "changed": ["a"], "missing": ["b"], "new": ["new"],
    }  # fmt: skip


def test_manifest_usage_errors(manifest: Workspace):
    manifest.write("sums", "hello\n")
    assert "line 1: not a line" in manifest.refused("verify", "sums")
    manifest.write("sums", f"{'0' * 64}  ../x\n")
    assert "outside the folder" in manifest.refused("verify", "sums")
    manifest.write("sums", "\n")
    assert "lists no files" in manifest.refused("verify", "sums")
    assert "not a folder" in manifest.refused("create", "nowhere", "-o", "sums")


# -- test-runner ----------------------------------------------------------------------------

SUITE = """
import unittest, sys
from lib import value

class A(unittest.TestCase):
    def test_fails(self):
        print("noise")
        for n in (1, 2):
            with self.subTest(n=n):
                self.assertEqual(n, value)
    def test_errors(self):
        raise RuntimeError("é")
    @unittest.skip("later")
    def test_skipped(self): ...
    @unittest.expectedFailure
    def test_expected(self):
        self.fail()

class B(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise OSError("no database")
    def test_never(self): ...
"""


def test_outcomes_are_recorded_for_each_test(tests: Workspace):
    tests.write("p/src/lib.py", "value = 1\n")
    tests.write("p/tests/test_a.py", SUITE)
    tests.write("p/test_broken.py", "import nonexistent_module\n")
    outcome = tests.run("run", "p", "-o", "r.json")
    assert outcome.status == 1
    result = json.loads(tests.read("r.json"))
    found = {each["id"].split(" ")[0]: each["outcome"] for each in result["tests"]}
    assert found == {
        "unittest.loader._FailedTest.test_broken": "error",
        "test_a.A.test_errors": "error",
        "test_a.A.test_expected": "passed",
        "test_a.A.test_fails": "failed",
        "test_a.A.test_skipped": "skipped",
        "setUpClass": "error",
    }
    assert not result["ok"]
    assert "noise" in result["output"]
    assert not list((tests.root / "p").rglob("__pycache__"))


def test_a_hanging_test_is_named_and_its_children_are_killed(tests: Workspace):
    tests.write(
        "p/test_slow.py",
        "import subprocess, unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_a(self): ...\n"
        "    def test_b(self):\n"
        "        child = subprocess.Popen(['sleep', '60'])\n"
        "        open('pid', 'w').write(str(child.pid))\n"
        "        child.wait()\n",
    )
    outcome = tests.run("run", "p", "-o", "r.json", "--timeout", "1.5")
    assert outcome.status == 1
    result = json.loads(tests.read("r.json"))
    assert result["timed_out"]
    assert [each["outcome"] for each in result["tests"]] == ["passed", "timeout"]
    assert not is_running(int(tests.read("p/pid")))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_crash_is_no_success(tests: Workspace):
    tests.write(
        "p/test_exit.py",
        "import os, unittest\nclass T(unittest.TestCase):\n    def test_a(self): os._exit(0)\n",
    )
    outcome = tests.run("run", "p", "-o", "r.json")
    assert outcome.status == 1
    result = json.loads(tests.read("r.json"))
    assert result["crashed"]
    assert result["tests"][0]["message"] == "the process ended here"


def test_runner_usage_errors(tests: Workspace):
    tests.write("p/readme", "")
    assert "no tests in p" in tests.refused("run", "p")
    assert "not a folder" in tests.refused("run", "nowhere")
    assert "--start sub" in tests.refused("run", "p", "--start", "sub")
    assert "seconds" in tests.refused("run", "p", "--timeout", "0")
