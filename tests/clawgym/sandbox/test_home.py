"""Directories of boxes: private while the owner lives, collected when it is dead."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clawgym.errors import SandboxError
from clawgym.sandbox import collect_garbage, scratch_directory
from clawgym.sandbox._home import box_home, remove_tree

OWNER = """
import os, sys, time
from clawgym.sandbox._home import box_home
print(box_home().new_box(), flush=True)
if sys.argv[1] == "wait":
    time.sleep(60)
"""


def start_owner(how: str) -> tuple["subprocess.Popen[str]", Path]:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, how], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    return owner, Path(owner.stdout.readline().strip())


def test_a_home_is_private() -> None:
    # Other users may at most pass through, which boxes that are users of their own need
    assert box_home().path.stat().st_mode & 0o766 == 0o700
    assert box_home().new_box().stat().st_mode & 0o777 == 0o700


def test_a_process_that_ends_takes_its_boxes_along(elsewhere: Path) -> None:
    owner, directory = start_owner("end")
    owner.communicate()
    assert directory.is_relative_to(elsewhere)
    assert not directory.parent.exists()


def test_boxes_of_the_living_stay_and_of_the_killed_go(elsewhere: Path) -> None:
    assert not (elsewhere / "clawgym").exists()
    owner, directory = start_owner("wait")
    assert collect_garbage() == 0
    assert directory.exists()
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert collect_garbage() == 1
    assert not directory.parent.exists()


def test_what_goes_into_a_box_lives_beside_the_boxes_and_goes_with_the_block() -> None:
    with scratch_directory() as directory:
        assert directory.parent == box_home().path
        (directory / "locked").mkdir(mode=0o000)
    assert not directory.exists()


def test_a_place_that_others_can_enter_is_refused(elsewhere: Path) -> None:
    base = elsewhere / f"clawgym-{os.getuid()}"
    base.mkdir()
    base.chmod(0o755)
    with pytest.raises(SandboxError, match="not private"):
        collect_garbage()


def test_a_planted_link_is_refused(elsewhere: Path) -> None:
    target = elsewhere / "target"
    target.mkdir(mode=0o700)
    (elsewhere / f"clawgym-{os.getuid()}").symlink_to(target)
    with pytest.raises(SandboxError, match="not private"):
        collect_garbage()


def test_removing_what_is_gone_is_fine(tmp_path: Path) -> None:
    remove_tree(tmp_path / "never-there")


def test_removing_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("x")
    box = tmp_path / "box"
    box.mkdir()
    (box / "link").symlink_to(tmp_path / "kept")
    remove_tree(box)
    assert not box.exists()
    assert (tmp_path / "kept/file").exists()
