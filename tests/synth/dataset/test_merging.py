from pathlib import Path

import pytest

from clawgym.dataset import Dataset
from clawgym.errors import UsageError
from clawgym.task import Task
from synth.dataset.conditions import parse
from synth.dataset.contamination import Benchmarks
from synth.dataset.merging import merge
from synth.dataset.provenance import Derivation, read_provenance
from synth.dataset.reading import open_tasks
from synth.dataset.selecting import Sieve, write_filtered, write_sample, write_split
from synth.dataset.similarity import Novelty
from tests.synth.dataset.examples import make_task, sentence, write


def merged(tmp_path: Path, *datasets: list[Task], **options: float | None) -> Derivation:
    paths = [write(tmp_path / str(at) / "tasks", tasks) for at, tasks in enumerate(datasets)]
    return merge([open_tasks(path) for path in paths], tmp_path / "out", **options)


def test_ids_become_unique_and_say_where_they_come_from(tmp_path: Path):
    merged(tmp_path, [make_task("a", sentence(1))], [make_task("a", sentence(2))])
    held = Dataset(tmp_path / "out")
    assert held.task_ids == ["a", "a-2"]
    assert held.load("a-2").config.task.name == "clawgym/a-2"
    assert held.load("a-2").instruction == sentence(2)
    found = read_provenance(tmp_path / "out")
    assert found.renamed == {"a-2": ("tasks-2", "a")}
    assert [(s.name, s.generator, s.seed, s.funnel["leak"]) for s in found.sources] == [
        ("tasks", "by-hand", 7, 2),
        ("tasks-2", "by-hand", 7, 2),
    ]


def test_the_first_of_equal_tasks_stays(tmp_path: Path):
    one = [make_task("a", sentence(1, 80), workspace="x\n"), make_task("b", sentence(2, 80))]
    other = [
        make_task("c", sentence(1, 80), workspace="x\n"),
        make_task("d", sentence(1, 80), workspace="y\n"),
        make_task("e", sentence(2, 80) + " please"),
        make_task("f", sentence(3, 80)),
    ]
    derivation = merged(tmp_path, one, other)
    assert Dataset(tmp_path / "out").task_ids == ["a", "b", "f"]
    assert [(left.task_id, left.reason, left.of) for left in derivation.left] == [
        ("c", "same-content", "a"),
        ("d", "same-instruction", "a"),
        ("e", "near-duplicate", "b"),
    ]
    index = Dataset(tmp_path / "out").index
    assert (index.funnel["read"], index.funnel["accepted"]) == (6, 3)


def test_without_a_threshold_only_equal_contents_are_dropped(tmp_path: Path):
    one = [make_task("a", sentence(1), workspace="x\n")]
    other = [make_task("b", sentence(1), workspace="y\n")]
    assert merged(tmp_path, one, other, threshold=None).left == []


def test_a_task_that_cannot_be_read_is_left_out_by_name(tmp_path: Path):
    path = write(tmp_path / "tasks", [make_task("a"), make_task("b")])
    (path / "b" / "instruction.md").write_text("edited")
    derivation = merge([open_tasks(path)], tmp_path / "out")
    assert [(left.task_id, left.reason) for left in derivation.left] == [("b", "refused")]
    assert "edited" in derivation.left[0].detail


def test_the_same_datasets_make_the_same_bytes(tmp_path: Path):
    path = write(tmp_path / "tasks", [make_task(f"t{n}", sentence(n)) for n in range(5)])
    for name in ("a", "b"):
        merge([open_tasks(path)], tmp_path / name / "out")
    one, other = (Dataset(tmp_path / name / "out") for name in "ab")
    assert one.digest == other.digest == Dataset(path).digest
    assert one.path.joinpath("provenance.json").read_bytes() == (
        other.path.joinpath("provenance.json").read_bytes()
    )


def test_nothing_is_left_behind_where_it_fails(tmp_path: Path):
    suite = open_tasks(write(tmp_path / "tasks", [make_task("a"), make_task("b")]))

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge([suite], tmp_path / "out", on_task=interrupt)
    assert [entry.name for entry in tmp_path.iterdir()] == ["tasks"]


def test_what_is_there_is_not_overwritten(tmp_path: Path):
    path = write(tmp_path / "tasks", [make_task("a")])
    with pytest.raises(UsageError, match="not empty"):
        merge([open_tasks(path)], path)


def test_a_derived_dataset_has_nothing_to_repair(tmp_path: Path):
    merged(tmp_path, [make_task("a")])
    assert open_tasks(tmp_path / "out").repairs == []


def test_a_filter_says_which_condition_was_not_met(tmp_path: Path):
    tasks = [make_task(f"t{n}", sentence(n, 60), difficulty=1 + n) for n in range(4)]
    suite = open_tasks(write(tmp_path / "tasks", tasks))
    derivation = write_filtered(suite, tmp_path / "out", Sieve([parse("difficulty>=3")]))
    assert Dataset(tmp_path / "out").task_ids == ["t2", "t3"]
    assert derivation.reasons == {"not difficulty>=3": 2}
    assert read_provenance(tmp_path / "out").settings == {"where": "difficulty>=3"}


def test_a_filter_drops_what_is_similar_or_in_a_benchmark(tmp_path: Path):
    tasks = [make_task(f"t{n}", sentence(n, 60)) for n in range(3)]
    tasks.append(make_task("twin", sentence(2, 60) + " again"))
    bench = write(tmp_path / "bench", [make_task("known", sentence(0, 60))])
    sieve = Sieve(novelty=Novelty(), benchmarks=Benchmarks.open([bench]))
    suite = open_tasks(write(tmp_path / "tasks", tasks))
    derivation = write_filtered(suite, tmp_path / "out", sieve)
    assert Dataset(tmp_path / "out").task_ids == ["t1", "t2"]
    assert [(left.task_id, left.reason, left.of) for left in derivation.left] == [
        ("t0", "contaminated-near", "bench/known"),
        ("twin", "similar", "t2"),
    ]


def test_a_filter_that_nothing_passes_writes_nothing(tmp_path: Path):
    suite = open_tasks(write(tmp_path / "tasks", [make_task("a")]))
    with pytest.raises(UsageError, match="no task is left"):
        write_filtered(suite, tmp_path / "out", Sieve([parse("difficulty>5")]))
    assert not (tmp_path / "out").exists()


def test_a_sample_is_a_dataset_in_the_old_order(tmp_path: Path):
    tasks = [make_task(f"t{n:02}", sentence(n), difficulty=1 + (n > 1)) for n in range(12)]
    suite = open_tasks(write(tmp_path / "tasks", tasks))
    write_sample(suite, tmp_path / "out", 4, balance=["difficulty"], seed=3)
    held = Dataset(tmp_path / "out")
    assert held.task_ids == sorted(held.task_ids)
    assert {"t00", "t01"} < set(held.task_ids)
    assert held.index.seed == 3


def test_the_parts_of_a_split_are_datasets(tmp_path: Path):
    suite = open_tasks(
        write(tmp_path / "tasks", [make_task(f"t{n:02}", sentence(n)) for n in range(20)])
    )
    write_split(suite, tmp_path / "out", {"train": 3, "test": 1}, threshold=0.7)
    train, test = (Dataset(tmp_path / "out" / part) for part in ("train", "test"))
    assert (len(train), len(test)) == (15, 5)
    assert set(train.task_ids) | set(test.task_ids) == set(suite.task_ids)
    assert read_provenance(tmp_path / "out" / "test").settings["part"] == "test"
