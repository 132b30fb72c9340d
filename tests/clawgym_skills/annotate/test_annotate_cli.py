"""`clawgym skills annotate`: from folders and from a catalogue, by rules and by a model."""

import asyncio
import json
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.model import Message, Role
from clawgym.model.endpoint import serve
from clawgym.model.scripted import ScriptedModel
from clawgym_skills.annotate import Reason, annotate, eligible_for_synthesis
from clawgym_skills.annotate.eligibility import Policy, funnel
from clawgym_skills.annotate.record import loads
from clawgym_skills.annotate.storing import from_directories, recorded
from clawgym_skills.catalogue import Catalogue
from tests.clawgym_skills.annotate.test_model_annotator import GOLD, GOOD


@pytest.fixture
def skills(tmp_path: Path) -> Path:
    """Some of the gold set as folders, and one that cannot be read."""
    for entry in GOLD:
        if entry.id in ("csv-linter", "notion-writer", "poster-maker", "bet-bot", "zhoubao"):
            folder = tmp_path / "skills" / entry.id
            folder.mkdir(parents=True)
            (folder / "SKILL.md").write_text(entry.text, encoding="utf-8")
    empty = tmp_path / "skills" / "empty"
    empty.mkdir()
    (empty / "SKILL.md").write_text("", encoding="utf-8")
    return tmp_path / "skills"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["skills", "annotate", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_the_funnel_says_who_is_kept_out_and_why(skills: Path, tmp_path: Path) -> None:
    code, out, _ = run(skills, "--json", "--out", tmp_path / "records.jsonl")
    assert code == 0
    found = json.loads(out)
    assert (found["found"], found["eligible"]) == (6, 1)
    assert found["kept_out"] == {
        "credentials": 2,
        "media": 1,
        "risk": 1,
        "language": 1,
        "refused": 1,
    }
    assert sum(found["kept_out_first"].values()) == 5
    assert len(loads((tmp_path / "records.jsonl").read_text("utf-8"))) == 5


def test_the_same_skills_give_the_same_bytes(skills: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for path in paths:
        assert run(skills, "--out", path)[0] == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_catalogue_keeps_the_records_and_finds_their_categories(
    skills: Path, tmp_path: Path
) -> None:
    path = tmp_path / "catalogue.sqlite"
    with Catalogue(path) as catalogue:
        catalogue.index([skills])
    assert run("--catalog", path)[0] == 0
    with Catalogue(path) as catalogue:
        digest = catalogue.get("csv-linter").digest
        record = recorded(catalogue, digest, "rules")
        assert record
        assert record.skill_id == "csv_linter"
        assert catalogue.categories(digest)["rules"]


def test_eligibility_names_its_reasons_and_follows_the_policy(skills: Path) -> None:
    by_name = {entry.skill.name: entry.skill for entry in from_directories([skills]).entries}
    assert eligible_for_synthesis(by_name["csv-linter"]).ok
    assert set(eligible_for_synthesis(by_name["bet-bot"]).reasons) == {
        Reason.CREDENTIALS,
        Reason.RISK,
    }
    chinese = Policy(languages=frozenset({"chinese"}))
    assert eligible_for_synthesis(by_name["zhoubao"], policy=chinese).ok
    records = [annotate(skill, name.replace("-", "_")) for name, skill in by_name.items()]
    assert funnel(records).eligible == 1


@pytest.fixture
def endpoint() -> Generator[str]:
    """A loopback endpoint in a thread of its own: the command runs its own event loop."""
    ready, done = threading.Event(), threading.Event()
    urls: list[str] = []

    async def main() -> None:
        model = ScriptedModel(lambda _: Message(Role.ASSISTANT, GOOD))
        async with serve(model) as served:
            urls.append(served.base_url)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    ready.wait(10)
    yield urls[0]
    done.set()
    thread.join(10)


def test_a_model_is_compared_with_the_rules(skills: Path, tmp_path: Path, endpoint: str) -> None:
    asked = ("--model", "m", "--base-url", endpoint, "--cache", tmp_path / "cache.sqlite")
    code, out, _ = run(skills, *asked, "--compare", "--json")
    assert code == 0
    found = json.loads(out)
    fields = {row["field"]: row for row in found["agreement"]["fields"]}
    assert fields["auth_required"]["pairs"] == 5
    assert fields["auth_required"]["disagree"] == ["bet_bot", "notion_writer"]


def test_a_run_over_its_budget_says_how_to_go_on(
    skills: Path, tmp_path: Path, endpoint: str
) -> None:
    asked = ("--model", "m", "--base-url", endpoint, "--cache", tmp_path / "cache.sqlite")
    code, _, err = run(skills, *asked, "--max-calls", "2", "--concurrency", "1")
    assert code == 3
    assert "3 skills are not annotated: run the same command again" in err
    assert run(skills, *asked, "--max-calls", "3")[0] == 0


def test_comparing_needs_a_model(skills: Path) -> None:
    code, _, err = run(skills, "--compare")
    assert code == 2
    assert "--model" in err
