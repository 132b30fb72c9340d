"""Tasks on disk: the Harbor layout, whole and unchanged, or an error that names the file."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from clawgym.errors import TaskFormatError
from clawgym.files import File, Files
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName
from tests.clawgym.strategies import TASKS


def small_task(task_id: str = "sum-amounts") -> Task:
    return Task(
        id=task_id,
        instruction="Sum the amounts.\n",
        config=TaskConfig(
            task=TaskName(name=f"clawgym/{task_id}"),
            metadata=Metadata(clawgym=ClawGymMetadata(kind="skill", seed=7)),
        ),
        workspace=Files({"input/a.csv": "amount\n1\n"}),
        tests=Files({"test.sh": File(b"#!/bin/sh\n", executable=True)}),
        solution=Files({"solve.sh": File(b"#!/bin/sh\n", executable=True)}),
    )


@given(TASKS)
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_dumped_is_loaded(task: Task) -> None:
    with tempfile.TemporaryDirectory() as parent:
        task.dump(Path(parent, task.id))
        again = Task.load(Path(parent, task.id))
    assert again == task
    assert again.digest == task.digest


def test_the_layout_is_harbors(tmp_path: Path) -> None:
    small_task().dump(tmp_path / "t")
    found = sorted(str(p.relative_to(tmp_path / "t")) for p in tmp_path.rglob("*") if p.is_file())
    assert found == [
        "environment/Dockerfile",
        "environment/workspace/input/a.csv",
        "instruction.md",
        "solution/solve.sh",
        "task.toml",
        "tests/test.sh",
    ]
    assert os.access(tmp_path / "t" / "tests" / "test.sh", os.X_OK)


def test_keys_of_other_tools_are_kept_with_their_types(tmp_path: Path) -> None:
    foreign = """\
schema_version = "1.4"
[task]
name = "acme/t"
[metadata]
author = "Ada"
created = 2024-05-27
[environment]
cpus = 2
[[environment.mcp_servers]]
name = "mail"
[verifier.env]
LIMIT = inf
"""
    (tmp_path / "instruction.md").write_text("Do it.")
    (tmp_path / "task.toml").write_text(foreign)
    Task.load(tmp_path).dump(tmp_path / "copy")
    copy = (tmp_path / "copy" / "task.toml").read_text()
    for line in foreign.splitlines():
        assert line in copy or line.startswith("[["), line
    assert 'name = "mail"' in copy
    assert Task.load(tmp_path / "copy").config == Task.load(tmp_path).config


def test_a_task_of_another_tool_counts_as_imported(tmp_path: Path) -> None:
    (tmp_path / "instruction.md").write_text("Do it.")
    (tmp_path / "task.toml").write_text('[task]\nname = "acme/t"\n')
    task = Task.load(tmp_path)
    assert task.clawgym.kind == "import"
    assert task.graph is None
    assert task.workspace == Files()


def test_the_working_directory_is_a_task_with_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_task().dump(tmp_path / "sum-amounts")
    monkeypatch.chdir(tmp_path / "sum-amounts")
    assert Task.load(Path()).id == "sum-amounts"


def test_a_task_is_never_dumped_over_something(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        small_task().dump(tmp_path)


@pytest.mark.parametrize("name", ["instruction.md", "task.toml"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    small_task().dump(tmp_path / "t")
    (tmp_path / "t" / name).unlink()
    with pytest.raises(TaskFormatError, match=f"{name} is missing; a task directory must hold it"):
        Task.load(tmp_path / "t")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("instruction.md", b"\xff\xfe", "cannot be read as UTF-8"),
        ("task.toml", b"[task", "not a valid task.toml"),
        ("task.toml", b"[agent]\ntimeout_sec = 1", "task: Field required"),
        ("task.toml", b'[task]\nname="t"\n[agent]\ntimeout_sec="soon"', "agent.timeout_sec"),
        (
            "task.toml",
            b'[task]\nname="t"\n[metadata.clawgym]\nkind="skill"\nflavour="x"',
            "metadata.clawgym.flavour",
        ),
        ("graph.json", b"{}", "not a valid task graph"),
        ("graph.json", b"[", "not a valid task graph"),
    ],
)
def test_a_malformed_file_is_named_with_the_reason(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    small_task().dump(tmp_path / "t")
    (tmp_path / "t" / name).write_bytes(content)
    with pytest.raises(TaskFormatError, match=reason) as caught:
        Task.load(tmp_path / "t")
    assert str(caught.value).startswith(str(tmp_path / "t" / name))


def test_a_link_in_the_workspace_is_refused(tmp_path: Path) -> None:
    small_task().dump(tmp_path / "t")
    (tmp_path / "t" / "environment" / "workspace" / "shadow").symlink_to("/etc/shadow")
    with pytest.raises(TaskFormatError, match="shadow is not a regular file"):
        Task.load(tmp_path / "t")
