"""Tasks of other Harbor authors: nothing that we do not model is lost."""

from pathlib import Path

from clawgym.task import Task
from tests.verify.suites.formats import write
from verify.suites import load_all, open_suite

TOML = """
version = "1.0"

[task]
name = "org/strange"

[agent]
timeout_sec = 30.0

[environment]
cpus = 2
docker_image = "python:3.12"

[[environment.mcp_servers]]
name = "files"
url = "http://example.invalid"
"""


def foreign(root: Path, name: str = "strange") -> Path:
    place = root / name
    write(place / "task.toml", TOML)
    write(place / "instruction.md", "Do it.\n")
    write(place / "environment/data/in.csv", "a\n")
    write(place / "environment/docker-compose.yaml", "services: {}\n")
    write(place / "tests/test.sh", "#!/bin/sh\necho 1 > /logs/verifier/reward.txt\n")
    write(place / "README.md", "hello")
    return place


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_files_that_we_do_not_model_are_kept(tmp_path: Path):
    place = foreign(tmp_path)
    task = Task.load(place)
    assert set(task.other) == {
        "README.md",
        "environment/data/in.csv",
        "environment/docker-compose.yaml",
    }
    task.dump(tmp_path / "copy" / "strange")
    before, after = tree(place), tree(tmp_path / "copy" / "strange")
    del before["task.toml"], after["task.toml"]
    assert after == before
    assert Task.load(tmp_path / "copy" / "strange") == task


def test_settings_that_we_do_not_know_are_kept_and_none_is_added(tmp_path: Path):
    import tomllib

    task = Task.load(foreign(tmp_path))
    task.dump(tmp_path / "copy")
    assert tomllib.loads((tmp_path / "copy/task.toml").read_text()) == tomllib.loads(TOML)


def test_steps_are_kept(tmp_path: Path):
    place = foreign(tmp_path)
    (place / "instruction.md").unlink()
    write(place / "steps/first/instruction.md", "First.\n")
    task = Task.load(place)
    task.dump(tmp_path / "copy")
    assert (tmp_path / "copy/steps/first/instruction.md").read_text() == "First.\n"
    assert not (tmp_path / "copy/instruction.md").exists()


def test_clutter_is_not_part_of_a_task(tmp_path: Path):
    place = foreign(tmp_path)
    write(place / ".DS_Store", b"\0")
    write(place / "__pycache__/x.pyc", b"\0")
    assert not {".DS_Store", "__pycache__/x.pyc"} & set(Task.load(place).other)


def test_a_directory_of_them_is_a_suite(tmp_path: Path):
    foreign(tmp_path, "a")
    foreign(tmp_path, "b")
    write(tmp_path / "registry.json", "{}")
    suite = open_suite(tmp_path)
    assert (suite.kind, suite.task_ids) == ("harbor", ["a", "b"])
    assert [task.id for task in load_all(suite)] == ["a", "b"]
    assert [repair.code for repair in suite.repairs] == ["stray-file"]
