"""The part of the Docker SDK that we use, with types, and its errors in our words.

The SDK has no type information and takes a while to import, so nothing here imports it before a
daemon is asked for.
"""

import os
import socket
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Protocol, TypedDict

from clawgym.errors import SandboxError, SandboxUnsupportedError
from clawgym.sandbox._diagnosis import Refusal

DEFAULT_SOCKET = "/var/run/docker.sock"
TIMEOUT = 120
"""Seconds that the daemon may take for one answer: it starts many boxes one after the other."""

_REMOVAL = 30


class UnreachableError(SandboxError):
    """The daemon does not answer; `refusal` says why, and the fix."""

    def __init__(self, doing: str, refusal: Refusal) -> None:
        super().__init__(f"could not {doing}: {refusal}")
        self.refusal = refusal


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


class Api(Protocol):
    """`docker.APIClient`, as far as we go."""

    def info(self) -> Info: ...
    def inspect_image(self, image: str) -> Image: ...
    def create_container_from_config(self, config: Mapping[str, object]) -> Created: ...
    def attach_socket(self, container: str, params: Mapping[str, int]) -> socket.SocketIO: ...
    def start(self, container: str) -> None: ...
    def wait(self, container: str, timeout: float, condition: str) -> object: ...
    def remove_container(self, container: str, *, v: bool, force: bool) -> None: ...
    def containers(self, *, all: bool, filters: Mapping[str, str]) -> Sequence[Listed]: ...
    def events(
        self, *, since: int, until: int, filters: Mapping[str, str], decode: bool
    ) -> Iterable[Event]: ...
    def import_image_from_file(
        self, filename: str, repository: str, tag: str, changes: Sequence[str]
    ) -> str: ...


@dataclass(frozen=True)
class Daemon:
    """One Docker daemon, behind a socket of this machine."""

    socket: str
    api: Api

    def describe(self) -> Info:
        """What the daemon can do.

        Raises:
            UnreachableError: it does not answer.
        """
        with daemon_errors("ask Docker what it can do", self.socket):
            return self.api.info()

    def find(self, image: str) -> Image | None:
        """An image that the daemon has.

        Raises:
            SandboxError: the daemon does not answer.
        """
        with daemon_errors(f"look for the image {image}", self.socket):
            try:
                return self.api.inspect_image(image)
            except _not_found():
                return None

    def launch(self, config: Mapping[str, object]) -> tuple[str, int]:
        """Start a container; its identifier, and a descriptor of a stream to and from process 1.

        Raises:
            SandboxUnsupportedError: the image has no `python3`.
            SandboxError: the daemon refused, or does not answer.
        """
        with daemon_errors("make a box", self.socket):
            container = self.api.create_container_from_config(config)["Id"]
        try:
            with daemon_errors("start a box", self.socket):
                descriptor = self._attach(container)
                try:
                    self.api.start(container)
                except BaseException:
                    os.close(descriptor)
                    raise
        except SandboxError as error:
            self.remove(container)
            if "executable file not found" in str(error):
                raise SandboxUnsupportedError(
                    "the image has no python3, which process 1 of a box needs (3.8 or newer); add "
                    f"it to the image or choose another one ({error})"
                ) from error
            raise
        return container, descriptor

    def _attach(self, container: str) -> int:
        params = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        stream = self.api.attach_socket(container, params)
        # The SDK's connection keeps the socket open, and with it the container, for as long as
        # it likes. So the descriptor is taken away from it: a duplicate would not do.
        attached: socket.socket = vars(stream)["_sock"]
        return attached.detach()

    def await_removal(self, container: str) -> None:
        """Return when a container that is about to end is gone, with everything in it.

        Raises:
            SandboxError: it does not end, or the daemon does not answer.
        """
        with daemon_errors("see a box removed", self.socket), suppress(_not_found()):
            self.api.wait(container, timeout=_REMOVAL, condition="removed")

    def remove(self, container: str) -> None:
        """Kill and remove a container; one that is gone, or on the way, is fine.

        Raises:
            SandboxError: it cannot be removed, or the daemon does not answer.
        """
        with daemon_errors("remove a box", self.socket), suppress(_not_found()), _no_conflict():
            self.api.remove_container(container, v=True, force=True)

    def history(self, container: str, since: float) -> list[Event]:
        """What happened to a container, which may be gone by now.

        Raises:
            SandboxError: the daemon does not answer.
        """
        filters, until = {"container": container}, int(time.time()) + 1
        with daemon_errors("ask what became of a box", self.socket):
            found = self.api.events(since=int(since), until=until, filters=filters, decode=True)
            return list(found)

    def labelled(self, label: str) -> Sequence[Listed]:
        """All containers with that label, `name=value`.

        Raises:
            SandboxError: the daemon does not answer.
        """
        with daemon_errors("list the boxes", self.socket):
            return self.api.containers(all=True, filters={"label": label})


def connect(socket: str) -> Daemon:
    """The daemon behind a socket, spoken to in the newest version that both sides know.

    Raises:
        SandboxUnsupportedError: the Docker SDK for Python is not installed.
        UnreachableError: the daemon does not answer.
    """
    return _connect(socket, os.getpid())


@cache
def _connect(socket: str, _process: int) -> Daemon:  # a forked child must not share connections
    try:
        docker = import_module("docker")
    except ModuleNotFoundError as error:
        raise SandboxUnsupportedError(
            "the Docker SDK for Python is not installed; install ClawGym anew, which brings it"
        ) from error
    with daemon_errors("talk to Docker", socket):
        api: Api = docker.APIClient(
            base_url=f"unix://{socket}", version="auto", timeout=TIMEOUT, max_pool_size=32
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
        SandboxError: the daemon refused.
        UnreachableError: it does not answer.
    """
    docker, requests = import_module("docker.errors"), import_module("requests.exceptions")
    try:
        yield
    except docker.APIError as error:
        said = error.explanation or error
        raise SandboxError(f"Docker could not {doing}: {said}") from error
    except (docker.DockerException, requests.RequestException, OSError) as error:
        raise UnreachableError(doing, _trouble(str(error), socket)) from error


def _trouble(said: str, socket: str) -> Refusal:
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
def _no_conflict() -> Generator[None]:
    docker = import_module("docker.errors")
    try:
        yield
    except docker.APIError as error:
        if error.status_code != 409:  # its removal has begun already
            raise
