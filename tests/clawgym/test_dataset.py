"""Datasets: directories of tasks that appear whole or not at all."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawgym.dataset import Dataset, DatasetIndex, check_vacant, write_dataset
from clawgym.errors import TaskFormatError, UsageError
from clawgym.files import Files
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName


def task(task_id: str, instruction: str = "Sum.\n") -> Task:
    metadata = ClawGymMetadata(
        kind="skill", primary_skill="csv-analysis", supporting_skills=("markdown-report",)
    )
    return Task(
        id=task_id,
        instruction=instruction,
        config=TaskConfig(
            task=TaskName(name=f"clawgym/{task_id}"), metadata=Metadata(clawgym=metadata)
        ),
        workspace=Files({"a.csv": "amount\n1\n"}),
    )


TASKS = [task("zebra"), task("ant"), task("mule")]


def write(path: Path, tasks: list[Task] | Iterator[Task] | None = None) -> DatasetIndex:
    return write_dataset(
        path,
        TASKS if tasks is None else tasks,
        name="animals",
        generator="test",
        seed=7,
        funnel={"accepted": 3, "unsolvable": 1},
    )


def nothing_left(directory: Path) -> bool:
    return list(directory.iterdir()) == []


def test_tasks_come_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    write(tmp_path / "d")
    dataset = Dataset(tmp_path / "d")
    assert dataset.task_ids == ["zebra", "ant", "mule"]
    assert list(dataset) == TASKS
    assert len(dataset) == 3


def test_the_index_says_what_the_dataset_is(tmp_path: Path) -> None:
    index = write(tmp_path / "d")
    stored = json.loads((tmp_path / "d" / "dataset.json").read_text())
    assert stored == index.model_dump(mode="json")
    assert stored["tasks"] == {task.id: task.digest for task in TASKS}
    assert stored["skills"] == ["csv-analysis", "markdown-report"]
    assert stored["funnel"] == {"accepted": 3, "unsolvable": 1}


def test_the_same_tasks_have_the_same_digest_anywhere(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two")
    assert Dataset(tmp_path / "one").digest == Dataset(tmp_path / "two").digest
    assert write(tmp_path / "three", [*TASKS[:2], task("mule", "Else.")]).digest != (
        Dataset(tmp_path / "one").digest
    )


def test_an_edited_task_is_noticed(tmp_path: Path) -> None:
    write(tmp_path / "d")
    (tmp_path / "d" / "ant" / "environment" / "workspace" / "a.csv").write_text("amount\n2\n")
    dataset = Dataset(tmp_path / "d")
    assert dataset.load("mule") == TASKS[2]
    with pytest.raises(TaskFormatError, match=r"d/ant differs .* edited after .* write .* anew"):
        dataset.load("ant")


def test_a_broken_task_is_named_by_its_file(tmp_path: Path) -> None:
    write(tmp_path / "d")
    (tmp_path / "d" / "ant" / "task.toml").write_text("[task")
    dataset = Dataset(tmp_path / "d")
    with pytest.raises(TaskFormatError, match=r"d/ant/task\.toml is not a valid"):
        dataset.load("ant")


def test_a_task_of_the_index_that_was_removed_is_named(tmp_path: Path) -> None:
    write(tmp_path / "d")
    (tmp_path / "d" / "ant").rename(tmp_path / "elsewhere")
    with pytest.raises(TaskFormatError, match=r"d/ant/instruction\.md is missing"):
        list(Dataset(tmp_path / "d"))


def test_a_task_that_never_was_is_a_usage_error(tmp_path: Path) -> None:
    write(tmp_path / "d")
    with pytest.raises(UsageError, match=r"has no task 'cow'; it has \['zebra', 'ant', 'mule'\]"):
        Dataset(tmp_path / "d").load("cow")


def test_a_directory_of_task_directories_is_a_dataset(tmp_path: Path) -> None:
    for each in TASKS:
        each.dump(tmp_path / each.id)
    (tmp_path / "notes").mkdir()
    dataset = Dataset(tmp_path)
    assert dataset.task_ids == ["ant", "mule", "zebra"]
    assert dataset.index is None
    assert dataset.digest == write(tmp_path / "d", sorted(TASKS, key=lambda t: t.id)).digest


def test_a_task_without_its_settings_is_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "d")
    (tmp_path / "d" / "dataset.json").unlink()
    broken = next(path for path in sorted((tmp_path / "d").iterdir()))
    (broken / "task.toml").unlink()
    dataset = Dataset(tmp_path / "d")
    assert len(dataset) == 3
    with pytest.raises(TaskFormatError, match=r"task\.toml is missing"):
        list(dataset)


def test_one_task_directory_is_a_dataset_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TASKS[0].dump(tmp_path / "zebra")
    assert list(Dataset(tmp_path / "zebra")) == [TASKS[0]]
    monkeypatch.chdir(tmp_path / "zebra")
    assert list(Dataset(Path())) == [TASKS[0]]


@pytest.mark.parametrize("name", ["empty", "missing", "file"])
def test_a_place_without_tasks_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(TaskFormatError, match=f"{name} holds no task: expected task directories"):
        Dataset(tmp_path / name)


@pytest.mark.parametrize("content", ["[", "{}", '{"schema_version": 2}'])
def test_a_malformed_index_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(TaskFormatError, match=r"dataset\.json is not a valid dataset index"):
        Dataset(tmp_path)


def test_an_index_cannot_point_out_of_its_dataset(tmp_path: Path) -> None:
    TASKS[0].dump(tmp_path / "secret")
    index = write(tmp_path / "d").model_dump() | {"tasks": {"../secret": TASKS[0].digest}}
    (tmp_path / "d" / "dataset.json").write_text(json.dumps(index))
    with pytest.raises(TaskFormatError, match=r"'\.\./secret' must not hold a slash"):
        Dataset(tmp_path / "d")


def test_a_dataset_is_never_written_over_something(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    taken_by = {"d": "d is not empty; choose another", "file": "file is a file", "link": "nowhere"}
    for taken, words in taken_by.items():
        with pytest.raises(UsageError, match=words):
            write(tmp_path / taken)
    assert (tmp_path / "d" / "mine.txt").read_text() == "mine"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["d", "file", "link"]


def test_an_empty_directory_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    write(tmp_path / "d")
    assert len(Dataset(tmp_path / "d")) == 3


def test_an_unwritable_place_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot write .*d: .*; choose another place"):
        check_vacant(tmp_path / "file" / "below" / "d")


def test_the_working_directory_itself_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="name a new directory"):
        write(Path())


def test_a_check_for_vacancy_leaves_no_trace(tmp_path: Path) -> None:
    check_vacant(tmp_path / "d")
    assert nothing_left(tmp_path)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    def interrupted() -> Iterator[Task]:
        yield TASKS[0]
        raise failure

    with pytest.raises(failure):
        write(tmp_path / "d", interrupted())
    assert nothing_left(tmp_path)


def test_two_tasks_cannot_share_an_id(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two tasks are called 'ant'"):
        write(tmp_path / "d", [task("ant"), task("ant", "Else.")])
    assert nothing_left(tmp_path)


def test_tasks_are_read_one_at_a_time(tmp_path: Path) -> None:
    write(tmp_path / "d")
    tasks = iter(Dataset(tmp_path / "d"))
    assert next(tasks) == TASKS[0]
    (tmp_path / "d" / "ant" / "instruction.md").unlink()
    with pytest.raises(TaskFormatError, match=r"instruction\.md"):
        next(tasks)
