"""The backends that are attacked: those that isolate and that work on this machine."""

from collections.abc import Mapping

from clawgym.errors import SandboxUnsupportedError
from clawgym.sandbox import Backend
from clawgym.sandbox.bwrap import BwrapBackend
from clawgym.sandbox.docker.backend import DockerBackend
from clawgym.sandbox.landlock.backend import LandlockBackend

NAMES = ("bwrap", "docker", "landlock")

DECLARED: Mapping[tuple[str, str], str] = {
    ("landlock", "host-file-by-its-path"): "names of host files can be looked up, as it says",
    ("landlock", "name-of-the-host"): "the host's name shows, as it says",
    ("landlock", "change-a-read-only-mount"): "modes and times of files can change, as it says",
}
"""What a backend's own documentation says that it cannot prevent, by backend and case.

It is still tried and told; nothing else is ever excused.
"""


def open_isolating(name: str) -> Backend:
    """The backend of that name; never `local`, on which every attack would succeed.

    Raises:
        SandboxUnsupportedError: it does not work on this machine.
    """
    if name == "docker":
        return DockerBackend()
    return LandlockBackend() if name == "landlock" else BwrapBackend()


def available() -> list[str]:
    """The backends that work here."""
    return [name for name in NAMES if _works(name)]


def _works(name: str) -> bool:
    try:
        open_isolating(name)
    except SandboxUnsupportedError:
        return False
    return True
