"""Sites that a task serves inside its box, at `BASE_URL`; no box reaches another network by it.

The pages stand in `environment/site/` of the task directory and lie nowhere in the box: a server
process holds them in memory, for as long as the box lives. Graders never need it.
"""

import base64
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from importlib.resources import files

from clawgym.errors import SandboxError
from clawgym.files import Files
from clawgym.sandbox.lifetime import box
from clawgym.sandbox.protocol import (
    Backend,
    BoxSpec,
    Capability,
    ExecResult,
    Sandbox,
    Snapshot,
)
from clawgym.sandbox.site_server import BASE_URL

__all__ = ["BASE_URL", "NEEDS", "serve_site", "server_program", "site_box"]

NEEDS = frozenset({Capability.NETWORK, Capability.BACKGROUND})
"""A loopback of the box's own, and processes that outlive their command."""

_START_SECONDS = 30.0


@cache
def server_program() -> bytes:
    """The server, as a program for Python 3.9 or newer."""
    return files("clawgym.sandbox").joinpath("site_server.py").read_bytes()


async def serve_site(sandbox: Sandbox, site: Files) -> None:
    """Start serving in an open box; returns when the site answers.

    It goes on until the box is sealed or restored, or a command runs out of time.

    Raises:
        SandboxError: the server does not start, with its last words.
    """
    packed = {path: base64.b64encode(file.data).decode() for path, file in site.items()}
    ran = await sandbox.exec(
        ["python3", "-I", "-S", "-B", "-c", server_program().decode()],
        stdin=json.dumps(packed).encode(),
        timeout=_START_SECONDS,
    )
    if ran.exit_code != 0:
        said = ran.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SandboxError(
            f"the task's site cannot be served at {BASE_URL} in the box: {said or 'no answer'}; "
            "it needs python3 and a free port there (sandbox bwrap or docker)"
        )


@asynccontextmanager
async def site_box(backend: Backend, spec: BoxSpec, site: Files) -> AsyncGenerator[Sandbox]:
    """As `box`, with a site being served where there are pages; time-outs do not end it.

    Raises:
        SandboxUnsupportedError: there are pages, and the backend has no loopback for them.
        SandboxError: the box cannot be made or removed, or the site not be served.
    """
    if not site:
        async with box(backend, spec) as sandbox:
            yield sandbox
        return
    async with box(backend, replace(spec, requires=spec.requires | NEEDS)) as sandbox:
        await serve_site(sandbox, site)
        yield _SiteBox(sandbox, site)


class _SiteBox:
    """A box whose site is served again after everything inside was killed. See `Sandbox`."""

    def __init__(self, sandbox: Sandbox, site: Files) -> None:
        self._box, self._site = sandbox, site
        self.place, self.read, self.write = sandbox.place, sandbox.read, sandbox.write
        self.list, self.snapshot = sandbox.list, sandbox.snapshot
        self.seal, self.collect, self.close = sandbox.seal, sandbox.collect, sandbox.close

    async def exec(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
    ) -> ExecResult:
        ran = await self._box.exec(argv, cwd=cwd, env=env, stdin=stdin, timeout=timeout)
        return await self._after(ran)

    async def exec_python(
        self,
        script: str,
        args: Sequence[str] = (),
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        timeout: float | None = None,
    ) -> ExecResult:
        ran = await self._box.exec_python(
            script, args, cwd=cwd, env=env, stdin=stdin, timeout=timeout
        )
        return await self._after(ran)

    async def restore(self, snapshot: Snapshot) -> None:
        await self._box.restore(snapshot)
        await serve_site(self._box, self._site)

    async def _after(self, ran: ExecResult) -> ExecResult:
        if ran.timed_out:
            await serve_site(self._box, self._site)
        return ran
