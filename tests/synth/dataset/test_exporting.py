import json
from pathlib import Path

import pytest
import yaml

from clawgym.dataset import Dataset
from clawgym.errors import TaskFormatError, UsageError
from clawgym.files import Files
from synth.dataset.card import DatasetCard, card_of, read_cards, render, write_card
from synth.dataset.exporting import export, export_hub, losses_by_code
from synth.dataset.provenance import source_of
from synth.dataset.reading import open_tasks, parts_of, read_profiles
from synth.dataset.survey import survey
from tests.synth.dataset.examples import make_profile, make_task, sentence, write
from verify.attempts import Due, Family, Outcome
from verify.cards import Card

pytest.importorskip("pyarrow", reason="needs the extra parquet")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    tasks = [
        make_task("a", sentence(1), difficulty=2, scenario="office/mail", labels={"form": "new"}),
        make_task("b", sentence(2), rubric=True, workspace="x,y\nü,1\n"),
        make_task("c", sentence(3), operations=()),
    ]
    return write(tmp_path / "tasks", tasks)


@pytest.mark.parametrize("to", ["clawgym-jsonl", "clawgym-parquet", "clawgym-rl", "harbor"])
def test_a_suite_of_every_format_is_read_again(tmp_path: Path, dataset: Path, to: str):
    name = {"clawgym-jsonl": "out.jsonl", "clawgym-parquet": "out.parquet"}.get(to, "out")
    done = export(open_tasks(dataset), tmp_path / name, to)
    again = read_profiles(open_tasks(tmp_path / name))
    assert done.written == 3
    assert [task.id for task in again.tasks] == ["a", "b", "c"]
    assert [task.instruction for task in again.tasks] == [sentence(n) for n in (1, 2, 3)]


def test_what_a_format_has_no_room_for_is_counted(tmp_path: Path, dataset: Path):
    done = export(open_tasks(dataset), tmp_path / "out.parquet", "clawgym-parquet")
    assert losses_by_code(done.losses) == {"foreign-verifier": 3, "graph": 2, "solution": 3}


def test_parquet_and_json_lines_hold_the_same_records(tmp_path: Path, dataset: Path):
    from pyarrow import parquet

    export(open_tasks(dataset), tmp_path / "out.jsonl", "clawgym-jsonl")
    export(open_tasks(dataset), tmp_path / "out.parquet", "clawgym-parquet")
    lines = [json.loads(line) for line in tmp_path.joinpath("out.jsonl").open()]
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    for row in rows:
        row["rules"], row["metadata"] = json.loads(row["rules"]), json.loads(row["metadata"])
    assert rows == lines


@pytest.mark.parametrize("to", ["clawgym-jsonl", "clawgym-parquet"])
def test_a_file_that_would_not_be_recognised_again_is_refused(
    tmp_path: Path, dataset: Path, to: str
):
    with pytest.raises(UsageError, match=rf"call it .*out\.{to.removeprefix('clawgym-')}$"):
        export(open_tasks(dataset), tmp_path / "out", to)
    assert not (tmp_path / "out").exists()


def test_an_unknown_format_is_refused(tmp_path: Path, dataset: Path):
    with pytest.raises(UsageError, match="choose one of"):
        export(open_tasks(dataset), tmp_path / "out", "webdataset")


def test_a_hub_folder_gives_every_task_back_as_it_was(tmp_path: Path, dataset: Path):
    export_hub({"train": open_tasks(dataset)}, tmp_path / "hub")
    suite, own = open_tasks(tmp_path / "hub"), Dataset(dataset)
    assert suite.task_ids == own.task_ids
    assert [suite.load(task_id) for task_id in "cab"] == [own.load(task_id) for task_id in "cab"]


def test_load_dataset_opens_a_hub_folder_offline(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="needs the extra train")
    other = write(tmp_path / "other", [make_task("d", sentence(4))])
    suites = {"train": open_tasks(dataset), "val": open_tasks(other)}
    export_hub(suites, tmp_path / "hub")
    loaded = datasets.load_dataset(str(tmp_path / "hub"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in loaded.items()} == {"train": 3, "validation": 1}
    row = loaded["train"][0]
    assert (row["task_id"], row["difficulty"], row["subcategory"]) == ("a", 2, "office/mail")
    files = {one["path"]: one["data"] for one in row["files"]}
    assert files["instruction.md"].decode() == row["prompt"] == sentence(1)


def test_an_id_in_two_splits_is_refused(tmp_path: Path, dataset: Path):
    suites = {"train": open_tasks(dataset), "test": open_tasks(dataset)}
    with pytest.raises(UsageError, match="'a' stands in two splits"):
        export_hub(suites, tmp_path / "hub")
    assert not (tmp_path / "hub").exists()


def test_a_row_that_was_edited_is_refused(tmp_path: Path, dataset: Path):
    import pyarrow as pa
    from pyarrow import parquet

    export_hub({"train": open_tasks(dataset)}, tmp_path / "hub")
    path = tmp_path / "hub" / "data" / "train.parquet"
    rows = parquet.read_table(path).to_pylist()
    rows[0]["files"][0]["data"] = b"FROM elsewhere"
    parquet.write_table(pa.Table.from_pylist(rows), path)
    with pytest.raises(TaskFormatError, match="edited"):
        open_tasks(tmp_path / "hub").load("a")


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path):
    Files({"README.md": "#\n", "data/train.parquet": "no"}).write_to(tmp_path / "hub")
    with pytest.raises(TaskFormatError, match="no file of tasks"):
        open_tasks(tmp_path / "hub")


def test_the_parts_of_a_split_become_splits(tmp_path: Path, dataset: Path):
    parts = tmp_path / "parts"
    write(parts / "train", [make_task("x")])
    write(parts / "test", [make_task("y")])
    assert list(parts_of(parts)) == ["test", "train"]
    assert parts_of(dataset) == {}


def card(*cards: Card, **options: object) -> DatasetCard:
    tasks = [make_profile(name, sentence(at), **options) for at, name in enumerate("abc")]
    return card_of(survey(tasks, name="mine", digest="d" * 64), [], cards=cards)


def outcome(family: Family, due: Due, score: float, wrong: bool) -> Outcome:
    return Outcome(
        family=family, name=f"{family}:{due}", due=due, score=score, wrong=wrong, seconds=0.1
    )


def test_a_card_states_the_rates_of_error_of_its_verifiers():
    held = card(
        Card(
            task_id="a",
            digest="0",
            outcomes=(
                outcome(Family.ORACLE, Due.EVERYTHING, 1.0, False),
                outcome(Family.NOOP, Due.NOTHING, 0.5, True),
                outcome(Family.LAZY, Due.NOTHING, 0.0, False),
            ),
        )
    )
    assert held.examined is not None
    assert (held.examined.false_accept.wrong, held.examined.false_accept.graded) == (1, 2)
    assert (held.examined.false_reject.wrong, held.examined.false_reject.graded) == (0, 1)
    assert "Only 1 of 3 verifiers were examined." in held.limits
    assert "| bad work accepted | 1 | 2 |" in render(held)


def test_a_card_says_what_it_cannot_say():
    held = card(kind="import", operations=())
    assert held.license == "other"
    assert any("no verifier cards" in limit for limit in held.limits)
    assert any("imported" in limit for limit in held.limits)
    assert any("task graph" in limit for limit in held.limits)
    assert any("Operations: 26 of 26" in limit for limit in held.limits)


def test_the_front_matter_of_a_card_is_yaml(dataset: Path):
    suite = open_tasks(dataset)
    measured = survey(read_profiles(suite).tasks, name="mine")
    text = render(card_of(measured, [source_of(suite)], splits={"train": 3}))
    front = yaml.safe_load(text.split("---")[1])
    assert (front["license"], front["size_categories"]) == ("apache-2.0", ["n<1K"])
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "data/train.parquet"}]
    assert "| leak | 2 |" in text
    assert "generator `by-hand`, seed 7" in text


def test_a_card_replaces_only_what_was_written_by_us(tmp_path: Path):
    for _ in range(2):
        write_card(card(), tmp_path / "README.md")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["README.md", "card.json"]


@pytest.mark.parametrize(
    ("taken", "name"),
    [("README.md", "README.md"), ("card.json", "README.md"), ("x.json", "x.md"), ("x.md", "x.md")],
)
def test_what_others_wrote_stays(tmp_path: Path, taken: str, name: str):
    (tmp_path / taken).write_text('{"mine": 1}\n')
    with pytest.raises(UsageError, match=rf"{taken} does not carry the mark of this command .* -o"):
        write_card(card(), tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == '{"mine": 1}\n'


def test_a_card_that_someone_made_their_own_stays(tmp_path: Path):
    path = tmp_path / "README.md"
    write_card(card(), path)
    path.write_text(path.read_text().rpartition("<!--")[0])
    with pytest.raises(UsageError, match="does not carry the mark of this command"):
        write_card(card(), path)


def test_a_card_is_no_json(tmp_path: Path):
    with pytest.raises(UsageError, match=r"name .*x\.md"):
        write_card(card(), tmp_path / "x.json")


def test_a_folder_without_cards_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="no verifier cards"):
        read_cards(tmp_path)
