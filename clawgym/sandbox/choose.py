"""Which backend to use on this machine, and what to do when none works."""

import os
from dataclasses import dataclass
from typing import Literal, get_args

from clawgym.errors import UsageError
from clawgym.sandbox._home import collect_garbage
from clawgym.sandbox.bwrap import BwrapBackend, refusal_here
from clawgym.sandbox.local import LocalBackend
from clawgym.sandbox.protocol import Backend

BackendName = Literal["auto", "bwrap", "local"]


@dataclass(frozen=True)
class BackendStatus:
    """Whether a backend works here; `reason` says why not, or what to know when it does."""

    name: str
    works: bool
    capabilities: tuple[str, ...]
    reason: str = ""
    fix: str = ""


def open_backend(name: str = "auto") -> Backend:
    """The backend of that name; `auto` is the one that isolates, never anything weaker.

    Boxes that dead processes left behind are removed on the way.

    Raises:
        UsageError: there is no backend of that name.
        SandboxUnsupportedError: it does not work on this machine, with the reason and the fix.
    """
    if name not in get_args(BackendName):
        raise UsageError(
            f"no sandbox named {name!r}; choose one of {', '.join(get_args(BackendName))}"
        )
    backend = LocalBackend() if name == "local" else BwrapBackend()
    collect_garbage()
    return backend


def doctor() -> list[BackendStatus]:
    """The state of every backend on this machine."""
    refusal = refusal_here()
    return [
        BackendStatus(
            name=BwrapBackend.name,
            works=refusal is None,
            capabilities=tuple(sorted(BwrapBackend.capabilities)),
            reason=refusal.reason if refusal else _caution(),
            fix=refusal.fix if refusal else "",
        ),
        BackendStatus(LocalBackend.name, works=True, capabilities=(), reason="isolates nothing"),
    ]


def _caution() -> str:
    if os.geteuid() == 0:
        return "as root the limit on processes has no effect; prefer an ordinary user"
    return ""
