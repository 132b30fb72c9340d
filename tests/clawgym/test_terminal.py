"""What people see of long work, and what they can type next."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawgym.terminal import command_line, counted, progress_bar


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    for variable in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
        monkeypatch.delenv(variable, raising=False)


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, total: int, done: int, steps: int) -> str:
    """What a person sees of `steps` steps."""
    ours, theirs = os.openpty()
    with open(theirs, "w", encoding="utf-8") as terminal, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", terminal)
        with progress_bar("proving", total, done=done) as advance:
            for _ in range(steps):
                advance()
    with open(ours, "rb", buffering=0) as screen:
        return b"".join(_until_hung_up(screen)).decode()


def _until_hung_up(screen: io.RawIOBase) -> Iterator[bytes]:
    """What is left on a terminal that nobody writes to any more: Linux ends it with an error."""
    with contextlib.suppress(OSError):
        while piece := screen.read(4096):
            yield piece


def test_a_person_sees_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = on_a_terminal(monkeypatch, total=3, done=0, steps=2)
    assert "proving" in seen
    assert "2/3" in seen


def test_an_interrupted_run_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "6/8" in on_a_terminal(monkeypatch, total=8, done=5, steps=1)


@pytest.mark.parametrize("forced", ["", "1"])
def test_a_pipe_gets_nothing(monkeypatch: pytest.MonkeyPatch, forced: str) -> None:
    monkeypatch.setenv("FORCE_COLOR", forced)
    piped = io.StringIO()
    monkeypatch.setattr(sys, "stderr", piped)
    with progress_bar("proving", 3) as advance:
        advance()
    assert piped.getvalue() == ""


def test_standard_output_stays_clean(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("proving", 1) as advance:
        advance()
    assert capsys.readouterr().out == ""


def test_one_is_no_plural() -> None:
    assert [counted(number, "task") for number in (0, 1, 2000)] == [
        "0 tasks",
        "1 task",
        "2,000 tasks",
    ]


def test_a_command_can_be_pasted_into_a_shell() -> None:
    assert command_line("verify", Path("my tasks")) == "clawgym verify 'my tasks'"


def test_a_command_names_the_program_where_the_shell_would_not_find_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/clawgym", "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command_line("config", "show") == ".venv/bin/clawgym config show"
    (tmp_path / "clawgym").touch(mode=0o755)
    assert command_line("config", "show") == "clawgym config show"
