"""Boxes that are Docker containers: for any image, and for machines where Docker is what there is.

Slower to make than a bubblewrap box (a container takes a quarter of a second), but as fast to use:
commands do not go through `docker exec`, which costs 60 ms each, has no time-out and leaves
processes behind. Instead process 1 of every container is a small program of ours at the other end
of the attached streams. It starts commands as an ordinary user, bounds their output, kills
everything when time is up, and serves files. It ends when the harness does, and Docker then
removes the container: a harness that is killed leaves nothing.

No directory of the host is mounted, but for a `workspace_dir`: the workspace, the read-only and
the writable mounts are file systems in memory that are filled through the channel. So it does not
matter whether the harness is root or a member of the group `docker`, whom the files out here
belong to, or whether daemon and harness see the same paths; each has a size, which a bind mount
has not; and what commands leave behind can be no link, device or set-id file on the host. What is
written to a writable mount reaches the host when the box is sealed or closed.

The files of a box count as its memory, as in every file system of this kind.
"""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from clawgym.errors import SandboxError, SandboxUnsupportedError
from clawgym.sandbox._box import check_spec
from clawgym.sandbox._diagnosis import Refusal
from clawgym.sandbox._process import to_the_end
from clawgym.sandbox._seccomp import is_supported
from clawgym.sandbox.docker.api import (
    Daemon,
    Image,
    Info,
    UnreachableError,
    connect,
    default_socket,
)
from clawgym.sandbox.docker.box import DockerBox
from clawgym.sandbox.docker.channel import BoxChannel
from clawgym.sandbox.docker.config import (
    Plan,
    check_directories,
    container_config,
    whose,
)
from clawgym.sandbox.docker.container import Container, in_thread
from clawgym.sandbox.docker.garbage import collect_containers, home_labels
from clawgym.sandbox.docker.image import DEFAULT_IMAGE, build_image, how_to_get
from clawgym.sandbox.docker.pack import measure
from clawgym.sandbox.protocol import BoxSpec, Capability

__all__ = [
    "DEFAULT_IMAGE",
    "DockerBackend",
    "DockerBox",
    "DockerStatus",
    "build_image",
    "collect_containers",
    "docker_status",
]

_ALWAYS = frozenset(
    {
        Capability.FILESYSTEM,
        Capability.PROCESSES,
        Capability.NETWORK,
        Capability.IPC,
        Capability.ENVIRONMENT,
        Capability.KILL_TREE,
        Capability.BACKGROUND,
        Capability.DISK,
    }
)


class DockerBackend:
    """Makes containers of one image, by the daemon behind a socket of this machine.

    Args:
        image: any image with Python 3.8 or newer, which the daemon must have already: nothing is
            ever pulled. By default the one that `clawgym sandbox image build` makes.
        socket: the daemon's socket; by default what `DOCKER_HOST` says, or the usual place.

    Raises:
        SandboxUnsupportedError: the daemon or the image cannot be used, with the reason and fix.
    """

    name = "docker"

    def __init__(self, image: str | None = None, socket: str | None = None) -> None:
        found = _look(image or DEFAULT_IMAGE, socket)
        if isinstance(found, Refusal):
            raise SandboxUnsupportedError(str(found))
        daemon, self.image, info = found
        self._socket = daemon.socket
        self._renumbers = _renumbers_users(info)
        self.capabilities: frozenset[Capability] = _ALWAYS | _enforced(info)

    async def create(self, spec: BoxSpec) -> DockerBox:
        """Make a box. See `Backend.create`."""
        capabilities = self.capabilities - ({Capability.DISK} if spec.workspace_dir else set())
        check_spec(spec, self.name, capabilities)
        if spec.workspace_dir and self._renumbers:
            raise SandboxUnsupportedError(
                "this Docker daemon gives users other numbers inside (rootless or userns-remap): "
                "no box could write to a directory of yours; use `--sandbox bwrap`"
            )
        launching = asyncio.create_task(in_thread(partial(self._launch, spec)))
        try:
            container, plan = await asyncio.shield(launching)
        except asyncio.CancelledError:
            await to_the_end(asyncio.create_task(_undo(launching)))
            raise
        box = DockerBox(container, plan, await BoxChannel.open(container.descriptor))
        try:
            await box.start()
        except BaseException:
            await box.abandon()
            raise
        return box

    def _launch(self, spec: BoxSpec) -> tuple[Container, Plan]:
        check_directories(spec)
        sizes = {name: measure(source) for name, source in spec.mounts.items()}
        plan = Plan(spec, whose(spec), sizes, home_labels())
        created = time.time()
        daemon = connect(self._socket)
        identifier, descriptor = daemon.launch(container_config(self.image, plan))
        variables = (text.split("=", 1) for text in self.image["Config"]["Env"] or ())
        environment = {variable[0]: variable[1] for variable in variables}
        return Container(daemon, identifier, created, descriptor, environment), plan


@dataclass(frozen=True)
class DockerStatus:
    """Whether Docker works here; `reason` says why not, or what to know when it does."""

    works: bool
    capabilities: tuple[str, ...]
    reason: str = ""
    fix: str = ""
    name: str = DockerBackend.name


def docker_status(image: str | None = None, socket: str | None = None) -> DockerStatus:
    """The state of Docker on this machine, for `clawgym sandbox doctor`."""
    found = _look(image or DEFAULT_IMAGE, socket)
    if isinstance(found, Refusal):
        return DockerStatus(False, (), found.reason, found.fix)
    capabilities = _ALWAYS | _enforced(found[2])
    missing = sorted(set(Capability) - capabilities)
    return DockerStatus(True, tuple(sorted(capabilities)), f"without: {', '.join(missing)}")


def _look(image: str, socket: str | None) -> tuple[Daemon, Image, Info] | Refusal:
    try:
        daemon = connect(socket or default_socket())
        info, found = daemon.describe(), daemon.find(image)
    except UnreachableError as error:
        return error.refusal
    except SandboxError as error:
        return Refusal(str(error), "")
    if info.get("OSType") != "linux":
        return Refusal("the Docker daemon does not run Linux containers", "switch it to Linux")
    if found is None:
        return Refusal(f"the Docker daemon has no image {image!r}", how_to_get(image))
    return daemon, found, info


def _enforced(info: Info) -> set[Capability]:
    """What depends on the kernel and on how the daemon was started."""
    claims = {
        Capability.MEMORY: info.get("MemoryLimit", False),
        Capability.PIDS: info.get("PidsLimit", False),
        Capability.CPU: info.get("CpuCfsQuota", False),
        Capability.SYSCALLS: is_supported(),
    }
    return {capability for capability, holds in claims.items() if holds}


def _renumbers_users(info: Info) -> bool:
    options = info.get("SecurityOptions", ())
    return any(option.startswith(("name=rootless", "name=userns")) for option in options)


async def _undo(launching: "asyncio.Task[tuple[Container, Plan]]") -> None:
    with suppress(SandboxError):  # it was not made, which is what we want
        container, _ = await launching
        os.close(container.descriptor)
        await container.removal()
