"""`clawgym` from the outside: light, complete, and plain about what went wrong."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from clawgym import __version__
from clawgym.cli import app

ROOMS = [
    "demo",
    "skills",
    "mcp",
    "agent",
    "synth",
    "dataset",
    "task",
    "verify",
    "rollout",
    "train",
    "bench",
    "sandbox",
    "config",
]
HEAVY = {"docker", "jinja2", "langgraph", "mcp", "openai", "pydantic", "ray", "rich", "torch"}
HEAVY |= {"datasets", "langchain_core", "sqlite_utils", "transformers", "trl"}
OTHER_ROOMS = {"bench", "clawgym_skills", "graph_agents", "mcp_servers", "synth", "train", "verify"}


def clawgym(
    *arguments: str, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "clawgym", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **env},
        timeout=60,
        check=False,
    )


def cpu_seconds(*arguments: str) -> float:
    """Processor time of a fresh interpreter, start included; the best of three."""
    return min(_cpu_seconds_once(arguments) for _ in range(3))


def _cpu_seconds_once(arguments: tuple[str, ...]) -> float:
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    argv = [sys.executable, *arguments]
    pid = os.posix_spawn(sys.executable, argv, os.environ, file_actions=silent)
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_utime + usage.ru_stime


def test_importing_the_package_costs_nothing() -> None:
    assert cpu_seconds("-c", "import clawgym") <= 0.15


def test_help_is_cheap() -> None:
    assert cpu_seconds("-m", "clawgym", "--help") <= 0.4


def test_help_imports_neither_another_room_nor_anything_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "clawgym", "--help"]
    timings = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    imported = {line.rpartition("|")[2].strip().split(".")[0] for line in timings.splitlines()}
    assert "typer" in imported
    assert imported.isdisjoint(HEAVY | OTHER_ROOMS)


def test_help_lists_every_room_in_order_with_a_summary() -> None:
    result = clawgym("--help")
    assert result.returncode == 0
    listed = re.findall(r"^  (\w+) +\S.*\.$", result.stdout.partition("Commands:")[2], re.MULTILINE)
    assert listed == ROOMS


def test_version() -> None:
    result = clawgym("--version")
    assert (result.returncode, result.stdout) == (0, f"clawgym {__version__}\n")


@pytest.mark.parametrize("arguments", [[], ["--nonsense"], ["nonsense"], ["config", "nonsense"]])
def test_what_is_no_command_is_a_usage_error(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_an_unknown_command_is_named() -> None:
    result = clawgym("nonsense")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "No such command 'nonsense'" in result.stderr


def test_a_mistake_of_the_user_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    result = clawgym("config", "show", cwd=tmp_path, CLAWGYM_JOBS="many")
    assert result.returncode == 2
    assert result.stdout == ""
    assert re.fullmatch(r"error: invalid settings: jobs \(environment .*\n", result.stderr)


def test_a_machine_that_lacks_something_is_one_line_and_exit_code_3(tmp_path: Path) -> None:
    result = clawgym("sandbox", "run", "--sandbox", "bwrap", "--", "true", PATH=str(tmp_path))
    assert result.returncode == 3
    assert re.fullmatch(r"error: .*bwrap.* is not installed; install it .*\n", result.stderr)


def test_ctrl_c_exits_130_with_a_hint_and_no_traceback(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clawgym.toml")
    command = [sys.executable, "-m", "clawgym", "config", "show"]
    with (
        subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        # Opening returns as soon as the command waits for its settings at the other end.
        open(tmp_path / "clawgym.toml", "wb"),
    ):
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output == ""
    assert (
        errors.strip()
        == "interrupted: a run keeps what was finished, and the same command goes on with it"
    )


def commands() -> Iterator[tuple[list[str], typer.core.TyperCommand | typer.core.TyperGroup]]:
    """Every room and every command below it, with the words that call it."""
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    for room in ROOMS:
        _, command, _ = root.resolve_command(typer.Context(root), [room])
        yield from _with_members([room], command)


def _with_members(
    words: list[str], command: object
) -> Iterator[tuple[list[str], typer.core.TyperCommand | typer.core.TyperGroup]]:
    assert isinstance(command, typer.core.TyperCommand | typer.core.TyperGroup)
    yield words, command
    for name, member in getattr(command, "commands", {}).items():
        yield from _with_members([*words, name], member)


COMMANDS = {" ".join(words): command for words, command in commands()}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_explains_itself(words: str) -> None:
    result = CliRunner().invoke(app, [*words.split(), "--help"], prog_name="clawgym")
    assert result.exit_code == 0
    assert f"Usage: clawgym {words} " in re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_option_is_documented(words: str) -> None:
    command = COMMANDS[words]
    assert command.help
    undocumented = [
        parameter.name for parameter in command.params if not getattr(parameter, "help", None)
    ]
    assert undocumented == []


def test_a_mistyped_command_is_answered_with_the_nearest() -> None:
    done = clawgym("rolout", "tasks")
    assert done.returncode == 2
    assert "Did you mean 'rollout'?" in done.stderr


def test_a_full_disk_is_one_line_and_not_the_users_mistake() -> None:
    command = [sys.executable, "-m", "clawgym", "config", "show"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("error: cannot write: No space left on device; make room")
    assert done.stderr.count("\n") == 1
