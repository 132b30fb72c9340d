"""Choosing a backend never weakens what was asked for, and refusals say what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym.sandbox import doctor, open_backend
from clawgym.sandbox._diagnosis import diagnose

WITHOUT_BWRAP = """
import clawgym.sandbox as s, clawgym.errors as e
try:
    print("opened", s.open_backend({name!r}).name)
except e.SandboxUnsupportedError as error:
    print("refused", error)
"""


def without_bwrap(name: str, tmp_path: Path) -> str:
    # bwrap is also looked for beside the interpreter, so that one has to be alone too.
    python = tmp_path / "python3"
    python.symlink_to(os.path.realpath(sys.executable))
    env = {"PATH": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    script = WITHOUT_BWRAP.format(name=name)
    command = [str(python), "-c", script]
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout


@pytest.mark.parametrize("name", ["auto", "bwrap"])
def test_without_bwrap_nothing_weaker_is_chosen(name: str, tmp_path: Path) -> None:
    said = without_bwrap(name, tmp_path)
    assert said.startswith("refused")
    assert "apt-get install bubblewrap" in said
    assert "--sandbox local" in said


def test_local_must_be_asked_for_by_name(tmp_path: Path) -> None:
    assert without_bwrap("local", tmp_path) == "opened local\n"


def test_auto_isolates() -> None:
    if not next(status for status in doctor() if status.name == "bwrap").works:
        pytest.skip("bwrap does not work here")
    assert {"filesystem", "network", "kill_tree"} <= open_backend("auto").capabilities


def test_local_claims_nothing() -> None:
    assert open_backend("local").capabilities == frozenset()


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="auto, bwrap, docker, landlock, local"):
        open_backend("chroot")


def test_an_old_bubblewrap_is_told_from_a_forbidden_one() -> None:
    assert "0.8.0" in diagnose("bwrap: Unknown option --disable-userns").fix
    assert "0.8.0" not in diagnose("bwrap: No permissions to create new namespace").fix


def test_every_refusal_repeats_what_bubblewrap_said() -> None:
    assert "pivot_root" in str(diagnose("bwrap: pivot_root: Operation not permitted"))
