"""Where Docker does not work, the reason and the fix are said; nothing here needs a daemon."""

import ast
import socket
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.errors import SandboxUnsupportedError, UsageError
from clawgym.sandbox.docker.backend import DEFAULT_IMAGE, DockerBackend, docker_status
from clawgym.sandbox.docker.boot import MODULES
from clawgym.sandbox.docker.cli import app
from clawgym.sandbox.docker.config import USER, Plan, container_config, whose
from clawgym.sandbox.docker.image import build_image, how_to_get
from clawgym.sandbox.protocol import BoxSpec, Limits


def test_without_a_daemon_the_fix_is_to_start_one(tmp_path: Path) -> None:
    status = docker_status(socket=str(tmp_path / "docker.sock"))
    assert not status.works
    assert str(tmp_path / "docker.sock") in status.reason
    assert "systemctl start docker" in status.fix
    assert status.capabilities == ()


def test_a_socket_that_nobody_listens_on_is_the_same(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "docker.sock"))
        assert "systemctl start docker" in docker_status(socket=str(tmp_path / "docker.sock")).fix


def test_a_backend_without_a_daemon_is_refused_with_the_same_words(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnsupportedError, match="systemctl start docker"):
        DockerBackend(socket=str(tmp_path / "docker.sock"))


def test_a_daemon_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://example.org:2375")
    assert "unix://" in docker_status().reason


def test_how_to_get_an_image_depends_on_whose_it_is() -> None:
    assert "clawgym sandbox image build" in how_to_get(DEFAULT_IMAGE)
    assert "docker pull python:3.12" in how_to_get("python:3.12")


def test_a_missing_root_file_system_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.tar"):
        build_image(tmp_path / "absent.tar")


def test_importing_the_backend_does_not_import_the_sdk() -> None:
    script = "import sys, clawgym.sandbox.docker; sys.exit('docker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def host_config(spec: BoxSpec) -> dict[str, object]:
    plan = Plan(spec, USER, {}, {"clawgym.home": "1-x"})
    image = {"Id": "sha256:1", "Config": {"Env": None, "Volumes": {"/data": {}}}}
    config = container_config(image, plan)
    assert config["StdinOnce"] is True
    assert config["Labels"] == {"clawgym.home": "1-x"}
    return config["HostConfig"]


def test_a_container_is_closed_on_all_sides() -> None:
    config = host_config(BoxSpec(limits=Limits(processes=7, cpus=0.5)))
    assert config["NetworkMode"] == "none"
    assert config["ReadonlyRootfs"] is True
    assert config["CapDrop"] == ["ALL"]
    assert config["SecurityOpt"] == ["no-new-privileges"]
    assert config["Memory"] == config["MemorySwap"]
    assert config["PidsLimit"] == 8
    assert config["NanoCpus"] == 500_000_000
    assert config["Mounts"] == []


def test_every_place_that_can_be_written_has_a_size(tmp_path: Path) -> None:
    config = host_config(BoxSpec(writable={"logs": tmp_path}))
    assert {"/workspace", "/logs", "/tmp", "/var/tmp", "/run", "/data"} == set(config["Tmpfs"])
    assert all("size=" in options for options in config["Tmpfs"].values())


def test_only_a_workspace_of_the_users_own_is_bound(tmp_path: Path) -> None:
    config = host_config(BoxSpec(workspace_dir=tmp_path, mounts={"skills": tmp_path}))
    assert [mount["Source"] for mount in config["Mounts"]] == [str(tmp_path)]
    assert "/workspace" not in config["Tmpfs"]


def test_commands_in_a_users_directory_run_as_that_user(tmp_path: Path) -> None:
    info = tmp_path.stat()
    if info.st_uid == 0:
        with pytest.raises(SandboxUnsupportedError, match="chown"):
            whose(BoxSpec(workspace_dir=tmp_path))
    else:
        assert whose(BoxSpec(workspace_dir=tmp_path)) == (info.st_uid, info.st_gid)


@pytest.mark.parametrize("options", [[], ["--mmdebstrap", "--rootfs", __file__]])
def test_an_image_comes_from_one_place(options: list[str]) -> None:
    result = CliRunner().invoke(app, ["build", *options])
    assert isinstance(result.exception, UsageError)
    assert "--rootfs TAR or --mmdebstrap" in str(result.exception)


@pytest.mark.parametrize("module", MODULES)
def test_what_is_sent_into_a_container_is_python_3_8(module: str) -> None:
    source = files("clawgym.sandbox.docker").joinpath(f"{module}.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    assert "from __future__ import annotations" in source
