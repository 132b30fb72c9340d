"""The part of the Docker SDK that we use, with types, and its errors in our words.

The SDK has no type information and takes a while to import, so nothing here imports it before a
daemon is asked for.
"""

import os
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import BinaryIO, Protocol, TypedDict

from clawgym.errors import SandboxError, SandboxUnsupportedError
from clawgym.sandbox._diagnosis import Refusal

DEFAULT_SOCKET = "/var/run/docker.sock"
TIMEOUT = 120
"""Seconds that the daemon may take for one answer: it starts many boxes one after the other."""

_REMOVAL = 30


class Created(TypedDict):
    """The answer to `create`."""

    Id: str


class Listed(TypedDict):
    """One container in a list."""

    Id: str
    Labels: Mapping[str, str]


class ImageConfig(TypedDict):
    """What an image says about the processes that run in it."""

    Env: Sequence[str] | None
    Volumes: Mapping[str, object] | None


class Image(TypedDict):
    """One image."""

    Id: str
    Config: ImageConfig


class Info(TypedDict, total=False):
    """What the daemon says about itself and the kernel below it."""

    OSType: str
    ServerVersion: str
    CgroupVersion: str
    MemoryLimit: bool
    PidsLimit: bool
    CpuCfsQuota: bool
    SecurityOptions: Sequence[str]


class Actor(TypedDict):
    """Whom an event is about."""

    Attributes: Mapping[str, str]


class Event(TypedDict):
    """Something that happened to a container."""

    Action: str
    Actor: Actor


class Channel(Protocol):
    """The socket-like object of an attached container."""

    def fileno(self) -> int: ...
    def close(self) -> None: ...


class Api(Protocol):
    """`docker.APIClient`, as far as we go."""

    def info(self) -> Info: ...
    def inspect_image(self, image: str) -> Image: ...
    def create_container_from_config(self, config: Mapping[str, object]) -> Created: ...
    def attach_socket(self, container: str, params: Mapping[str, int]) -> Channel: ...
    def start(self, container: str) -> None: ...
    def wait(self, container: str, timeout: float, condition: str) -> object: ...
    def remove_container(self, container: str, *, v: bool, force: bool) -> None: ...
    def containers(self, *, all: bool, filters: Mapping[str, str]) -> Sequence[Listed]: ...
    def events(
        self, *, since: int, until: int, filters: Mapping[str, str], decode: bool
    ) -> Iterable[Event]: ...
    def import_image_from_stream(
        self, stream: BinaryIO, repository: str, tag: str, changes: Sequence[str]
    ) -> str: ...


@dataclass(frozen=True)
class Daemon:
    """One Docker daemon, behind a socket of this machine."""

    socket: str
    api: Api

    def attach(self, container: str) -> int:
        """A descriptor of a stream to and from process 1. The caller closes it."""
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        channel = self.api.attach_socket(container, params)
        try:
            return os.dup(channel.fileno())
        finally:
            channel.close()

    def await_removal(self, container: str) -> None:
        """Return when a container that is about to end is gone, with everything in it."""
        with suppress(_not_found()):
            self.api.wait(container, timeout=_REMOVAL, condition="removed")

    def remove(self, container: str) -> None:
        """Kill and remove a container; one that is gone, or on the way, is fine."""
        with suppress(_not_found()), _ignored_conflict():
            self.api.remove_container(container, v=True, force=True)

    def history(self, container: str, since: float) -> list[Event]:
        """What happened to a container, which may be gone by now."""
        filters = {"container": container}
        until = int(time.time()) + 1
        return list(self.api.events(since=int(since), until=until, filters=filters, decode=True))


@cache
def connect(socket: str) -> Daemon:
    """The daemon behind a socket; nothing is asked of it yet.

    Raises:
        SandboxUnsupportedError: the Docker SDK for Python is not installed.
    """
    try:
        docker = import_module("docker")
    except ModuleNotFoundError as error:
        raise SandboxUnsupportedError(
            "the Docker SDK for Python is not installed; `pip install 'clawgym[docker]'`"
        ) from error
    api: Api = docker.APIClient(
        base_url=f"unix://{socket}", version="1.41", timeout=TIMEOUT, max_pool_size=32
    )
    return Daemon(socket, api)


def default_socket() -> str:
    """The socket that the `docker` program would use: from `DOCKER_HOST`, or the usual place.

    Raises:
        SandboxUnsupportedError: `DOCKER_HOST` is not on this machine.
    """
    host = os.environ.get("DOCKER_HOST", "")
    if not host:
        return DEFAULT_SOCKET
    if not host.startswith("unix://"):
        raise SandboxUnsupportedError(
            f"DOCKER_HOST is {host}: the sandbox 'docker' needs a daemon of this machine; set it "
            "to unix:///path/to/docker.sock or unset it"
        )
    return host.removeprefix("unix://")


@contextmanager
def daemon_errors(doing: str, socket: str) -> Generator[None]:
    """Turn what the SDK raises into a `SandboxError` that says what we were doing.

    Raises:
        SandboxError: the daemon refused, or does not answer.
    """
    docker, requests = import_module("docker.errors"), import_module("requests.exceptions")
    try:
        yield
    except docker.APIError as error:
        said = error.explanation or error
        raise SandboxError(f"Docker could not {doing}: {said}") from error
    except (docker.DockerException, requests.RequestException, OSError) as error:
        raise SandboxError(f"could not {doing}: {unreachable(error, socket)}") from error


def unreachable(error: BaseException, socket: str) -> Refusal:
    """Why a daemon does not answer, and the fix."""
    said = str(error)
    if "Permission denied" in said:
        return Refusal(
            f"this user may not use the Docker daemon at {socket}",
            "add the user to the group that owns the socket (`sudo usermod -aG docker $USER`, then "
            "log in again)",
        )
    if "No such file" in said or "Connection refused" in said:
        return Refusal(
            f"no Docker daemon answers at {socket}",
            "start it (`sudo systemctl start docker`), or set DOCKER_HOST to its unix:// socket",
        )
    return Refusal(
        f"the Docker daemon at {socket} does not answer: {said[:300]}",
        "look at its log (`journalctl -u docker`)",
    )


def _not_found() -> type[Exception]:
    found: type[Exception] = import_module("docker.errors").NotFound
    return found


@contextmanager
def _ignored_conflict() -> Generator[None]:
    docker = import_module("docker.errors")
    try:
        yield
    except docker.APIError as error:
        if error.status_code != 409:  # its removal has begun already
            raise
