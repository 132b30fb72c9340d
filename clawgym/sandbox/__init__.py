"""Sandboxes: where a workspace lives while something runs in it.

`open_backend` picks the backend, `box` makes one box and removes it:

    async with box(open_backend(), BoxSpec(files=files)) as sandbox:
        result = await sandbox.exec(["python3", "solve.py"])
"""

from clawgym.sandbox._home import collect_garbage, scratch_directory
from clawgym.sandbox._python import keep_compiled
from clawgym.sandbox.choose import BackendName, BackendStatus, doctor, open_backend
from clawgym.sandbox.lifetime import box
from clawgym.sandbox.protocol import (
    WORKSPACE,
    Backend,
    BoxSpec,
    Capability,
    Collected,
    ExecResult,
    Limits,
    Sandbox,
    Skipped,
    Snapshot,
)

__all__ = [
    "WORKSPACE",
    "Backend",
    "BackendName",
    "BackendStatus",
    "BoxSpec",
    "Capability",
    "Collected",
    "ExecResult",
    "Limits",
    "Sandbox",
    "Skipped",
    "Snapshot",
    "box",
    "collect_garbage",
    "doctor",
    "keep_compiled",
    "open_backend",
    "scratch_directory",
]
