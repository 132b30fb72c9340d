"""Boxes for the suites: those that hold for every backend, and those for real isolation."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clawgym.sandbox import Backend, BoxSpec, Sandbox, box, doctor, open_backend
from clawgym.sandbox.docker.backend import DockerBackend, docker_status
from clawgym.sandbox.landlock.backend import LandlockBackend, landlock_refusal


def backend_or_skip(name: str) -> Backend:
    status = next(status for status in doctor() if status.name == name)
    if not status.works:
        pytest.skip(f"{name}: {status.reason}")
    return open_backend(name)


def landlock_or_skip() -> LandlockBackend:
    if refusal := landlock_refusal():
        pytest.skip(f"landlock: {refusal.reason}")
    return LandlockBackend()


def docker_or_skip() -> DockerBackend:
    status = docker_status()
    if not status.works:
        pytest.skip(f"docker: {status.reason}")
    return DockerBackend()


DOCKER = pytest.param("docker", marks=pytest.mark.docker)
OPENERS = {"docker": docker_or_skip, "landlock": landlock_or_skip}


@pytest.fixture(params=["bwrap", DOCKER, "landlock", "local"])
def backend(request: pytest.FixtureRequest) -> Backend:
    opener = OPENERS.get(request.param)
    return opener() if opener else backend_or_skip(request.param)


@pytest.fixture
def docker() -> DockerBackend:
    return docker_or_skip()


@pytest.fixture
def landlock() -> LandlockBackend:
    return landlock_or_skip()


@pytest.fixture
def bwrap() -> Backend:
    return backend_or_skip("bwrap")


@pytest.fixture
async def sandbox(backend: Backend) -> AsyncIterator[Sandbox]:
    async with box(backend, BoxSpec()) as opened:
        yield opened


@pytest.fixture
async def isolated(bwrap: Backend) -> AsyncIterator[Sandbox]:
    async with box(bwrap, BoxSpec()) as opened:
        yield opened


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory of its own, so that other processes' boxes do not count."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A host directory with one file, to be mounted."""
    place = tmp_path / "mounted"
    place.mkdir()
    (place / "note.txt").write_text("from the host")
    return place
