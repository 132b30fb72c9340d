"""Which backend to use on this machine, and what to do when none works."""

from dataclasses import dataclass
from typing import Literal, get_args

from clawgym.errors import UsageError
from clawgym.sandbox._home import collect_garbage
from clawgym.sandbox.bwrap import BwrapBackend, refusal_here
from clawgym.sandbox.local import LocalBackend
from clawgym.sandbox.protocol import Backend, Capability

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
    return [
        _bwrap_status(),
        BackendStatus(LocalBackend.name, works=True, capabilities=(), reason="isolates nothing"),
    ]


def _bwrap_status() -> BackendStatus:
    if refusal := refusal_here():
        return BackendStatus(BwrapBackend.name, False, (), refusal.reason, refusal.fix)
    capabilities = BwrapBackend().capabilities
    missing = sorted(set(Capability) - capabilities)
    caution = f"not limited here: {', '.join(missing)}" if missing else ""
    return BackendStatus(BwrapBackend.name, True, tuple(sorted(capabilities)), caution)
