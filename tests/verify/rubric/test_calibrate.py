"""`clawgym verify calibrate`: a gold set in, agreement out, and an exit code."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio.from_thread
import pytest
import typer
from typer.testing import CliRunner, Result

from clawgym.errors import UsageError
from clawgym.model import Message, Role
from clawgym.model.endpoint import serve
from clawgym.model.scripted import ScriptedModel
from tests.verify.rubric.works import RUBRIC, answer, judged_task
from verify.rubric.cli import calibrate
from verify.rubric.gold import load_gold

app = typer.Typer()
app.command()(calibrate)


def honest(messages: Sequence[Message]) -> Message:
    """The band that the essay itself carries, for both criteria; a swapped order changes depth."""
    prompt = messages[-1].content
    band = next(b for b in (0, 0.25, 0.5, 0.75, 1) if f"| worth {b}\n" in prompt)
    swayed = prompt.index("## depth") < prompt.index("## clarity")
    return Message(Role.ASSISTANT, answer({"clarity": band, "depth": 0.5 if swayed else band}))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A judge on loopback, served by a loop of its own: the command starts another."""
    with (
        anyio.from_thread.start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(serve(ScriptedModel(honest))) as served,
    ):
        yield served.base_url


def gold_set(root: Path, bands: Sequence[float], rated: Sequence[float] | None = None) -> Path:
    judged_task().dump(root / "task")
    lines: list[str] = []
    for number, (band, rating) in enumerate(zip(bands, rated or bands, strict=True)):
        work = root / f"work{number}"
        work.mkdir()
        (work / "essay.md").write_text(f"worth {band}\n")
        ratings = {"ann": {"clarity": rating, "depth": rating}, "ben": {"clarity": rating}}
        line = {"id": f"w{number}", "task": "task", "deliverable": work.name, "ratings": ratings}
        lines.append(json.dumps(line))
    path = root / "gold.jsonl"
    path.write_text("\n".join(lines) + "\n\n")
    return path


def run(endpoint: str, gold: Path, *options: str) -> Result:
    env = {"CLAWGYM_JUDGE_CACHE": str(gold.parent / "judge.sqlite"), "COLUMNS": "100"}
    arguments = [str(gold), "--judge-model", "m", "--judge-base-url", endpoint, *options]
    return CliRunner().invoke(app, arguments, env=env)


def test_a_judge_that_agrees_passes(endpoint: str, tmp_path: Path) -> None:
    gold = gold_set(tmp_path, [0, 0.25, 0.5, 0.75, 1])
    result = run(endpoint, gold, "--judge-votes", "1", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["overall"]["alpha"] == 1.0
    assert [row["name"] for row in found["criteria"]] == ["clarity", "depth"]
    assert found["criteria"][0]["among_people"] == 1.0
    assert found["confusion"] == [[2 * (i == j) for j in range(5)] for i in range(5)]
    assert (found["coverage"], found["passed"]) == (1.0, True)


def test_a_judge_that_disagrees_is_a_finding(endpoint: str, tmp_path: Path) -> None:
    gold = gold_set(tmp_path, [0, 0.25, 0.5, 0.75, 1], [1, 0.75, 0.5, 0.25, 0])
    result = run(endpoint, gold, "--judge-votes", "1")
    assert result.exit_code == 1
    assert "alpha is -" in result.stderr
    assert "gold \\ judge" in result.stdout


def test_votes_and_order_are_compared(endpoint: str, tmp_path: Path) -> None:
    gold = gold_set(tmp_path, [0, 1])
    result = run(endpoint, gold, "--judge-votes", "2", "--swap", "--json", "--min-alpha", "0")
    found = json.loads(result.stdout)
    # Two votes on clarity agree, those on depth do not: the second one sees it first.
    assert found["self_consistency"] == 0.5
    assert found["swap_flips"] == 0.0
    single = json.loads(run(endpoint, gold, "--judge-votes", "1", "--swap", "--json").stdout)
    assert single["swap_flips"] == 0.5
    assert single["self_consistency"] is None


def test_gold_without_variation_proves_nothing(endpoint: str, tmp_path: Path) -> None:
    result = run(endpoint, gold_set(tmp_path, [1, 1]), "--judge-votes", "1")
    assert result.exit_code == 1
    assert "no variation" in result.stderr


def test_work_that_could_not_be_judged_is_said_and_is_no_pass(tmp_path: Path) -> None:
    gold = gold_set(tmp_path, [0, 1])
    result = run("http://127.0.0.1:9/v1", gold, "--judge-votes", "1", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["coverage"] == 0.0
    assert "not judged: w0" in result.stderr


def test_without_a_judge_there_is_nothing_to_calibrate(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(gold_set(tmp_path, [0, 1]))])
    assert isinstance(result.exception, UsageError)


def test_gold_may_bring_its_own_instruction_and_rubric(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.md").write_text("x")
    (tmp_path / "rubric.toml").write_text(RUBRIC.dumps())
    line = {"id": "a", "instruction": "Write.", "deliverable": "work"}
    ratings = {"ann": {"clarity": 1, "depth": 0.25}, "ben": {"clarity": 0.5}}
    path = tmp_path / "gold.jsonl"
    for rubric in ("rubric.toml", RUBRIC.model_dump(mode="json")):
        path.write_text(json.dumps({**line, "rubric": rubric, "ratings": ratings}))
        [item] = load_gold(path)
        assert item.rubric == RUBRIC
        assert (item.consensus("clarity"), item.consensus("depth")) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"task": None}, "either `task` or `instruction`"),
        ({"initial": "work0"}, "leave `initial` out"),
        ({"ratings": {"ann": {"clarity": 0.3}}}, "none of the bands"),
        ({"ratings": {"ann": {"style": 1}}}, "no criterion style"),
        ({"ratings": {}}, "ratings"),
        ({"deliverable": "nowhere"}, "is no directory"),
        ({"task": "nowhere"}, "task.toml is missing|cannot be read|is missing"),
        ({"rubric": "nowhere.toml"}, "cannot be read"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(tmp_path: Path, change, problem: str) -> None:
    path = gold_set(tmp_path, [0])
    line = {**json.loads(path.read_text()), **change}
    path.write_text("\n" + json.dumps({k: v for k, v in line.items() if v is not None}))
    with pytest.raises(UsageError, match=problem) as refusal:
        load_gold(path)
    assert "gold.jsonl:2: " in str(refusal.value)
