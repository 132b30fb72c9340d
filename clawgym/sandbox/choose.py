"""Which backend to use on this machine, and what to do when none works."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from clawgym.errors import UsageError
from clawgym.sandbox._home import collect_garbage
from clawgym.sandbox.protocol import Backend, Capability

BackendName = Literal["auto", "bwrap", "docker", "landlock", "local"]
"""`auto` is `bwrap`: the one that isolates, never anything weaker."""


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
    backend = _OPENERS["bwrap" if name == "auto" else name]()
    collect_garbage()
    return backend


def doctor() -> list[BackendStatus]:
    """The state of every backend on this machine."""
    return [
        _bwrap_status(),
        _docker_status(),
        _landlock_status(),
        BackendStatus("local", works=True, capabilities=(), reason="isolates nothing"),
    ]


# Each backend is imported when it is asked for: the Docker client alone takes a tenth of a second.


def _bwrap() -> Backend:
    from clawgym.sandbox.bwrap import BwrapBackend

    return BwrapBackend()


def _docker() -> Backend:
    from clawgym.sandbox.docker.backend import DockerBackend
    from clawgym.sandbox.docker.garbage import collect_containers

    backend = DockerBackend()
    collect_containers()
    return backend


def _landlock() -> Backend:
    from clawgym.sandbox.landlock.backend import LandlockBackend

    return LandlockBackend()


def _local() -> Backend:
    from clawgym.sandbox.local import LocalBackend

    return LocalBackend()


_OPENERS: dict[str, Callable[[], Backend]] = {
    "bwrap": _bwrap,
    "docker": _docker,
    "landlock": _landlock,
    "local": _local,
}


def _bwrap_status() -> BackendStatus:
    from clawgym.sandbox.bwrap import refusal_here

    if refusal := refusal_here():
        return BackendStatus("bwrap", False, (), refusal.reason, refusal.fix)
    return _working("bwrap", _bwrap().capabilities)


def _docker_status() -> BackendStatus:
    from clawgym.sandbox.docker.backend import docker_status

    found = docker_status()
    return BackendStatus("docker", found.works, found.capabilities, found.reason, found.fix)


def _landlock_status() -> BackendStatus:
    from clawgym.sandbox.landlock.backend import WEAKER, landlock_refusal

    if refusal := landlock_refusal():
        return BackendStatus("landlock", False, (), refusal.reason, refusal.fix)
    capabilities = tuple(sorted(_landlock().capabilities))
    return BackendStatus("landlock", True, capabilities, WEAKER)


def _working(name: str, capabilities: frozenset[Capability]) -> BackendStatus:
    missing = sorted(set(Capability) - capabilities)
    caution = f"cannot enforce or offer here: {', '.join(missing)}" if missing else ""
    return BackendStatus(name, True, tuple(sorted(capabilities)), caution)
