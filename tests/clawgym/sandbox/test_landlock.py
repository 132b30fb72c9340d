"""What the Landlock backend promises beyond the conformance suite, and what it does not claim.

Each attack here would be harmless on the host if it worked.
"""

import asyncio
import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from clawgym.errors import SandboxError, SandboxUnsupportedError
from clawgym.files import Files
from clawgym.sandbox import (
    WORKSPACE,
    Backend,
    BoxSpec,
    Capability,
    Limits,
    Sandbox,
    box,
    collect_garbage,
)
from clawgym.sandbox.landlock import backend as module
from clawgym.sandbox.landlock.backend import LandlockBackend

BEFORE_SCOPES = 5
AS_ROOT = os.geteuid() == 0
root_only = pytest.mark.skipif(not AS_ROOT, reason="only root can make boxes other users")


@pytest.fixture(params=[7, BEFORE_SCOPES], ids=["newest", "before-scopes"])
def any_version(landlock: LandlockBackend, request: pytest.FixtureRequest) -> LandlockBackend:
    """The backend as on a new kernel and as on one that cannot keep signals inside."""
    return LandlockBackend(abi=request.param)


@pytest.fixture
async def inside(landlock: LandlockBackend) -> AsyncIterator[Sandbox]:
    async with box(landlock, BoxSpec()) as opened:
        yield opened


async def shell(sandbox: Sandbox, script: str) -> str:
    result = await sandbox.exec(["sh", "-c", script])
    return result.stdout.decode()


async def python(sandbox: Sandbox, script: str, *arguments: str) -> str:
    result = await sandbox.exec(["python3", "-I", "-c", script, *arguments])
    assert result.exit_code == 0, result.stderr.decode()
    return result.stdout.decode().strip()


def running_with(token: str) -> list[int]:
    found: list[int] = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if token.encode() in Path("/proc", name, "cmdline").read_bytes():
                found.append(int(name))
    return found


def wardens_of_ours() -> set[int]:
    """The wardens that descend from this process; other test processes have some, too."""
    return {pid for pid in running_with("warden.serve") if os.getpid() in ancestors(pid)}


def ancestors(pid: int) -> set[int]:
    found: set[int] = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        while pid > 1:
            status = Path("/proc", str(pid), "status").read_text()
            pid = int(status.partition("PPid:\t")[2].split()[0])
            found.add(pid)
    return found


async def gone(token: str) -> bool:
    """Whether no process with that word is left, at once or very soon."""
    for _ in range(100):
        if not running_with(token):
            return True
        await asyncio.sleep(0.02)
    return False


@contextlib.contextmanager
def bystander() -> Iterator["subprocess.Popen[bytes]"]:
    """A process of this user outside every box, with a secret in its environment."""
    with subprocess.Popen(["sleep", "30"], env={"KEY": "secret"}) as other:
        yield other
        other.kill()


def test_it_says_what_it_lacks(landlock: Backend) -> None:
    lacking = {Capability.PROCESSES, Capability.IPC, Capability.MEMORY, Capability.DISK}
    assert landlock.capabilities.isdisjoint(lacking)
    assert (Capability.PIDS in landlock.capabilities) == AS_ROOT


def test_without_scoped_signals_an_ordinary_user_may_not_rely_on_the_kill(
    landlock: Backend,
) -> None:
    capabilities = LandlockBackend(abi=BEFORE_SCOPES).capabilities
    assert (Capability.KILL_TREE in capabilities) == AS_ROOT


@pytest.mark.parametrize(
    "spec",
    [
        BoxSpec(requires=frozenset({Capability.PROCESSES})),
        BoxSpec(allowed_hosts=("example.org",)),
    ],
)
async def test_what_it_lacks_is_refused_by_name(landlock: Backend, spec: BoxSpec) -> None:
    with pytest.raises(SandboxUnsupportedError, match="landlock"):
        await landlock.create(spec)


# Files


@pytest.mark.parametrize(
    "place", ["/", "/root", "/home", "/tmp", "/var", "/run", "/proc", "/sys", "/dev", "/dev/shm"]
)
async def test_host_directories_cannot_be_listed(inside: Sandbox, place: str) -> None:
    script = (
        "import os, sys\ntry: print(os.listdir(sys.argv[1]))\nexcept OSError as e: print(e.errno)"
    )
    assert await python(inside, script, place) in {str(errno.EACCES), str(errno.ENOENT)}


async def test_files_of_the_host_can_be_neither_read_nor_written(
    inside: Sandbox, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_text("of the host")
    script = """
import os, sys
path, tried = sys.argv[1], []
def attempt(name, action):
    try: action(); tried.append(name)
    except OSError: pass
attempt("read", lambda: open(path).read())
attempt("write", lambda: open(path, "a"))
attempt("truncate", lambda: os.truncate(path, 0))
attempt("open truncating", lambda: os.open(path, os.O_RDONLY | os.O_TRUNC))
attempt("unlink", lambda: os.unlink(path))
attempt("rename", lambda: os.rename(path, path + "2"))
attempt("take away", lambda: os.rename(path, "taken"))
attempt("hard link", lambda: os.link(path, "link"))
attempt("create", lambda: open(path + "3", "w"))
attempt("mkdir", lambda: os.mkdir(path + "4"))
attempt("through a link", lambda: (os.symlink(path, "soft"), open("soft").read()))
attempt("replace", lambda: (open("mine", "w").close(), os.rename("mine", path)))
attempt("attribute", lambda: os.setxattr(path, "user.x", b"1"))
print(tried)
"""
    assert await python(inside, script, str(target)) == "[]"
    assert target.read_text() == "of the host"
    assert os.listdir(tmp_path) == ["target"]


@root_only
async def test_under_root_modes_and_times_of_host_files_cannot_be_changed(
    inside: Sandbox, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.touch(mode=0o600)
    for change in ("chmod(sys.argv[1], 0o777)", "utime(sys.argv[1], (1, 1))"):
        script = f"import os, sys\ntry: os.{change}\nexcept PermissionError: print('refused')"
        assert await python(inside, script, str(target)) == "refused"
    assert target.stat().st_mode & 0o777 == 0o600


async def test_the_repository_and_the_harness_python_cannot_be_read(inside: Sandbox) -> None:
    for path in (__file__, "/etc/shadow", f"{sys.prefix}/pyvenv.cfg", "/etc/hostname"):
        assert (await inside.exec(["cat", path])).exit_code == 1


@pytest.mark.parametrize("place", ["/usr", "/etc", "/usr/bin", "/dev", "/proc/sys/kernel"])
async def test_the_system_cannot_be_written(inside: Sandbox, place: str) -> None:
    assert (await inside.exec(["sh", "-c", f"echo x > {place}/planted"])).exit_code != 0
    assert "planted" not in os.listdir(place)


async def test_kernel_settings_cannot_be_opened_for_writing(inside: Sandbox) -> None:
    result = await inside.exec(["sh", "-c", ": >> /proc/sys/kernel/core_pattern"])
    assert result.exit_code != 0


async def test_other_boxes_cannot_be_read(landlock: Backend, inside: Sandbox) -> None:
    async with box(landlock, BoxSpec(files=Files({"other.txt": "secret"}))) as other:
        path = f"{other.place(WORKSPACE)}/other.txt"
        assert await other.read("other.txt") == b"secret"
        assert "Permission denied" in await shell(inside, f"cat {path} 2>&1")
        assert "Permission denied" in await shell(inside, f"ls {other.place(WORKSPACE)} 2>&1")


async def test_temporary_files_have_a_place_of_their_own(inside: Sandbox) -> None:
    script = "import tempfile; f = tempfile.NamedTemporaryFile(); print(f.name)"
    assert (await python(inside, script)).startswith(await shell(inside, "printf %s $TMPDIR"))


async def test_a_read_only_workspace_cannot_be_written(landlock: Backend) -> None:
    spec = BoxSpec(files=Files({"a": "1"}), workspace_read_only=True)
    async with box(landlock, spec) as sandbox:
        assert (await sandbox.exec(["sh", "-c", "echo 2 > a"])).exit_code != 0
        assert (await sandbox.exec(["sh", "-c", "cat a"])).stdout == b"1"


async def test_what_is_lent_comes_back_with_its_owner(
    landlock: Backend, folder: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "deep").mkdir(parents=True)
    (workspace / "deep" / "old.sh").write_text("echo ran")
    spec = BoxSpec(workspace_dir=workspace, writable={"logs": folder})
    script = (
        "chmod +x deep/old.sh && deep/old.sh && mkdir new && echo 1 > new/file &&"
        "ln -s /etc/passwd new/link && echo 2 > $CLAWGYM_LOGS/log && git init -q ."
    )
    async with box(landlock, spec) as sandbox:
        result = await sandbox.exec(["sh", "-c", script])
        assert (result.stdout, result.stderr) == (b"ran\n", b"")
    lent = [workspace, *workspace.rglob("*"), folder, folder / "note.txt"]
    assert {path.lstat().st_uid for path in lent} == {os.getuid()}
    assert not AS_ROOT or (folder / "log").stat().st_uid != 0  # nothing of a box becomes root's
    assert (folder / "log").read_text() == "2\n"
    assert os.stat("/etc/passwd").st_uid == 0


async def test_what_the_harness_writes_belongs_to_the_box(inside: Sandbox) -> None:
    await inside.write("deep/run.sh", b"echo ran")
    assert await shell(inside, "chmod +x deep/run.sh && deep/run.sh") == "ran\n"


@root_only
async def test_directories_that_let_nobody_through_cost_one_capability(
    landlock: Backend, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    (locked / "workspace").mkdir(parents=True)
    locked.chmod(0o700)
    async with box(landlock, BoxSpec(workspace_dir=locked / "workspace")) as sandbox:
        assert await shell(sandbox, "echo 1 > $CLAWGYM_WORKSPACE/a && cat a") == "1\n"
        assert (await sandbox.exec(["cat", "/etc/shadow"])).exit_code == 1


# Network and IPC


@pytest.mark.parametrize(
    "attempt",
    [
        "s.create_connection(('127.0.0.1', port), timeout=2)",
        "s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))",
        "s.create_server(('127.0.0.1', 0))",
        "s.socket(s.AF_UNIX).connect(path)",
        "s.socket(s.AF_UNIX).connect(chr(0) + 'clawgym-test')",
        "s.socketpair(s.AF_UNIX, s.SOCK_DGRAM)[0].sendto(b'x', path)",
    ],
    ids=["tcp", "udp", "listen", "unix", "abstract", "datagram pair"],
)
async def test_no_socket_reaches_anybody(inside: Sandbox, tmp_path: Path, attempt: str) -> None:
    script = f"""
import socket as s, sys
port, path = int(sys.argv[1]), sys.argv[2]
try: {attempt}; print("done")
except PermissionError: print("refused")
"""
    path = str(tmp_path / "s")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        unix.listen()
        port = server.getsockname()[1]
        assert await python(inside, script, str(port), path) == "refused"


async def test_shared_memory_of_the_host_is_closed(inside: Sandbox) -> None:
    script = """
from multiprocessing import shared_memory
try: shared_memory.SharedMemory(create=True, size=10); print("made")
except PermissionError: print("refused")
"""
    assert await python(inside, script) == "refused"
    assert (await inside.exec(["ipcmk", "-M", "10"])).exit_code != 0


# Processes


async def test_nothing_of_the_harness_can_be_read_in_proc(
    inside: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This user's own processes: in an open /proc, nothing but Landlock stands before them
    with bystander() as other:
        for pid in (other.pid, os.getpid(), "$PPID", "self"):
            for name in ("environ", "cmdline", "status", "maps", "mem", "stat", "cwd/x"):
                result = await inside.exec(["sh", "-c", f"cat /proc/{pid}/{name}"])
                assert (result.exit_code, result.stdout) == (1, b""), (pid, name)
            seen = await shell(inside, f"ls /proc/{pid}/fd; readlink /proc/{other.pid}/cwd")
            assert seen == ""


async def test_signals_do_not_leave_the_box(inside: Sandbox) -> None:
    me = os.getpid()
    ancestors = [me, me_parent(running_warden()), running_warden()]
    for pid in ancestors:
        assert (await inside.exec(["kill", "-0", str(pid)])).exit_code != 0
    with bystander() as other:
        await inside.exec(["python3", "-c", "import os; os.kill(-1, 9)"])
        assert other.poll() is None


def running_warden() -> int:
    """A warden of this process: the newest process of its nursery."""
    nursery = max(children(os.getpid()) & set(running_with("warden.serve")))
    return max(children(nursery))


def me_parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        found |= set(map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split()))
    return found


async def test_there_are_no_privileges_and_no_way_to_get_any(inside: Sandbox) -> None:
    script = """
import ctypes, struct
libc = ctypes.CDLL(None)
data = ctypes.create_string_buffer(24)
libc.capget(struct.pack("Ii", 0x20080522, 0), data)
words = struct.unpack("6I", data.raw)
print(libc.prctl(39, 0, 0, 0, 0), max(words[:3]), max(words[3:]))
"""
    assert await python(inside, script) == "1 0 0"
    user = int(await shell(inside, "id -u"))
    assert (user not in (0, 65534)) if AS_ROOT else (user == os.getuid())
    assert (await inside.exec(["unshare", "--user", "true"])).exit_code != 0


async def test_a_command_has_three_descriptors(inside: Sandbox) -> None:
    script = """
import os
def is_open(n):
    try: os.fstat(n); return True
    except OSError: return False
print([n for n in range(1024) if is_open(n)])
"""
    assert await python(inside, script) == "[0, 1, 2]"


@root_only
async def test_every_box_is_another_user(landlock: Backend, inside: Sandbox) -> None:
    async with box(landlock, BoxSpec()) as other:
        assert await shell(inside, "id -u") != await shell(other, "id -u")


async def test_limits_hold_inside(landlock: Backend) -> None:
    limits = Limits(file_bytes=1024**2, open_files=64, memory_bytes=256 * 1024**2)
    async with box(landlock, BoxSpec(limits=limits)) as sandbox:
        assert await shell(sandbox, "ulimit -n; ulimit -c; ulimit -f") == "64\n0\n2048\n"
        result = await sandbox.exec(["dd", "if=/dev/zero", "of=big", "bs=1M", "count=2"])
        assert result.exit_code != 0
        result = await sandbox.exec(["python3", "-c", "bytearray(1 << 29)"])
        assert b"MemoryError" in result.stderr


@root_only
async def test_the_number_of_processes_is_limited(landlock: Backend) -> None:
    async with box(landlock, BoxSpec(limits=Limits(processes=20))) as sandbox:
        script = "for i in $(seq 40); do sleep 5 & done; echo all"
        result = await sandbox.exec(["sh", "-c", script], timeout=5)
        assert b"all" not in result.stdout
        assert (await sandbox.exec(["true"])).exit_code in (0, 126)


@pytest.mark.parametrize(
    "script",
    [
        "git init -q . && git add -A && git -c user.name=n -c user.email=e commit -qm 1 && echo ok",
        "printf 'int main(){return 0;}' > x.c && gcc x.c -o x && ./x && echo ok",
        "python3 -m venv --without-pip v && v/bin/python -c 'print(\"ok\")'",
        "tar cf a.tar a.txt && mkdir t && tar xf a.tar -C t && cp -a t u && cat u/a.txt",
        "echo 'print(\"ok\")' | python3 /dev/stdin",
        "bash -c 'cat <(echo ok)' 2>&1 || echo ok",
        "awk 'BEGIN { print \"ok\" }' > o; sort o | tee p > /dev/null; cat p >&2; cat p",
    ],
    ids=["git", "gcc", "venv", "tar", "stdin", "bash", "pipes"],
)
async def test_ordinary_work_goes_on(landlock: Backend, script: str) -> None:
    async with box(landlock, BoxSpec(files=Files({"a.txt": "ok\n"}))) as sandbox:
        result = await sandbox.exec(["sh", "-c", script])
        if result.exit_code == 127:
            pytest.skip(result.stderr.decode())
        assert result.stdout == b"ok\n", result.stderr.decode()


# The kill


STUBBORN = "trap '' TERM; setsid sh -c \"trap '' TERM; (sleep $0 &) ; sleep $0\" $0 & sleep $0"
RUNNER_AWAY = """
import os, sys, time
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        while True:  # a new process each time: whoever looks for it is late
            if os.fork(): os._exit(0)
print("started", flush=True)
time.sleep(60)
"""


async def test_background_processes_go_on_and_later_commands_can_stop_them(
    any_version: LandlockBackend,
) -> None:
    token = f"86421.{os.getpid()}"  # other runs of this test may be under way
    async with box(any_version, BoxSpec()) as sandbox:
        await sandbox.exec(["sh", "-c", f"sleep {token} & echo $! > pid"])
        assert running_with(token)
        assert (await sandbox.exec(["sh", "-c", "kill $(cat pid)"])).exit_code == 0
        assert await gone(token)


@pytest.mark.parametrize("script", [STUBBORN, RUNNER_AWAY], ids=["daemons", "chains"])
async def test_a_timeout_kills_all_and_the_box_lives_on(
    any_version: LandlockBackend, script: str
) -> None:
    token = f"86422.{os.getpid()}"  # other runs of this test may be under way
    program = ["sh", "-c"] if script is STUBBORN else ["python3", "-c"]
    async with box(any_version, BoxSpec()) as sandbox:
        started = time.monotonic()
        result = await sandbox.exec([*program, script, token], timeout=0.5)
        assert result.timed_out
        assert time.monotonic() - started < 5
        assert await gone(token)
        assert (await sandbox.exec(["echo", "alive"])).stdout == b"alive\n"


async def test_sealing_kills_what_was_left_in_the_background(any_version: LandlockBackend) -> None:
    token = f"86423.{os.getpid()}"  # other runs of this test may be under way
    async with box(any_version, BoxSpec()) as sandbox:
        await sandbox.exec(["sh", "-c", f"(setsid sleep {token} &); setsid sleep {token} &"])
        assert len(running_with(token)) == 2
        await sandbox.seal()
        assert running_with(token) == []


@root_only
async def test_a_fork_bomb_is_bounded_and_killed(any_version: LandlockBackend) -> None:
    token = f"86424.{os.getpid()}"  # other runs of this test may be under way
    script = "import os, sys\nwhile True:\n  try: os.fork()\n  except OSError: pass"
    async with box(any_version, BoxSpec(limits=Limits(processes=60))) as sandbox:
        result = await sandbox.exec(["python3", "-c", script, token], timeout=0.7)
        assert result.timed_out
        assert running_with(token) == []
        assert (await sandbox.exec(["true"])).exit_code == 0


async def test_killing_everybody_inside_ends_the_box_for_nobody(
    any_version: LandlockBackend,
) -> None:
    if Capability.KILL_TREE not in any_version.capabilities:
        pytest.skip("here `kill -1` would reach this user's other processes")
    async with box(any_version, BoxSpec()) as sandbox:
        other = asyncio.create_task(sandbox.exec(["sleep", "50"]))
        await asyncio.sleep(0.1)
        result = await sandbox.exec(["python3", "-c", "import os; os.kill(-1, 9); print('on')"])
        assert result.exit_code in (0, 137)
        assert (await other).exit_code == 137
        assert (await sandbox.exec(["echo", "alive"])).stdout == b"alive\n"


async def test_a_box_whose_warden_was_killed_is_dead_and_so_is_all_in_it(
    landlock: Backend,
) -> None:
    token = f"86425.{os.getpid()}"  # other runs of this test may be under way
    async with box(landlock, BoxSpec()) as sandbox:
        await sandbox.exec(["sh", "-c", f"setsid sleep {token} &"])
        os.kill(running_warden(), signal.SIGKILL)
        assert await gone(token)
        with pytest.raises(SandboxError, match="dead"):
            await sandbox.exec(["true"])


async def test_boxes_outlive_the_process_that_made_them(landlock: Backend) -> None:
    async with box(landlock, BoxSpec()) as sandbox:
        os.kill(me_parent(running_warden()), signal.SIGKILL)
        assert (await sandbox.exec(["echo", "alive"])).stdout == b"alive\n"
        await asyncio.sleep(0.05)
        async with box(landlock, BoxSpec()) as another:
            assert (await another.exec(["echo", "new"])).stdout == b"new\n"


async def test_closed_boxes_leave_nothing(landlock: Backend) -> None:
    async with box(landlock, BoxSpec()) as sandbox:
        await sandbox.exec(["true"])
    descriptors, processes = len(os.listdir("/proc/self/fd")), wardens_of_ours()
    for _ in range(5):
        async with box(landlock, BoxSpec()) as sandbox:
            await sandbox.exec(["sh", "-c", "sleep 60 &"])
    assert wardens_of_ours() <= processes
    assert len(os.listdir("/proc/self/fd")) == descriptors


HARNESS = """
import asyncio, sys
from clawgym.sandbox import BoxSpec, box
from clawgym.sandbox.landlock.backend import LandlockBackend
async def main():
    async with box(LandlockBackend(abi=int(sys.argv[2])), BoxSpec()) as sandbox:
        script = "(setsid sleep $0 &); echo 1 > started; setsid sleep $0 & sleep $0"
        running = asyncio.create_task(sandbox.exec(["sh", "-c", script, sys.argv[1]]))
        while "started" not in await sandbox.list():
            await asyncio.sleep(0.01)
        print("started", flush=True)
        await running
asyncio.run(main())
"""


@pytest.mark.usefixtures("landlock", "elsewhere")
@pytest.mark.parametrize("abi", [7, BEFORE_SCOPES])
def test_nothing_survives_a_killed_harness(abi: int) -> None:
    token = f"86426.{os.getpid()}"  # other runs of this test may be under way
    command = [sys.executable, "-c", HARNESS, token, str(abi)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as harness:
        assert harness.stdout
        assert harness.stdout.readline() == b"started\n"
        harness.kill()
    assert asyncio.run(gone(token))
    assert collect_garbage() == 1


# The doctor


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSYS, "6.2"), (errno.EOPNOTSUPP, "lsm="), (errno.EPERM, "seccomp profile")],
)
def test_why_there_is_no_landlock_and_what_to_do(number: int, advice: str) -> None:
    refusal = module._without_landlock(OSError(number, os.strerror(number)))
    assert advice in refusal.fix
