"""What only an isolating backend promises: the box cannot see or touch the host.

Each attack here would be harmless on the host if it worked.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawgym.errors import SandboxError, UsageError
from clawgym.files import Files
from clawgym.sandbox import Backend, BoxSpec, Limits, Sandbox, box, collect_garbage
from clawgym.sandbox._home import box_home


async def shell(sandbox: Sandbox, script: str) -> str:
    result = await sandbox.exec(["sh", "-c", script])
    return result.stdout.decode()


async def python(sandbox: Sandbox, script: str) -> str:
    result = await sandbox.exec(["python3", "-I", "-c", script])
    assert result.exit_code == 0, result.stderr.decode()
    return result.stdout.decode().strip()


CONNECT = """
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=2)
    print("connected")
except OSError as error:
    print("refused")
"""


async def test_the_hosts_loopback_is_out_of_reach(isolated: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert await python(isolated, CONNECT.format(port=port)) == "refused"


async def test_there_is_no_way_out_to_a_network(isolated: Sandbox) -> None:
    names = await python(isolated, "import socket; print([n for _, n in socket.if_nameindex()])")
    assert names == "['lo']"
    assert len((await shell(isolated, "cat /proc/net/route")).splitlines()) <= 1


async def test_abstract_sockets_of_the_host_are_out_of_reach(isolated: Sandbox) -> None:
    name = f"\0clawgym-test-{os.getpid()}"
    script = f"""
import socket
try:
    socket.socket(socket.AF_UNIX).connect({name!r}); print("connected")
except OSError: print("refused")
"""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        assert await python(isolated, script) == "refused"


async def test_only_the_boxs_own_processes_are_visible(isolated: Sandbox) -> None:
    pids = (await shell(isolated, "ls /proc | grep -c '^[0-9]'")).strip()
    assert int(pids) <= 6


async def test_a_box_cannot_signal_the_host(isolated: Sandbox) -> None:
    result = await isolated.exec(["kill", "-0", str(os.getpid())])
    assert result.exit_code != 0


@pytest.mark.parametrize("path", ["/etc/shadow", "/root/.bashrc", "/sys/kernel", "/boot", "/mnt"])
async def test_host_files_are_not_there(isolated: Sandbox, path: str) -> None:
    assert (await isolated.exec(["test", "-e", path])).exit_code == 1


HERE = Path(__file__).resolve()


async def test_homes_and_the_repository_are_not_there(isolated: Sandbox) -> None:
    for place in (HERE, HERE.parents[3] / "pyproject.toml", Path.home() / ".bashrc"):
        assert (await isolated.exec(["test", "-e", str(place)])).exit_code == 1
    assert (await shell(isolated, "ls /home 2>/dev/null")) == ""


async def test_other_boxes_are_not_there(bwrap: Backend, isolated: Sandbox) -> None:
    async with box(bwrap, BoxSpec(files=Files({"other.txt": "secret"}))):
        assert (await isolated.exec(["test", "-e", str(box_home().path)])).exit_code == 1
        found = await shell(
            isolated, "find / -xdev -name other.txt; find /tmp /run /var /dev -name other.txt"
        )
        assert found == ""


async def test_what_runs_in_the_background_goes_on_until_the_box_is_sealed(
    isolated: Sandbox,
) -> None:
    token = f"86408.{os.getpid()}"  # other runs of this test may be under way
    assert (await isolated.exec(["sh", "-c", "sleep $0 & echo started", token])).seconds < 2
    assert f"sleep {token}" in await shell(isolated, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    await isolated.seal()
    assert running_with(token) == 0


async def test_the_harness_environment_does_not_leak_through_proc(
    isolated: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    seen = await shell(isolated, "cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
    assert "secret" not in seen
    assert (await shell(isolated, "tr -d '\\0' < /proc/1/environ")).removeprefix("PWD=/") in (
        "",
        "workspace",
    )


async def test_host_paths_do_not_show_in_command_lines(bwrap: Backend, folder: Path) -> None:
    async with box(bwrap, BoxSpec(mounts={"skills": folder})) as sandbox:
        seen = await shell(sandbox, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
        assert str(folder) not in seen
        assert str(box_home().path) not in seen


async def test_a_command_has_three_descriptors(isolated: Sandbox) -> None:
    script = "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))"
    assert await python(isolated, script) == "[0, 1, 2, 3]"  # 3 is the listing itself


async def test_the_first_process_holds_no_door_to_the_host(isolated: Sandbox) -> None:
    seen = await shell(isolated, "for f in /proc/1/fd/*; do readlink $f; done")
    targets = [line.split(":")[0] for line in seen.splitlines()]
    assert set(targets) <= {"/dev/null", "pipe", "anon_inode"}


async def test_there_are_no_privileges_and_no_way_to_get_any(isolated: Sandbox) -> None:
    status = await shell(isolated, "cat /proc/self/status")
    values = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(values[name], 16) == 0
    assert values["NoNewPrivs"] == "1"
    assert (await shell(isolated, "id -u; id -g; hostname")) == "1000\n1000\nbox\n"


async def test_no_setuid_program_is_on_a_mount_that_honours_it(isolated: Sandbox) -> None:
    mounts = (await shell(isolated, "cat /proc/self/mounts")).splitlines()
    assert mounts
    assert all("nosuid" in line.split()[3].split(",") for line in mounts)


async def test_no_further_user_namespace_can_be_made(isolated: Sandbox) -> None:
    assert (await isolated.exec(["unshare", "--user", "true"])).exit_code != 0


@pytest.mark.parametrize("place", ["/", "/usr", "/etc", "/dev", "/proc", "/skills"])
async def test_all_but_the_workspace_is_read_only(bwrap: Backend, folder: Path, place: str) -> None:
    async with box(bwrap, BoxSpec(mounts={"skills": folder})) as sandbox:
        result = await sandbox.exec(["touch", f"{place}/planted"])
        assert result.exit_code == 1
        assert b"planted" in result.stderr
    assert os.listdir(folder) == ["note.txt"]


async def test_a_read_only_workspace_cannot_be_written(bwrap: Backend) -> None:
    spec = BoxSpec(files=Files({"a": "1"}), workspace_read_only=True)
    async with box(bwrap, spec) as sandbox:
        assert (await sandbox.exec(["sh", "-c", "echo 2 > a"])).exit_code != 0
        assert await sandbox.read("a") == b"1"


async def test_kernel_settings_cannot_be_opened_for_writing(isolated: Sandbox) -> None:
    # As root this is an escape: uid 0 in a user namespace still owns /proc/sys. Opening to append
    # without writing changes nothing where it succeeds.
    result = await isolated.exec(["sh", "-c", ": >> /proc/sys/kernel/core_pattern"])
    assert result.exit_code != 0


async def test_the_hosts_devices_cannot_be_changed(isolated: Sandbox) -> None:
    result = await isolated.exec(["chmod", "666", "/dev/null"])  # its mode already
    assert b"not permitted" in result.stderr


async def test_the_ordinary_devices_work(isolated: Sandbox) -> None:
    script = "echo gone > /dev/null; head -c 4 /dev/urandom | wc -c; head -c 3 /dev/zero | wc -c"
    assert await shell(isolated, script) == "4\n3\n"
    made = "import os, multiprocessing as m; m.Lock(); os.openpty(); print('ok')"
    assert await python(isolated, made) == "ok"


async def test_temporary_places_are_writable_and_bounded(isolated: Sandbox) -> None:
    for place in ("/tmp", "/var/tmp", "/run", "/dev/shm"):
        script = f"echo x > {place}/x && dd if=/dev/zero of={place}/big bs=1M count=80 2>&1"
        assert "No space left" in await shell(isolated, script)
        assert (await isolated.exec(["rm", f"{place}/big"])).exit_code == 0


async def test_limits_hold_inside(bwrap: Backend) -> None:
    limits = Limits(file_bytes=1024**2, open_files=64)
    async with box(bwrap, BoxSpec(limits=limits)) as sandbox:
        assert (await shell(sandbox, "ulimit -n; ulimit -c; ulimit -f")) == "64\n0\n2048\n"
        result = await sandbox.exec(["dd", "if=/dev/zero", "of=big", "bs=1M", "count=2"])
        assert result.exit_code != 0
        assert len(await sandbox.read("big")) == 1024**2


@pytest.mark.skipif(os.geteuid() == 0, reason="the kernel exempts root from this limit")
async def test_the_number_of_processes_is_limited(bwrap: Backend) -> None:
    async with box(bwrap, BoxSpec(limits=Limits(processes=20))) as sandbox:
        script = "for i in $(seq 40); do sleep 5 & done; echo all"
        result = await sandbox.exec(["sh", "-c", script], timeout=10)
        assert b"all" not in result.stdout


@pytest.mark.parametrize("name", ["usr", "etc", "proc", "Upper", "a/b", ""])
async def test_a_mount_cannot_cover_the_system(bwrap: Backend, folder: Path, name: str) -> None:
    with pytest.raises(UsageError):
        await bwrap.create(BoxSpec(mounts={name: folder}))


HARNESS = """
import asyncio, sys
from clawgym.sandbox import BoxSpec, box, open_backend
async def main():
    async with box(open_backend("bwrap"), BoxSpec()) as sandbox:
        script = "echo 1 > started; setsid sleep $0 & sleep $0"
        running = asyncio.create_task(sandbox.exec(["sh", "-c", script, sys.argv[1]]))
        while "started" not in await sandbox.list():
            await asyncio.sleep(0.01)
        print("started", flush=True)
        await running
asyncio.run(main())
"""


@pytest.mark.usefixtures("bwrap", "elsewhere")
def test_nothing_survives_a_killed_harness() -> None:
    token = f"86410.{os.getpid()}"  # other runs of this test may be under way
    command = [sys.executable, "-c", HARNESS, token]
    harness = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert harness.stdout
    assert harness.stdout.readline() == b"started\n"
    harness.kill()
    harness.wait()
    deadline = time.monotonic() + 2
    while running_with(token) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running_with(token) == 0
    assert collect_garbage() == 1


def running_with(token: str) -> int:
    return sum(token.encode() in _said_of(pid, "cmdline") for pid in _pids())


async def test_a_box_that_cannot_be_set_up_is_our_failure(bwrap: Backend, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="vanished"):
        await bwrap.create(BoxSpec(mounts={"skills": tmp_path / "vanished"}))


async def test_a_box_that_was_killed_from_outside_is_our_failure(isolated: Sandbox) -> None:
    token = f"86426.{os.getpid()}"
    await isolated.exec(["sh", "-c", f"setsid sleep {token} &"])
    for holder in holders(token):
        os.kill(holder, signal.SIGKILL)
    await asyncio.sleep(0.1)
    with pytest.raises(SandboxError):
        await isolated.exec(["true"])


def holders(token: str) -> set[int]:
    """The bubblewrap processes of the box that runs a command; other boxes have theirs."""
    running = [pid for pid in _pids() if token.encode() in _said_of(pid, "cmdline")]
    above = {pid for command in running for pid in _ancestors(command)}
    found = {pid for pid in above if _said_of(pid, "comm") == b"bwrap\n"}
    assert found, "no box runs this command"
    return found


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _said_of(pid: int, file: str) -> bytes:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path("/proc", str(pid), file).read_bytes()
    return b""


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        status = _said_of(pid, "status").decode()
        pid = int(status.partition("PPid:\t")[2].split()[0])
        yield pid


async def test_a_hard_link_out_of_the_workspace_is_not_written_through(isolated: Sandbox) -> None:
    await isolated.write("a", b"old")
    await isolated.exec(["ln", "a", "b"])
    await isolated.write("a", b"new")
    assert await isolated.read("b") == b"old"
