"""One command of a container's box: from what was asked for to the order, from answer to result."""

import json
import os
from collections.abc import Mapping, Sequence
from typing import TypedDict

from clawgym.sandbox.docker.commands import Order
from clawgym.sandbox.protocol import ExecResult, Limits

_WORDS = 6 * 1024**2
"""No Linux passes on more bytes of arguments and environment than this."""


class _Answer(TypedDict):
    code: int
    stdout: int
    totals: tuple[int, int]
    timed_out: bool
    oom_killed: bool
    seconds: float


class _Refusal(TypedDict):
    refused: str
    code: int


def make_order(
    argv: Sequence[str],
    cwd: str,
    environment: Mapping[str, str],
    limits: Limits,
    timeout: float | None,
) -> Order:
    """What to tell process 1.

    Raises:
        ValueError: no system can pass these words on.
    """
    size = 0
    for word in (*argv, cwd, *environment.values()):
        encoded = os.fsencode(word)
        size += len(encoded)
        if b"\0" in encoded:
            raise ValueError("embedded null byte")
    if size > _WORDS:
        raise ValueError("argument list too long; write it to a file first")
    return Order(
        argv=list(argv),
        cwd=cwd,
        env=dict(environment),
        timeout=limits.wall_seconds if timeout is None else timeout,
        output_bytes=limits.output_bytes,
        cpu_seconds=limits.cpu_seconds,
        file_bytes=limits.file_bytes,
        open_files=limits.open_files,
    )


def check_input(stdin: bytes | None, limits: Limits) -> None:
    """Make sure that a standard input fits into the box's memory, where it is kept.

    Raises:
        ValueError: it does not.
    """
    if stdin is not None and len(stdin) > limits.memory_bytes // 2:
        raise ValueError(f"{len(stdin)} bytes of standard input do not fit in the box's memory")


def result(answer: bytes, output: bytes) -> ExecResult:
    """What process 1 answered, `output` being stdout followed by stderr."""
    content: _Answer | _Refusal = json.loads(answer)
    if "refused" in content:
        return refused(content["refused"], content["code"])
    return ExecResult(
        exit_code=None if content["timed_out"] else content["code"],
        stdout=output[: content["stdout"]],
        stderr=output[content["stdout"] :],
        stdout_bytes=content["totals"][0],
        stderr_bytes=content["totals"][1],
        timed_out=content["timed_out"],
        seconds=content["seconds"],
        oom_killed=content["oom_killed"],
    )


def refused(message: str, code: int) -> ExecResult:
    """The result of a command that was never started, for a reason of its own."""
    stderr = f"box: {message}\n".encode(errors="backslashreplace")
    return ExecResult(code, b"", stderr, 0, len(stderr), timed_out=False, seconds=0.0)
