"""`clawgym synth author` and `phrase`: killed and begun again, reported, refused."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from clawgym.dataset import Dataset, write_dataset
from tests.synth.authoring.endpoint import Server, serving
from tests.synth.authoring.plays import PLAYS
from tests.synth.authoring.test_rephrasing import task

PLAYED = Path(__file__).with_name("played_author.py")


async def clawgym(
    folder: Path, *arguments: str | Path, wait: bool = True
) -> tuple[asyncio.subprocess.Process, str, str]:
    """The command as its users run it, but with commissions that the endpoint can play."""
    command = [sys.executable, str(PLAYED), "synth", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENAI_API_KEY": ""}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if not wait:
        return process, "", ""
    out, err = await process.communicate()
    return process, out.decode(), err.decode()


def options(server: Server, *more: str) -> Sequence[str]:
    return ("--model", "m", "--base-url", server.url, "--price-in", "2", "--price-out", "8", *more)


async def test_nothing_accepted_is_lost_when_it_is_killed_again_and_again(tmp_path: Path) -> None:
    async with serving(Server(delay=0.05)) as server:
        _, _, err = await clawgym(tmp_path, "author", "-o", "whole", "-n", "2", *options(server))
        assert err == ""
    async with serving(Server(delay=0.05)) as server:
        asked: list[int] = []
        for answers in (2, 5, 9):
            process, _, _ = await clawgym(
                tmp_path, "author", "-o", "cut", "-n", "2", "--cache", "other.sqlite",
                *options(server), wait=False,
            )  # fmt: skip
            while server.counts.answers < answers and process.returncode is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            await process.communicate()
            asked.append(server.counts.answers)
            assert not (tmp_path / "cut").exists()
        process, out, err = await clawgym(
            tmp_path, "author", "-o", "cut", "-n", "2", "--cache", "other.sqlite",
            *options(server), "--json",
        )  # fmt: skip
        assert process.returncode == 0, err
        report = json.loads(out)
    assert Dataset(tmp_path / "cut").digest == Dataset(tmp_path / "whole").digest
    # What was on its way when it was killed is asked again, and nothing else.
    assert server.counts.answers <= 12 + 3 * 4
    assert 0 <= server.counts.answers - report["answers"] <= 3 * 4
    assert report["funnel"] == {"tried": 2, "accepted": 2}


async def test_the_same_command_again_changes_nothing(tmp_path: Path) -> None:
    async with serving(Server()) as server:
        first = await clawgym(tmp_path, "author", "-o", "out", "-n", "2", *options(server))
        asked, digest = server.counts.requests, Dataset(tmp_path / "out").digest
        again = await clawgym(tmp_path, "author", "-o", "out", "-n", "2", *options(server))
        more = await clawgym(tmp_path, "author", "-o", "out", "-n", "3", *options(server))
    assert [first[0].returncode, again[0].returncode, more[0].returncode] == [0, 0, 2]
    assert server.counts.requests == asked + 6
    assert Dataset(tmp_path / "out").digest == digest
    assert "remove it and run the same command again" in more[2]


async def test_the_report_names_losses_and_costs(tmp_path: Path) -> None:
    faults = {f"task/{PLAYS[1].mark}": ["refusal"] * 9}
    async with serving(Server(faults)) as server:
        process, out, err = await clawgym(
            tmp_path, "author", "-o", "out", "-n", "3", "--tries", "3", *options(server)
        )
    assert process.returncode == 1, err
    assert "2 tasks for out; tried 3" in out
    assert "lost 1 at task/form" in out
    assert "an accepted task" in out
    assert len(Dataset(tmp_path / "out")) == 2


async def test_a_budget_ends_it_with_advice(tmp_path: Path) -> None:
    async with serving(Server()) as server:
        process, _, err = await clawgym(
            tmp_path, "author", "-o", "out", "-n", "3", *options(server, "--max-tokens", "9000")
        )
    assert process.returncode == 3
    assert "of 3 tasks are accepted and kept" in err
    assert "the budget of 9000 tokens" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give --model NAME"),
        (("--model", "m"), "needs an API key"),
        (("--model", "m", "--base-url", "http://127.0.0.1:1/v1", "--max-cost", "1"), "prices"),
    ],
)
async def test_what_cannot_be_is_said(arguments: Sequence[str], words: str, tmp_path: Path) -> None:
    process, _, err = await clawgym(tmp_path, "author", "-o", "out", *arguments)
    assert process.returncode == 2
    assert words in err


async def test_other_options_do_not_go_on_with_a_journal(tmp_path: Path) -> None:
    async with serving(Server()) as server:
        await clawgym(tmp_path, "author", "-o", "out", "-n", "1", *options(server))
        process, _, err = await clawgym(
            tmp_path, "author", "-o", "out", "-n", "1", *options(server), "--seed", "9"
        )
    assert process.returncode == 2
    assert "is the journal of another run (seed: '0' there, '9' here)" in err


async def test_phrase_writes_a_dataset(tmp_path: Path) -> None:
    tasks = [task(number) for number in range(3)]
    write_dataset(tmp_path / "plain", tasks, name="plain", generator="test", seed=1)
    async with serving(Server(rewrite="Please note: {}".format)) as server:
        process, out, err = await clawgym(
            tmp_path, "phrase", "plain", "-o", "said", *options(server), "--json"
        )
    assert process.returncode == 0, err
    assert json.loads(out)["funnel"] == {"tried": 3, "accepted": 3}
    said = list(Dataset(tmp_path / "said"))
    assert all(new.instruction.startswith("Please note: ") for new in said)
