"""What races in `sandbox_speed.py`: ways to have a workspace and to run commands on it."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import docker
from docker.models.containers import ContainerCollection

from clawgym.errors import ClawGymError
from clawgym.files import Files
from clawgym.sandbox import Backend, BoxSpec, open_backend
from clawgym.sandbox.docker.backend import DEFAULT_IMAGE, DockerBackend

PLAIN = "subprocess"
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
_WAIT = ("sh", "-c", "while :; do sleep 100000 & wait $!; done")


@dataclass(frozen=True)
class Opened:
    """A workspace with files in it. `run` gives a command's exit code."""

    run: Callable[[Sequence[str]], Awaitable[int | None]]
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Contender:
    """A way to run commands. `slowness` divides how often it is measured."""

    name: str
    open: Callable[[Files], Awaitable[Opened]]
    slowness: int = 1


def contenders(image: str = DEFAULT_IMAGE) -> list[Contender]:
    """Whatever works on this machine, the baseline first."""
    found = [Contender(PLAIN, partial(_open_directory, _plainly))]
    if shutil.which("bwrap"):
        found.append(Contender("bwrap per command", partial(_open_directory, _bwrapped)))
    found += [_ours("bwrap"), _ours("local")]
    return found + _with_docker(image)


def _ours(name: str) -> Contender:
    return Contender(f"our {name}", partial(_open_box, open_backend(name)))


async def _open_box(backend: Backend, files: Files) -> Opened:
    box = await backend.create(BoxSpec(files=files))

    async def run(argv: Sequence[str]) -> int | None:
        return (await box.exec(argv)).exit_code

    return Opened(run, box.close)


# -- without a backend -----------------------------------------------------------------------------


async def _open_directory(
    command: Callable[[Path, Sequence[str]], list[str]], files: Files
) -> Opened:
    place = Path(tempfile.mkdtemp(prefix="clawgym-speed-"))
    await asyncio.to_thread(files.write_to, place / "workspace")

    def start(argv: Sequence[str]) -> int:
        words = command(place / "workspace", argv)
        ran = subprocess.run(
            words, cwd=place / "workspace", env=_ENVIRONMENT, capture_output=True, check=False
        )
        return ran.returncode

    async def run(argv: Sequence[str]) -> int:
        return await asyncio.to_thread(start, argv)

    async def close() -> None:
        await asyncio.to_thread(shutil.rmtree, place)

    return Opened(run, close)


def _plainly(_: Path, argv: Sequence[str]) -> list[str]:
    return list(argv)


def _bwrapped(workspace: Path, argv: Sequence[str]) -> list[str]:
    """The shortest bubblewrap command that isolates at all: no limits, no filter, no daemons."""
    links = [
        word
        for name in ("bin", "sbin", "lib", "lib64")
        if os.path.islink(f"/{name}")
        for word in ("--symlink", os.readlink(f"/{name}"), f"/{name}")
    ]
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"),
        *("--new-session", "--uid", "1000", "--gid", "1000", "--ro-bind", "/usr", "/usr", *links),
        *("--proc", "/proc", "--dev", "/dev", "--size", "67108864", "--tmpfs", "/tmp"),
        *("--bind", str(workspace), "/workspace", "--chdir", "/workspace", "--", *argv),
    ]


# -- Docker ----------------------------------------------------------------------------------------


def _with_docker(image: str) -> list[Contender]:
    """The daemon's SDK as everybody uses it, and our backend on the same daemon."""
    try:
        backend = DockerBackend(image)
    except ClawGymError:
        return []
    containers = docker.from_env().containers
    return [
        Contender("docker exec_run", partial(_open_container, containers, image), 20),
        Contender("our docker", partial(_open_box, backend), 20),
    ]


async def _open_container(containers: ContainerCollection, image: str, files: Files) -> Opened:
    place = Path(tempfile.mkdtemp(prefix="clawgym-speed-"))
    await asyncio.to_thread(files.write_to, place)
    container = await asyncio.to_thread(
        containers.run,
        image,
        list(_WAIT),
        entrypoint=[],
        detach=True,
        network_mode="none",
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="512m",
        pids_limit=128,
        volumes={str(place): {"bind": "/workspace"}},
        working_dir="/workspace",
    )

    async def run(argv: Sequence[str]) -> int | None:
        return (await asyncio.to_thread(container.exec_run, list(argv))).exit_code

    async def close() -> None:
        await asyncio.to_thread(partial(container.remove, force=True))
        await asyncio.to_thread(shutil.rmtree, place)

    return Opened(run, close)
