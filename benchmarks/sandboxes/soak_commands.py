"""What the soak runs in its boxes, and what must come of it if nobody interferes."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from clawgym.sandbox import ExecResult

_BIG = bytes(range(256)) * 4096


@dataclass(frozen=True)
class Task:
    """One command. `violent` means that it may harm others in its box, rightly so."""

    kind: str
    argv: list[str]
    right: Callable[[ExecResult], bool]
    stdin: bytes | None = None
    timeout: float = 30.0
    violent: bool = False


def random_task(dice: random.Random, marker: str) -> Task:
    """Any of them; `marker` is a number of seconds that shows in the processes that stay."""
    return dice.choices(_TASKS, weights=_WEIGHTS)[0](dice, marker)


def _true(_: random.Random, __: str) -> Task:
    return Task("true", ["true"], lambda result: result.exit_code == 0)


def _python(dice: random.Random, _: str) -> Task:
    number = dice.randrange(1000)
    program = f"import sys; print({number} + 1); sys.exit({number % 100})"
    return Task(
        "python",
        ["python3", "-I", "-S", "-c", program],
        lambda result: (result.exit_code, result.stdout) == (number % 100, b"%d\n" % (number + 1)),
    )


def _flood(dice: random.Random, _: str) -> Task:
    size = dice.choice([70_000, 400_000, 3_000_000])
    return Task(
        "flood",
        ["sh", "-c", f"head -c {size} /dev/zero; echo end >&2"],
        lambda result: (
            (result.exit_code, result.stdout_bytes, result.stderr) == (0, size, b"end\n")
        ),
    )


def _daemon(dice: random.Random, marker: str) -> Task:
    quiet = dice.choice([">/dev/null 2>&1", ""])  # a loud one holds the pipes of its command open
    script = f"(setsid sleep {marker} {quiet} &) ; exit 3"
    return Task("daemon", ["sh", "-c", script], lambda result: result.exit_code == 3)


def _timeout(dice: random.Random, marker: str) -> Task:
    script = f"trap '' TERM HUP INT; (setsid sleep {marker} &); sleep {marker}"
    return Task(
        "timeout",
        ["sh", "-c", script],
        lambda result: result.timed_out and result.exit_code is None,
        timeout=dice.uniform(0.0, 0.1),
        violent=True,
    )


def _burst(_: random.Random, __: str) -> Task:
    script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do true & done; wait; exit 7"
    return Task("burst", ["sh", "-c", script], lambda result: result.exit_code == 7)


def _bomb(_: random.Random, __: str) -> Task:
    program = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
    return Task(
        "bomb",
        ["python3", "-I", "-S", "-c", program],
        lambda result: result.timed_out,
        timeout=0.1,
        violent=True,
    )


def _files(_: random.Random, __: str) -> Task:
    script = (
        "mkdir -p d/$$; for i in $(seq 50); do echo $i > d/$$/$i; done; "
        "ln -sf /etc/passwd d/$$/link; mkfifo d/$$/fifo; ls d/$$ | wc -l; rm -r d/$$"
    )
    return Task("files", ["sh", "-c", script], lambda result: result.stdout == b"52\n")


def _stdin(_: random.Random, __: str) -> Task:
    return Task("stdin", ["wc", "-c"], lambda result: result.stdout == b"1048576\n", stdin=_BIG)


def _missing(_: random.Random, __: str) -> Task:
    return Task("missing", ["no-such-program"], lambda result: result.exit_code == 127)


_TASKS = [_true, _python, _flood, _daemon, _timeout, _burst, _bomb, _files, _stdin, _missing]
_WEIGHTS = [30, 20, 5, 8, 5, 6, 1, 8, 5, 5]
