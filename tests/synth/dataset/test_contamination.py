import json
from pathlib import Path

import pytest

from clawgym.errors import UsageError
from clawgym.files import Files
from synth.dataset.contamination import Benchmarks, decontaminate, installed
from tests.synth.dataset.examples import make_task, sentence, write

LONG = "a,b\n" + "".join(f"{number},{number * 7}\n" for number in range(40))


@pytest.fixture
def benchmarks() -> Benchmarks:
    held = Benchmarks()
    held.add(
        "bench",
        [
            make_task("one", sentence(1, 80), workspace=LONG),
            make_task("two", sentence(2, 80)),
        ],
    )
    return held


def test_a_task_of_its_own_is_clean(benchmarks: Benchmarks):
    assert decontaminate(make_task("mine", sentence(9, 80)), benchmarks) is None


def test_an_instruction_that_is_nearly_the_same_is_found(benchmarks: Benchmarks):
    found = decontaminate(make_task("mine", sentence(2, 80) + " please"), benchmarks)
    assert found is not None
    assert (found.task_id, found.benchmark, found.of) == ("mine", "bench", "two")
    assert found.reason == "near"
    assert 0.9 < found.similarity < 1


def test_thirteen_words_in_a_row_are_found_and_quoted(benchmarks: Benchmarks):
    copied = " ".join(sentence(1, 80).split()[20:33])
    found = decontaminate(make_task("mine", f"{sentence(9)} {copied} {sentence(8)}"), benchmarks)
    assert found is not None
    assert (found.reason, found.of, found.evidence) == ("words", "one", copied)


def test_twelve_words_in_a_row_are_not(benchmarks: Benchmarks):
    copied = " ".join(sentence(1, 80).split()[20:32])
    assert decontaminate(make_task("mine", f"{sentence(9)} {copied} end"), benchmarks) is None


def test_an_input_file_of_a_benchmark_is_found_whatever_it_is_called(benchmarks: Benchmarks):
    task = make_task("mine", sentence(9, 80), workspace=LONG)
    found = decontaminate(task, benchmarks)
    assert found is not None
    assert (found.reason, found.of, found.evidence) == ("file", "one", "input/a0.csv")


def test_what_many_tasks_of_a_benchmark_say_identifies_none():
    habit = " ".join(sentence(50, 15).split())
    held = Benchmarks()
    held.add("bench", [make_task(f"t{n}", f"{sentence(n, 60)} {habit}") for n in range(4)])
    assert held.find(make_task("mine", f"{sentence(60, 60)} {habit}")) is None


def test_benchmarks_of_any_format_are_read_from_their_paths(tmp_path: Path):
    write(tmp_path / "bench" / "own", [make_task("one", sentence(1, 80))])
    rl = tmp_path / "bench" / "foreign" / "task_0"
    Files(
        {
            "data_entry.json": json.dumps({"task_id": "task_0", "user_query": sentence(2, 80)}),
            "reward/check.py": "print('{}')\n",
        }
    ).write_to(rl)
    held = Benchmarks.open(installed(tmp_path / "bench"))
    assert len(held) == 2
    assert held.find(make_task("a", sentence(1, 80))).benchmark == "own"
    assert held.find(make_task("b", sentence(2, 80))).benchmark == "foreign"


def test_nothing_is_installed_where_there_is_no_folder(tmp_path: Path):
    assert installed(tmp_path / "none") == []


def test_a_run_of_no_words_is_refused():
    with pytest.raises(UsageError, match="run"):
        Benchmarks(run=0)
