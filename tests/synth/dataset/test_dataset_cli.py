import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.dataset import Dataset
from tests.synth.dataset.examples import make_task, sentence, write

pytest.importorskip("pyarrow", reason="needs the extra parquet")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    tasks = [make_task(f"t{n:02}", sentence(n, 60), difficulty=1 + n % 5) for n in range(20)]
    return write(tmp_path / "tasks", [*tasks, make_task("twin", sentence(3, 60) + " too")])


def run(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["dataset", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_stats_as_a_table(path: Path):
    said = run("stats", path)
    assert "tasks: 21 tasks" in said
    assert "filter > aggregate" in said
    assert "pairs of at least 0.7" in said


def test_stats_as_json(path: Path):
    held = json.loads(run("stats", path, "--json"))
    assert (held["tasks"], held["similarity"]["near_duplicates"]) == (21, 1)
    assert held["digest"] == Dataset(path).digest


def test_stats_names_what_could_not_be_loaded_and_why(path: Path):
    (path / "t03" / "instruction.md").write_text("edited")
    said = run("stats", path, "--no-texts")
    assert "1 more could not be loaded" in said
    assert f"refused: t03: {path / 't03'} differs from the digest" in said
    held = json.loads(run("stats", path, "--json", "--no-texts"))
    assert (held["refused"], [one["task_id"] for one in held["refusals"]]) == (1, ["t03"])


def test_merge_names_what_was_left_out(path: Path, tmp_path: Path):
    said = json.loads(run("merge", path, path, "-o", tmp_path / "out", "--json"))
    assert said["datasets"][0]["funnel"] == {
        "read": 42,
        "near-duplicate": 2,
        "same-content": 20,
        "accepted": 20,
    }
    assert said["datasets"][0]["left"][0]["of"] == "t03"


def test_split_filter_and_sample_write_datasets(path: Path, tmp_path: Path):
    assert "largest group: 2" in run("split", path, "-o", tmp_path / "parts")
    run("filter", path, "-o", tmp_path / "hard", "--where", "difficulty>=4")
    run("sample", path, "-o", tmp_path / "few", "-n", "5", "--balance", "difficulty")
    assert sum(len(Dataset(part)) for part in (tmp_path / "parts").iterdir()) == 21
    assert len(Dataset(tmp_path / "hard")) == 8
    assert len({task.clawgym.difficulty for task in Dataset(tmp_path / "few")}) == 5


def test_filter_drops_what_repeats_an_installed_benchmark(path: Path, tmp_path: Path):
    write(tmp_path / ".clawgym/benchmarks/known", [make_task("k", sentence(3, 60))])
    said = run("filter", path, "-o", tmp_path / "out", "--installed")
    assert "19 tasks of 21" in said
    assert "2 contaminated-near" in said


def test_filter_says_what_it_knows_where_no_task_is_left(path: Path, tmp_path: Path):
    said = run("filter", path, "-o", tmp_path / "out", "--where", "kind=Procedural", code=2)
    assert "no task has kind=Procedural; found: procedural (21)" in said
    assert not (tmp_path / "out").exists()


def test_filter_notes_a_value_that_no_task_has(path: Path, tmp_path: Path):
    said = run("filter", path, "-o", tmp_path / "out", "--where", "difficulty=3,7")
    assert "note: no task has difficulty=7; found: 1 to 5" in said
    again = ("filter", path, "-o", tmp_path / "other", "--where", "difficulty=3,7", "--json")
    assert len(json.loads(run(*again))["datasets"][0]["notes"]) == 1


def test_filter_wants_benchmarks_where_it_is_to_use_them(path: Path, tmp_path: Path):
    said = run("filter", path, "-o", tmp_path / "out", "--installed", code=2)
    assert "holds no benchmark" in said


def test_export_of_the_parts_of_a_split_is_one_hub_folder(path: Path, tmp_path: Path):
    run("split", path, "-o", tmp_path / "parts")
    said = run("export", tmp_path / "parts", "--to", "hf", "-o", tmp_path / "hub")
    assert "21 tasks written" in said
    names = {entry.name for entry in (tmp_path / "hub" / "data").iterdir()}
    assert names == {"train.parquet", "validation.parquet", "test.parquet"}
    assert json.loads(run("stats", tmp_path / "hub", "--json"))["tasks"] == 21


def test_export_says_what_is_lost(path: Path, tmp_path: Path):
    said = run("export", path, "--to", "clawgym-jsonl", "-o", tmp_path / "out.jsonl")
    assert "lost: graph: 21 tasks" in said


@pytest.mark.parametrize(("to", "name"), [("hf", "ex hf"), ("clawgym-parquet", "x.parquet")])
def test_export_without_pyarrow_says_how_to_get_it(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, name: str
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = run("export", path, "--to", to, "-o", tmp_path / name, code=2)
    assert "pip install -c constraints.txt -e '.[parquet]'" in said
    assert str(tmp_path) not in said
    assert [entry.name for entry in tmp_path.iterdir()] == ["tasks"]


def test_a_card_leaves_the_readme_of_a_project_alone(path: Path, tmp_path: Path):
    run("export", path, "--to", "clawgym-jsonl", "-o", tmp_path / "data.jsonl")
    (tmp_path / "README.md").write_text("# Our project\n")
    said = run("card", tmp_path / "data.jsonl", code=2)
    assert (
        "README.md does not carry the mark of this command and stays; name another place with -o"
        in said
    )
    assert "x.md and " in run("card", tmp_path / "data.jsonl", "-o", tmp_path / "x.md")
    assert (tmp_path / "README.md").read_text() == "# Our project\n"
    assert json.loads((tmp_path / "x.json").read_text())["name"] == "data.jsonl"


def test_a_card_stands_beside_the_tasks_and_disturbs_nobody(path: Path):
    run("card", path)
    assert (path / "README.md").read_text().startswith("---\npretty_name: tasks\n")
    assert json.loads((path / "card.json").read_text())["survey"]["tasks"] == 21
    assert json.loads(run("stats", path, "--json", "--no-texts"))["tasks"] == 21


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("split", "--shares", "train"), "no part with its share"),
        (("split", "--shares", "../x=1"), "no part with its share"),
        (("split", "--shares", "a=0.5, a =0.5"), "names the part 'a' twice"),
        (("filter", "--where", "colour=red"), "known features"),
        (("sample", "-n", "99"), "ask for fewer"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error(
    path: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
):
    said = run(arguments[0], path, *arguments[1:], "-o", tmp_path / "out", code=2)
    assert message in said
    assert not (tmp_path / "out").exists()
