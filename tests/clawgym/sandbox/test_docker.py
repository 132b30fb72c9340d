"""What is particular to boxes that are containers; all of it needs a daemon."""

import asyncio
import contextlib
import io
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from clawgym.errors import SandboxError, SandboxUnsupportedError
from clawgym.files import File, Files
from clawgym.sandbox import BoxSpec, Limits, box
from clawgym.sandbox.docker.api import Daemon, connect, default_socket
from clawgym.sandbox.docker.backend import DockerBackend, DockerBox, build_image, collect_containers
from clawgym.sandbox.docker.garbage import home_labels
from clawgym.sandbox.protocol import Capability

pytestmark = pytest.mark.docker

MIB = 1024**2


@pytest.fixture
async def opened(docker: DockerBackend) -> AsyncIterator[DockerBox]:
    made = await docker.create(BoxSpec())
    yield made
    await made.close()


@pytest.fixture
def daemon(docker: DockerBackend) -> Daemon:
    return connect(default_socket())


def containers(daemon: Daemon, home: str | None = None) -> list[str]:
    label = f"clawgym.home={home or home_labels()['clawgym.home']}"
    return [container["Id"] for container in daemon.labelled(label)]


async def shell(sandbox: DockerBox, script: str) -> str:
    return (await sandbox.exec(["sh", "-c", script])).stdout.decode()


async def test_what_a_command_leaves_in_the_background_goes_on(opened: DockerBox) -> None:
    script = "(for i in 1 2 3 4 5 6 7 8 9; do echo $i; echo $i >> count; sleep 0.05; done) &"
    await opened.exec(["sh", "-c", script])
    await asyncio.sleep(1)
    assert (await opened.read("count")).split() == [str(n).encode() for n in range(1, 10)]


async def test_commands_can_neither_read_nor_kill_process_1(opened: DockerBox) -> None:
    script = "kill -9 1; kill -9 -1; cat /proc/1/environ; ls /proc/1/fd; cat /proc/1/mem"
    result = await opened.exec(["sh", "-c", script])
    assert result.stdout == b""
    assert (await opened.exec(["echo", "alive"])).stdout == b"alive\n"


async def test_a_command_has_three_descriptors_and_no_capability(opened: DockerBox) -> None:
    assert await shell(opened, "ls /proc/self/fd | wc -l") == "4\n"  # and the listing itself
    assert set((await shell(opened, "grep ^Cap /proc/self/status | cut -f2")).split()) == {"0" * 16}
    assert await shell(opened, "id -u; id -g; grep -c . /proc/net/route") == "1000\n1000\n1\n"


async def test_output_can_be_opened_again_by_its_name(opened: DockerBox) -> None:
    result = await opened.exec(["sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr"])
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


async def test_a_script_without_a_first_line_is_run_by_the_shell(opened: DockerBox) -> None:
    await opened.write("script", b"echo $1 ran")
    await opened.exec(["chmod", "755", "script"])
    assert (await opened.exec(["./script", "it"])).stdout == b"it ran\n"


BOMB = """
import os
while True:
    try: os.fork()
    except OSError: pass
"""


async def test_a_fork_bomb_ends_with_its_time(docker: DockerBackend) -> None:
    async with box(docker, BoxSpec(limits=Limits(processes=40))) as sandbox:
        started = time.monotonic()
        assert (await sandbox.exec(["python3", "-c", BOMB], timeout=0.5)).timed_out
        assert time.monotonic() - started < 5
        assert (await sandbox.exec(["echo", "alive"])).stdout == b"alive\n"


async def test_a_box_that_is_full_of_processes_is_emptied(docker: DockerBackend) -> None:
    async with box(docker, BoxSpec(limits=Limits(processes=10))) as sandbox:
        await sandbox.exec(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 99 & done"])
        last = asyncio.create_task(sandbox.exec(["sleep", "99"]))
        await asyncio.sleep(0.2)
        full = await sandbox.exec(["true"])
        assert (await last).exit_code == 137
        assert full.exit_code == 126
        assert b"have been killed" in full.stderr
        assert (await sandbox.exec(["sh", "-c", "pgrep sleep; echo alive"])).stdout == b"alive\n"


async def test_running_out_of_memory_is_seen_and_the_box_lives_on(docker: DockerBackend) -> None:
    async with box(docker, BoxSpec(limits=Limits(memory_bytes=100 * MIB))) as sandbox:
        result = await sandbox.exec(["python3", "-c", "b = bytearray(400 << 20)"])
        assert result.oom_killed
        assert result.exit_code == 137
        after = await sandbox.exec(["echo", "alive"])
        assert after.stdout == b"alive\n"
        assert not after.oom_killed


async def test_the_workspace_is_full_when_its_quota_is(docker: DockerBackend) -> None:
    limits = Limits(workspace_bytes=4 * MIB, workspace_files=50)
    async with box(docker, BoxSpec(limits=limits)) as sandbox:
        fill = await sandbox.exec(["dd", "if=/dev/zero", "of=big", "bs=1M", "count=8"])
        assert b"No space left" in fill.stderr
        await sandbox.exec(["rm", "big"])
        many = await sandbox.exec(["sh", "-c", "for i in $(seq 100); do touch $i || exit 9; done"])
        assert many.exit_code == 9
        with pytest.raises(OSError, match="space"):
            await sandbox.write("more", b"x" * 8 * MIB)


async def test_files_that_do_not_fit_are_our_failure(docker: DockerBackend) -> None:
    spec = BoxSpec(files=Files({"big": bytes(2 * MIB)}), limits=Limits(workspace_bytes=MIB))
    with pytest.raises(SandboxError, match="No space left"):
        await docker.create(spec)


async def test_a_large_standard_input_arrives(opened: DockerBox) -> None:
    data = os.urandom(40 * MIB)
    result = await opened.exec(["wc", "-c"], stdin=data)
    assert result.stdout == f"{len(data)}\n".encode()
    refused = await opened.exec(["cat"], stdin=bytes(400 * MIB))
    assert refused.exit_code == 126
    assert b"memory" in refused.stderr


async def test_a_command_cancelled_while_its_input_is_sent_never_runs(opened: DockerBox) -> None:
    running = asyncio.create_task(
        opened.exec(["sh", "-c", "echo > ran; sleep 60"], stdin=bytes(200 * MIB))
    )
    await asyncio.sleep(0.02)
    started = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - started < 5
    assert await opened.list() == []


async def test_as_many_arguments_as_linux_takes_are_passed_on(opened: DockerBox) -> None:
    words = ["x" * 1000] * 1500
    counted = await opened.exec(["sh", "-c", "echo $#", "sh", *words])
    assert counted.stdout == b"1500\n"
    assert (await opened.exec(["echo", *words * 5])).exit_code == 126


async def test_a_locked_workspace_is_collected_all_the_same(opened: DockerBox) -> None:
    await opened.exec(["sh", "-c", "echo x > a; chmod 0 /workspace"])
    with pytest.raises(PermissionError):
        await opened.read("a")
    await opened.seal()
    assert list((await opened.collect()).files) == ["a"]


async def test_a_command_in_a_box_that_is_closed_says_so(docker: DockerBackend) -> None:
    sandbox = await docker.create(BoxSpec())
    running = asyncio.create_task(sandbox.exec(["sleep", "60"]))
    await asyncio.sleep(0.2)
    await sandbox.close()
    with pytest.raises(SandboxError, match="closed while"):
        await running


async def test_a_gibibyte_of_output_is_counted_and_bounded(opened: DockerBox) -> None:
    result = await opened.exec(["head", "-c", str(1024 * MIB), "/dev/zero"])
    assert result.stdout_bytes == 1024 * MIB
    assert len(result.stdout) == Limits().output_bytes


async def test_a_workspace_is_restored_exactly(docker: DockerBackend) -> None:
    files = Files({"a/data": "old", "run": File(b"#!/bin/sh\n", executable=True)})
    async with box(docker, BoxSpec(files=files)) as sandbox:
        await sandbox.exec(["sh", "-c", "ln -s data a/link; mkfifo p; chmod 0 a/data; chmod 500 a"])
        listing = "ls -lAR --time-style=full-iso"
        before = await shell(sandbox, listing)
        kept = await sandbox.snapshot()
        wreck = "chmod 700 a; rm -rf a/* run; mkdir -p x/y; chmod 0 x; ln -s / root; sleep 99 &"
        await sandbox.exec(["sh", "-c", wreck])
        await sandbox.restore(kept)
        assert await shell(sandbox, listing) == before
        assert await shell(sandbox, "pgrep sleep") == ""
        await kept.discard()
        with pytest.raises(SandboxError, match="discarded"):
            await sandbox.restore(kept)


async def test_a_base_directory_is_copied(docker: DockerBackend, folder: Path) -> None:
    async with box(docker, BoxSpec(base=folder)) as sandbox:
        await sandbox.exec(["sh", "-c", "cat note.txt > copy; echo more >> note.txt"])
        assert await sandbox.read("copy") == b"from the host"
    assert (folder / "note.txt").read_text() == "from the host"


async def test_a_box_in_a_users_directory_writes_there(docker: DockerBackend, folder: Path) -> None:
    if os.geteuid() == 0:
        for place in (folder, folder / "note.txt"):
            os.chown(place, 1234, 1234)
        with pytest.raises(SandboxUnsupportedError, match="disk"):
            await docker.create(
                BoxSpec(workspace_dir=folder, requires=frozenset({Capability.DISK}))
            )
    async with box(docker, BoxSpec(workspace_dir=folder)) as sandbox:
        await sandbox.exec(["sh", "-c", "echo inside > made"])
        assert await sandbox.read("note.txt") == b"from the host"
    assert (folder / "made").read_text() == "inside\n"
    assert os.stat(folder / "made").st_uid == os.stat(folder).st_uid


async def test_hosts_to_be_allowed_are_refused(docker: DockerBackend) -> None:
    with pytest.raises(SandboxUnsupportedError, match="allowlist"):
        await docker.create(BoxSpec(allowed_hosts=("example.org",)))


async def test_a_container_that_is_removed_outside_is_our_failure(
    docker: DockerBackend, daemon: Daemon
) -> None:
    sandbox = await docker.create(BoxSpec())
    running = asyncio.create_task(sandbox.exec(["sleep", "60"]))
    await asyncio.sleep(0.3)
    daemon.remove(sandbox.id)
    with pytest.raises(SandboxError, match="killed from outside"):
        await running
    with pytest.raises(SandboxError, match="killed from outside"):
        await sandbox.read("a")
    await sandbox.close()


async def test_a_box_cancelled_while_it_is_made_is_removed(
    docker: DockerBackend, daemon: Daemon
) -> None:
    for delay in (0.0, 0.02, 0.05, 0.08, 0.1, 0.15):
        making = asyncio.create_task(docker.create(BoxSpec()))
        await asyncio.sleep(delay)
        if making.cancel():
            with pytest.raises(asyncio.CancelledError):
                await making
        else:  # it was faster
            await making.result().close()
    assert containers(daemon) == []


async def test_boxes_leave_no_descriptor_and_no_container(
    docker: DockerBackend, daemon: Daemon
) -> None:
    async with box(docker, BoxSpec()):
        pass
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        async with box(docker, BoxSpec()) as sandbox:
            await sandbox.exec(["true"])
    assert len(os.listdir("/proc/self/fd")) <= before
    assert containers(daemon) == []


HARNESS = """
import asyncio
from clawgym.sandbox import BoxSpec
from clawgym.sandbox.docker.garbage import home_labels
from clawgym.sandbox.docker.backend import DockerBackend
async def main():
    sandbox = await DockerBackend().create(BoxSpec())
    print(home_labels()["clawgym.home"], flush=True)
    await sandbox.exec(["sh", "-c", "setsid sleep 600 & sleep 600"])
asyncio.run(main())
"""


def test_nothing_survives_a_killed_harness(daemon: Daemon) -> None:
    harness = subprocess.Popen([sys.executable, "-c", HARNESS], stdout=subprocess.PIPE)
    assert harness.stdout
    home = harness.stdout.readline().decode().strip()
    assert len(containers(daemon, home)) == 1
    harness.kill()
    harness.wait()
    deadline = time.monotonic() + 10
    while containers(daemon, home) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert containers(daemon, home) == []


def test_containers_of_dead_processes_are_collected(docker: DockerBackend, daemon: Daemon) -> None:
    labels = {**home_labels(), "clawgym.home": "1-dead"}
    image = docker.image["Id"]
    for marks in (labels, home_labels()):
        daemon.api.create_container_from_config({"Image": image, "Cmd": ["true"], "Labels": marks})
    try:
        assert collect_containers() == 1
        assert containers(daemon, "1-dead") == []
        assert len(containers(daemon)) == 1
    finally:
        for container in containers(daemon):
            daemon.remove(container)


@pytest.fixture
def bare_image(daemon: Daemon, tmp_path: Path) -> Iterator[str]:
    rootfs = tmp_path / "bare.tar"
    with tarfile.open(rootfs, "w") as tar:
        entry = tarfile.TarInfo("etc/motd")
        entry.size = 2
        tar.addfile(entry, io.BytesIO(b"hi"))
    tag = "clawgym-test-bare:1"
    build_image(rootfs, tag)
    yield tag
    with contextlib.suppress(Exception):
        daemon.api.remove_image(tag)


async def test_an_image_without_python_is_refused_by_name(bare_image: str) -> None:
    with pytest.raises(SandboxUnsupportedError, match="python3"):
        await DockerBackend(bare_image).create(BoxSpec())


def test_an_image_that_is_not_there_says_how_to_get_it(docker: DockerBackend) -> None:
    with pytest.raises(SandboxUnsupportedError, match="docker pull no-such-image"):
        DockerBackend("no-such-image")
