"""All or nothing: whatever dies in the middle, and whoever else is at work."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym_skills.market.lockfile import Lock
from clawgym_skills.market.policy import allow_everything
from clawgym_skills.market.sources import parse_source
from clawgym_skills.market.workspace import Workspace
from tests.clawgym_skills.market.shop import demo_files, everything_below

KEY = "@alice/demo-skill"
OLD, NEW = demo_files(), demo_files(**{"new.md": "new\n"})
PROGRAM = Path(__file__).with_name("install_and_die.py")


def install_and_die(source: str, steps: Mapping[Path, int]) -> list[str]:
    """How the install into each of these folders ended that was to die at that step."""
    pairs = [word for workdir, step in steps.items() for word in (str(step), str(workdir))]
    ran = subprocess.run(
        [sys.executable, PROGRAM, source, *pairs],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()


def steps_of(workdir: Path, source: str) -> int:
    """How many changes an install makes that is left alone."""
    [ended] = install_and_die(source, {workdir: 0})
    return int(ended.removeprefix("0 "))


def state_of(workdir: Path) -> tuple[str | None, str | None]:
    """The version in the lock, and the one in the folder; the next command puts them right."""
    workspace = Workspace(workdir, allow_everything)
    with workspace._quarantine.exclusive():
        pass
    entry = Lock.read(workdir).entry(KEY)
    folder = workspace.skills / KEY
    there = ("1.0.1" if (folder / "new.md").exists() else "1.0.0") if folder.exists() else None
    assert not list(workspace.skills.rglob("quarantine"))
    for one in workspace.verify():
        assert one.intact
    return (entry.version if entry else None), there


def test_a_first_install_that_is_killed_anywhere_is_all_or_nothing(shop, tmp_path):
    shop.publish(NEW, version="1.0.1")
    last = steps_of(tmp_path / "whole", shop.url)
    steps = {tmp_path / str(step): step for step in range(1, last + 1, 2)}

    assert install_and_die(shop.url, steps) == ["-9"] * len(steps)

    assert {state_of(workdir) for workdir in steps} == {(None, None), ("1.0.1", "1.0.1")}


def test_a_replacement_that_is_killed_anywhere_leaves_the_old_or_the_new(shop, tmp_path):
    shop.publish(OLD, version="1.0.0")
    before = tmp_path / "before"
    with shop.client() as registry:
        Workspace(before, allow_everything).install(parse_source(KEY), registry)
    shop.publish(NEW, version="1.0.1")
    shutil.copytree(before, tmp_path / "whole")
    last = steps_of(tmp_path / "whole", shop.url)
    steps = {tmp_path / str(step): step for step in range(1, last + 1, 2)}
    for workdir in steps:
        shutil.copytree(before, workdir)

    assert install_and_die(shop.url, steps) == ["-9"] * len(steps)

    assert {state_of(workdir) for workdir in steps} == {("1.0.0", "1.0.0"), ("1.0.1", "1.0.1")}


def test_what_a_dead_install_left_is_swept_out_by_the_next_one(tmp_path):
    folder = tmp_path / "demo-skill"
    OLD.write_to(folder)
    workdir = tmp_path / "work"
    assert install_and_die(str(folder), {workdir: 12}) == ["-9"]
    assert list((workdir / "skills").rglob("quarantine"))

    Workspace(workdir, allow_everything).install(parse_source(str(folder)))

    assert not list((workdir / "skills").rglob("quarantine"))


def test_the_quarantine_of_the_living_is_left_alone(tmp_path):
    workspace = Workspace(tmp_path, allow_everything)
    quarantine = workspace._quarantine
    with quarantine.stage() as stage:
        (stage.folder / "x").write_text("mine")
        with quarantine.exclusive():
            assert (stage.folder / "x").read_text() == "mine"

    assert everything_below(tmp_path) == []


def test_an_error_inside_is_the_error_outside(tmp_path):
    quarantine = Workspace(tmp_path, allow_everything)._quarantine

    with pytest.raises(FileNotFoundError, match="mine"), quarantine.stage():
        raise FileNotFoundError("mine")
    assert everything_below(tmp_path) == []


def test_two_installs_of_one_skill_at_once_leave_one(shop, tmp_path):
    shop.publish(OLD)
    errors: list[UsageError] = []

    def install() -> None:
        with shop.client() as registry:
            try:
                Workspace(tmp_path, allow_everything).install(parse_source(KEY), registry)
            except UsageError as error:
                errors.append(error)

    threads = [threading.Thread(target=install) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [str(error) for error in errors] == [
        f"{KEY} is already installed; --force replaces it"
    ] * 3
    assert state_of(tmp_path) == ("1.0.0", "1.0.0")


def test_many_installs_at_once_all_get_into_the_lock(shop, tmp_path):
    slugs = [f"skill-{n}" for n in range(6)]
    for slug in slugs:
        shop.publish(demo_files(slug), slug)

    def install(slug: str) -> None:
        with shop.client() as registry:
            Workspace(tmp_path, allow_everything).install(parse_source(f"@alice/{slug}"), registry)

    threads = [threading.Thread(target=install, args=(slug,)) for slug in slugs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(Lock.read(tmp_path)) == [f"@alice/{slug}" for slug in slugs]
    assert {one.state for one in Workspace(tmp_path, allow_everything).verify()} == {"intact"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_said_so(tmp_path):
    OLD.write_to(tmp_path / "demo")
    (tmp_path / "work").mkdir(mode=0o500)

    with pytest.raises(UsageError, match="may write to"):
        Workspace(tmp_path / "work", allow_everything).install(parse_source(f"{tmp_path}/demo"))


def test_a_file_system_without_exchange_has_two_steps(tmp_path, monkeypatch):
    from clawgym_skills.market import quarantine

    class Libc:
        def __init__(self, *arguments, **options):
            pass

    monkeypatch.setattr(quarantine.ctypes, "CDLL", Libc)
    workspace = Workspace(tmp_path / "work", allow_everything)
    OLD.write_to(tmp_path / "demo-skill")
    workspace.install(parse_source(f"{tmp_path}/demo-skill"))
    NEW.write_to(tmp_path / "demo-skill")

    result = workspace.install(parse_source(f"{tmp_path}/demo-skill"), force=True)

    assert (result.installed.directory / "new.md").exists()
    assert not list(workspace.skills.rglob("quarantine"))
