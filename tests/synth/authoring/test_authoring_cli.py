"""`clawgym synth author` and `phrase`: killed and begun again, reported, refused."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from clawgym.cli import app
from clawgym.dataset import Dataset, write_dataset
from synth.authoring import commissioning
from tests.synth.authoring.endpoint import Server, serving
from tests.synth.authoring.plays import PLAYS, commission
from tests.synth.authoring.test_rephrasing import task

Command = Callable[..., Awaitable[Result]]

PLAYED = Path(__file__).with_name("played_author.py")


async def started(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """The command as a process of its own, to be killed."""
    command = [sys.executable, str(PLAYED), "synth", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENAI_API_KEY": ""}
    return await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture
def clawgym(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, but with commissions that the endpoint can play; it runs beside the endpoint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setattr(commissioning, "persona_commissions", lambda seed: commission)
    monkeypatch.setattr(commissioning, "personas", lambda seed: lambda index: f"Person {index}")

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["synth", *arguments])

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(invoke, *arguments)

    return run


def options(server: Server, *more: str) -> Sequence[str]:
    return ("--model", "m", "--base-url", server.url, "--price-in", "2", "--price-out", "8", *more)


async def test_nothing_accepted_is_lost_when_it_is_killed_again_and_again(
    tmp_path: Path, clawgym: Command
) -> None:
    async with serving(Server(delay=0.05)) as server:
        whole = await clawgym("author", "-o", "whole", "-n", "2", *options(server))
        assert whole.stderr == ""
    cut = ("author", "-o", "cut", "-n", "2", "--cache", "other.sqlite")
    async with serving(Server(delay=0.05)) as server:
        for answers in (3, 8):
            process = await started(tmp_path, *cut, *options(server))
            while server.counts.answers < answers and process.returncode is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            await process.communicate()
            assert not (tmp_path / "cut").exists()
        last = await clawgym(*cut, *options(server), "--json")
        assert last.exit_code == 0, last.stderr
        report = json.loads(last.stdout)
    assert Dataset(tmp_path / "cut").digest == Dataset(tmp_path / "whole").digest
    # What was on its way when it was killed is asked again, and nothing else.
    assert server.counts.answers <= 12 + 2 * 4
    assert 0 <= server.counts.answers - report["answers"] <= 2 * 4
    assert report["funnel"] == {"tried": 2, "accepted": 2}


async def test_the_same_command_again_changes_nothing(tmp_path: Path, clawgym: Command) -> None:
    async with serving(Server()) as server:
        first = await clawgym("author", "-o", "out", "-n", "1", *options(server))
        asked, digest = server.counts.requests, Dataset(tmp_path / "out").digest
        again = await clawgym("author", "-o", "out", "-n", "1", *options(server))
        more = await clawgym("author", "-o", "out", "-n", "2", *options(server))
    assert [first.exit_code, again.exit_code, more.exit_code] == [0, 0, 2]
    assert server.counts.requests == asked + 6
    assert Dataset(tmp_path / "out").digest == digest
    assert "remove it and run the same command again" in more.stderr


async def test_the_report_names_losses_and_costs(tmp_path: Path, clawgym: Command) -> None:
    faults = {f"task/{PLAYS[1].mark}": ["refusal"] * 9}
    async with serving(Server(faults)) as server:
        result = await clawgym("author", "-o", "out", "-n", "2", "--tries", "2", *options(server))
    assert result.exit_code == 1, result.stderr
    assert "1 task for out; tried 2" in result.stdout
    assert "lost 1 at task/form" in result.stdout
    assert "an accepted task" in result.stdout
    assert len(Dataset(tmp_path / "out")) == 1


async def test_a_budget_ends_it_with_advice(tmp_path: Path, clawgym: Command) -> None:
    async with serving(Server()) as server:
        result = await clawgym(
            "author", "-o", "out", "-n", "3", *options(server, "--max-tokens", "9000")
        )
    assert result.exit_code == 3
    assert "of 3 tasks are accepted and kept" in result.stderr
    assert "the budget of 9000 tokens" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give --model NAME"),
        (("--model", "m"), "needs an API key"),
        (("--model", "m", "--base-url", "http://127.0.0.1:1/v1", "--max-cost", "1"), "prices"),
    ],
)
async def test_what_cannot_be_is_said(
    arguments: Sequence[str], words: str, clawgym: Command
) -> None:
    result = await clawgym("author", "-o", "out", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


async def test_other_options_do_not_go_on_with_a_journal(clawgym: Command) -> None:
    async with serving(Server()) as server:
        # A run without money asks nothing, but its journal is begun.
        begun = await clawgym(
            "author", "-o", "out", "-n", "1", *options(server, "--max-tokens", "0")
        )
        result = await clawgym("author", "-o", "out", "-n", "1", *options(server), "--seed", "9")
    assert [begun.exit_code, result.exit_code] == [3, 2]
    assert "is the journal of another run (seed: '0' there, '9' here)" in result.stderr


async def test_phrase_writes_a_dataset(tmp_path: Path, clawgym: Command) -> None:
    tasks = [task(number) for number in range(3)]
    write_dataset(tmp_path / "plain", tasks, name="plain", generator="test", seed=1)
    async with serving(Server(rewrite="Please note: {}".format)) as server:
        result = await clawgym("phrase", "plain", "-o", "said", *options(server), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["funnel"] == {"tried": 3, "accepted": 3}
    said = list(Dataset(tmp_path / "said"))
    assert all(new.instruction.startswith("Please note: ") for new in said)
