import json
from pathlib import Path

import pytest

from clawgym.errors import TaskFormatError, UsageError
from tests.verify.suites.formats import bundle, trained_task, write
from verify.suites import Refusal, load_all, open_suite
from verify.suites.adapters import ClawGymRun, read_run


def codes(suite) -> set[str]:
    return {repair.code for repair in suite.repairs}


def run_of(task) -> ClawGymRun:
    run = read_run(task)
    assert isinstance(run, ClawGymRun)
    return run


def test_inputs_of_the_trainer_stand_at_the_root_of_the_workspace(tmp_path: Path):
    trained_task(tmp_path, "task_0000")
    task = open_suite(tmp_path).load("task_0000")
    assert list(task.workspace) == ["input/numbers.csv"]
    assert task.clawgym.suite == "clawgym"
    assert task.clawgym.kind == "import"
    assert "original/reward/check.py" in task.tests


def test_inputs_of_a_bundle_are_mounted_below_input(tmp_path: Path):
    bundle(tmp_path / "task_bundles", "task_one")
    suite = open_suite(tmp_path)
    task = suite.load("task_one")
    assert list(task.workspace) == ["input/numbers.csv"]
    assert task.instruction == "Read input/numbers.csv, write output/sum.txt."
    assert task.clawgym.difficulty == 2
    assert codes(suite) == {"path-token"}


def test_a_bundle_that_brings_input_along_is_not_mounted_twice(tmp_path: Path):
    place = bundle(tmp_path, "task_one")
    (place / "input_files/numbers.csv").unlink()
    write(place / "input_files/input/numbers.csv", "n\n")
    suite = open_suite(tmp_path)
    assert list(suite.load("task_one").workspace) == ["input/numbers.csv"]
    assert "mount" in codes(suite)


def test_another_mount_directory_is_kept(tmp_path: Path):
    bundle(tmp_path, "task_one", input_mount_dir="/workspace/data")
    assert list(open_suite(tmp_path).load("task_one").workspace) == ["data/numbers.csv"]


def test_absolute_paths_in_the_prompt_become_relative(tmp_path: Path):
    bundle(
        tmp_path, "one", path_profile="absolute", user_query="Read /workspace/input/numbers.csv."
    )
    suite = open_suite(tmp_path)
    assert suite.load("one").instruction == "Read input/numbers.csv."
    assert {"absolute-path", "legacy-key"} <= codes(suite)


def test_legacy_rubrics_become_five_bands(tmp_path: Path):
    rubric = [{"name": "Clear", "target_file": "output/sum.txt", "rule": "It is clear."}]
    bundle(tmp_path, "one", rubrics=rubric, reward_aggregation="average_code_and_rubric")
    suite = open_suite(tmp_path)
    task = suite.load("one")
    assert b"It is clear." in task.tests["rubric.toml"].data
    assert (task.clawgym.code_weight, task.clawgym.rubric_weight) == (0.5, 0.5)
    assert {"rubric-legacy-rule", "legacy-key"} <= codes(suite)


def test_a_script_of_one_command_needs_no_shell(tmp_path: Path):
    bundle(tmp_path, "one")
    run = run_of(open_suite(tmp_path).load("one"))
    assert (run.run, run.script, run.aggregate) == ("python", "reward/check.py", "last-line")


def test_an_unusual_script_of_the_trainer_is_run_as_it_is(tmp_path: Path):
    trained_task(tmp_path, "one")
    suite = open_suite(tmp_path)
    run = run_of(suite.load("one"))
    assert (run.run, run.aggregate) == ("shell", "last-number")
    assert "reward-script" in codes(suite)


def test_a_broken_task_is_refused_with_its_reason_and_the_others_load(tmp_path: Path):
    trained_task(tmp_path, "good")
    write(trained_task(tmp_path, "broken") / "data_entry.json", "{")
    (trained_task(tmp_path, "lost") / "data_entry.json").unlink()
    loaded = list(load_all(open_suite(tmp_path)))
    assert [task.task_id for task in loaded if isinstance(task, Refusal)] == ["broken", "lost"]
    assert "no JSON" in loaded[0].reason
    assert loaded[1].id == "good"


def test_a_stray_file_is_ignored_and_told(tmp_path: Path):
    trained_task(tmp_path, "one")
    write(tmp_path / "README.md", "hello")
    suite = open_suite(tmp_path)
    assert suite.task_ids == ["one"]
    assert [(r.code, "README.md" in r.message) for r in suite.repairs] == [("stray-file", True)]


def test_a_directory_may_be_one_task(tmp_path: Path):
    suite = open_suite(trained_task(tmp_path, "one"))
    assert suite.load("one").id == "one"


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        (lambda text: b"\xef\xbb\xbf" + text.encode(), "byte-order-mark"),
        (lambda text: text.replace("\n", "\r\n").encode(), "line-ends"),
        (lambda text: text.encode("utf-16"), "encoding"),
        (lambda text: text.replace("one", "café").encode("cp1252"), "encoding"),
    ],
)
def test_odd_encodings_of_the_entry_are_mended_and_told(tmp_path: Path, encoded, code):
    place = trained_task(tmp_path, "one")
    entry = json.dumps(json.loads((place / "data_entry.json").read_text()), indent=1)
    (place / "data_entry.json").write_bytes(encoded(entry))
    suite = open_suite(tmp_path)
    suite.load("one")
    assert code in codes(suite)


def test_an_entry_without_a_prompt_is_refused(tmp_path: Path):
    write(trained_task(tmp_path, "one") / "data_entry.json", '{"task_id": "one"}')
    with pytest.raises(TaskFormatError, match="user_query"):
        open_suite(tmp_path).load("one")


def test_an_unknown_id_is_the_callers_fault(tmp_path: Path):
    trained_task(tmp_path, "one")
    with pytest.raises(UsageError, match="no task 'two'"):
        open_suite(tmp_path).load("two")


def test_a_place_without_tasks_says_what_was_expected(tmp_path: Path):
    with pytest.raises(TaskFormatError, match=r"data_entry\.json"):
        open_suite(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        open_suite(tmp_path / "nowhere")
