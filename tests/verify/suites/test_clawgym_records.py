import json
import sys
from pathlib import Path

import pytest

from clawgym.errors import TaskFormatError, UsageError
from tests.verify.suites.formats import MEAN_CHECK, record, run_payload
from verify.suites import Refusal, load_all, open_suite
from verify.suites.adapters import read_run


def lines(path: Path, *records: object) -> Path:
    text = "".join(
        r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) + "\n" for r in records
    )
    path.write_text(text, encoding="utf-8")
    return path


def test_a_bad_line_is_refused_by_its_number_and_the_others_load(tmp_path: Path):
    path = lines(tmp_path / "tasks.jsonl", record("a"), "{oops\n", record("b"), "[1]\n")
    suite = open_suite(path)
    loaded = list(load_all(suite))
    assert suite.task_ids == ["a", "line-2", "b", "line-4"]
    assert [task.task_id for task in loaded if isinstance(task, Refusal)] == ["line-2", "line-4"]
    assert ":2 is no JSON" in loaded[1].reason


def test_the_single_file_layout_keeps_verifier_and_inputs_apart(tmp_path: Path):
    task = open_suite(lines(tmp_path / "tasks.jsonl", record())).load("one")
    assert list(task.workspace) == ["input/numbers.csv"]
    assert task.tests["original/reward/check.py"].data == MEAN_CHECK.encode()
    assert task.tests["original/reward/reward.sh"].executable
    assert read_run(task).aggregate == "last-line"


def test_a_verifier_among_the_inputs_is_hidden(tmp_path: Path):
    suite = open_suite(lines(tmp_path / "run.jsonl", run_payload()))
    task = suite.load("task_00001")
    assert list(task.workspace) == ["input/numbers.csv"]
    assert read_run(task).aggregate == "mean"
    assert "reward-among-inputs" in {repair.code for repair in suite.repairs}


def test_the_hugging_face_shape_takes_its_id_from_the_template(tmp_path: Path):
    entry = run_payload(origin_template="---\nid: task_tea\nname: Tea\n---\n", rule=None)
    assert open_suite(lines(tmp_path / "syn_task.jsonl", entry)).task_ids == ["task_tea"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_json_array_is_read(tmp_path: Path, wrapped: bool):
    path = tmp_path / "tasks.json"
    records = [record("a"), record("b")]
    path.write_text(json.dumps({"tasks": records} if wrapped else records))
    assert [task.id for task in load_all(open_suite(path))] == ["a", "b"]


def test_a_directory_with_one_file_of_tasks_is_that_file(tmp_path: Path):
    lines(tmp_path / "tasks.jsonl", record("a"))
    assert open_suite(tmp_path).task_ids == ["a"]


def test_parquet_gives_the_same_tasks(tmp_path: Path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    nested = record("nested")
    flat = {k: json.dumps(v) if isinstance(v, list) else v for k, v in record("nested").items()}
    parquet.write_table(arrow.Table.from_pylist([nested]), tmp_path / "nested.parquet")
    parquet.write_table(arrow.Table.from_pylist([flat]), tmp_path / "flat.parquet")
    wanted = open_suite(lines(tmp_path / "tasks.jsonl", nested)).load("nested")
    for name in ("nested", "flat"):
        task = open_suite(tmp_path / f"{name}.parquet").load("nested")
        assert task.workspace == wanted.workspace
        assert task.tests["original/reward/check.py"] == wanted.tests["original/reward/check.py"]


def test_parquet_without_its_extra_says_which_one(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "tasks.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageError, match=r"clawgym\[parquet\]"):
        open_suite(tmp_path / "tasks.parquet")


def test_ids_that_are_no_directory_names_or_stand_twice_are_changed_and_told(tmp_path: Path):
    suite = open_suite(lines(tmp_path / "t.jsonl", record("a/b"), record("a_b"), record("..")))
    assert suite.task_ids == ["a_b", "a_b-2", "task"]
    assert {repair.code for repair in suite.repairs} == {"task-id", "duplicate-id"}


@pytest.mark.parametrize("path", ["../out.txt", "/etc/passwd", "a/../../b"])
def test_a_path_out_of_the_workspace_refuses_the_task(tmp_path: Path, path: str):
    bad = record(input_files=[{"file_path": path, "content": "x"}])
    with pytest.raises(TaskFormatError, match="path"):
        open_suite(lines(tmp_path / "t.jsonl", bad)).load("one")


def test_paths_and_contents_that_can_be_mended_are(tmp_path: Path):
    listed = [
        {"file_path": "./a.txt", "content": "x"},
        {"file_path": "/root/.openclaw/workspace/b.json", "content": {"n": 1}},
        {"file_path": "c.txt", "content": None},
    ]
    suite = open_suite(lines(tmp_path / "t.jsonl", record(input_files=listed)))
    task = suite.load("one")
    assert list(task.workspace) == ["a.txt", "b.json", "c.txt"]
    assert json.loads(task.workspace["b.json"].data) == {"n": 1}
    assert {"path", "content-type", "content-missing"} <= {r.code for r in suite.repairs}


def test_a_task_without_verifier_or_rubric_is_refused(tmp_path: Path):
    bare = record(hook_code="", reward_files=[])
    with pytest.raises(TaskFormatError, match="neither a verifier nor a rubric"):
        open_suite(lines(tmp_path / "t.jsonl", bare)).load("one")


def test_a_rubric_alone_is_enough(tmp_path: Path):
    bands = {"0": "a", "0.25": "b", "0.50": "c", "0.75": "d", "1.0": "e"}
    rules = [{"name": "Tone", "file_path": "output/mail.md", "scores": bands}]
    judged = record(hook_code="", reward_files=[], rules=rules, reward_aggregation="rubric_only")
    task = open_suite(lines(tmp_path / "t.jsonl", judged)).load("one")
    assert (task.clawgym.code_weight, task.clawgym.rubric_weight) == (0.0, 1.0)
    assert "rubric.toml" in task.tests


def test_crlf_and_a_byte_order_mark_do_not_hide_a_line(tmp_path: Path):
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(record("a")).encode() + b"\r\n\r\n")
    suite = open_suite(path)
    assert suite.load("a").id == "a"
    assert "byte-order-mark" in {repair.code for repair in suite.repairs}
