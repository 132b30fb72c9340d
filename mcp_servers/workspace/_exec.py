"""`exec`: run a shell command in the sandbox."""

import posixpath

from pydantic import Field

from clawgym.sandbox.protocol import WORKSPACE, ExecResult, Sandbox
from mcp_servers.toolkit import Arguments, Tool
from mcp_servers.workspace._places import in_workspace

_EXITED = "(Command exited with code {})"
SUCCEEDED = _EXITED.format(0)
"""How the report of a command ends that did what it was asked."""


class ExecArguments(Arguments):
    """What to run, where, and for how long."""

    command: str = Field(min_length=1, description="A command for /bin/sh.")
    workdir: str = Field("", description="Directory to run in; default: the workspace.")
    timeout_seconds: float = Field(
        0, ge=0, alias="timeoutSeconds", description="Seconds allowed; 0: the sandbox's own limit."
    )


def exec_tool(sandbox: Sandbox) -> Tool[ExecArguments]:
    """The tool that runs commands. A failing command is an ordinary result."""

    async def run(arguments: ExecArguments) -> str:
        folder = in_workspace(sandbox, arguments.workdir)
        result = await sandbox.exec(
            ["/bin/sh", "-c", arguments.command],
            cwd=posixpath.join(sandbox.place(WORKSPACE), folder),
            timeout=arguments.timeout_seconds or None,
        )
        return _report(result)

    description = (
        "Run a shell command in the workspace and show what it printed and its exit code. "
        "There is no input and nothing keeps running afterwards."
    )
    return Tool("exec", description, ExecArguments, run)


def _report(result: ExecResult) -> str:
    parts = [
        _stream("stdout", result.stdout, result.stdout_bytes),
        _stream("stderr", result.stderr, result.stderr_bytes),
        _ending(result),
    ]
    return "\n".join(part for part in parts if part)


def _stream(name: str, kept: bytes, total: int) -> str:
    if total <= len(kept):
        text = kept.decode(errors="replace").rstrip("\n")
        return f"[stderr]\n{text}" if text and name == "stderr" else text
    half = len(kept) - len(kept) // 2
    head, tail = (part.decode(errors="replace") for part in (kept[:half], kept[half:]))
    notice = (
        f"\n[{total - len(kept)} of {total} bytes of {name} are left out here: "
        "send the output to a file and page through it with read]\n"
    )
    return f"{'[stderr]' * (name == 'stderr')}{head}{notice}{tail}".rstrip("\n")


def _ending(result: ExecResult) -> str:
    if result.exit_code is not None:
        return _EXITED.format(result.exit_code)
    return (
        f"(Command ran out of time after {result.seconds:.1f} seconds and was killed with all that "
        "it started. See what it has already changed before you run it again; a larger "
        "timeoutSeconds gives it more time.)"
    )
