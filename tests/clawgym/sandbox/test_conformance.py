"""What every backend promises, whether it isolates or not."""

import asyncio
import os
import time
from pathlib import Path

import anyio
import pytest

from clawgym.errors import SandboxError, UsageError
from clawgym.files import File, Files
from clawgym.sandbox import WORKSPACE, Backend, BoxSpec, Capability, Limits, Sandbox, box
from clawgym.sandbox._home import box_home


def processes_with(argument: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if argument.encode() in words:
                found.append(int(entry.name))
    return found


async def gone(argument: str) -> bool:
    """Whether no process with that argument is left, at once or very soon."""
    for _ in range(50):
        if not processes_with(argument):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_command_has_output_and_an_exit_code(sandbox: Sandbox) -> None:
    result = await sandbox.exec(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"out\n", b"err\n")
    assert not result.timed_out
    assert not result.truncated


async def test_a_signal_is_an_exit_code_above_128(sandbox: Sandbox) -> None:
    assert (await sandbox.exec(["sh", "-c", "kill -9 $$"])).exit_code == 137


async def test_a_missing_program_is_127_with_a_message(sandbox: Sandbox) -> None:
    result = await sandbox.exec(["no-such-program"])
    assert result.exit_code == 127
    assert b"no-such-program" in result.stderr


@pytest.mark.parametrize("argument", ["x" * 200_000, "a\0b", "\ud800"])
async def test_an_argument_no_system_can_pass_is_126(sandbox: Sandbox, argument: str) -> None:
    result = await sandbox.exec(["echo", argument])
    assert result.exit_code == 126
    assert result.stderr.startswith(b"box: ")


async def test_an_empty_command_is_the_callers_mistake(sandbox: Sandbox) -> None:
    with pytest.raises(UsageError):
        await sandbox.exec([])


async def test_commands_start_in_the_workspace(sandbox: Sandbox) -> None:
    result = await sandbox.exec(["pwd"])
    assert result.stdout.decode().strip() == sandbox.place(WORKSPACE)


async def test_a_command_can_start_in_another_directory(sandbox: Sandbox) -> None:
    await sandbox.write("deep/er/file", b"")
    result = await sandbox.exec(["ls"], cwd=f"{sandbox.place(WORKSPACE)}/deep/er")
    assert result.stdout == b"file\n"


async def test_a_missing_directory_is_126_not_an_exception(sandbox: Sandbox) -> None:
    assert (await sandbox.exec(["true"], cwd="/no/such/place")).exit_code == 126


async def test_python_is_there(sandbox: Sandbox) -> None:
    result = await sandbox.exec(["python3", "-c", "import sys; print(sys.version_info >= (3, 9))"])
    assert result.stdout == b"True\n"


async def test_the_environment_is_made_from_nothing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    result = await sandbox.exec(["env"], env={"MORE": "yes"})
    names = {line.split("=")[0] for line in result.stdout.decode().splitlines()}
    ours = {"PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE", "CLAWGYM_WORKSPACE", "MORE"}
    assert ours <= names <= ours | {"PWD", "SHLVL", "_", "TMPDIR", "CLAWGYM_BOX"}


async def test_a_variable_no_shell_can_carry_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(UsageError):
        await sandbox.exec(["true"], env={"A-B": "1"})


async def test_standard_input_is_what_was_given(sandbox: Sandbox) -> None:
    data = os.urandom(300_000)
    assert (await sandbox.exec(["wc", "-c"], stdin=data)).stdout == b"300000\n"
    assert (await sandbox.exec(["cat", "/dev/stdin"], stdin=b"again")).stdout == b"again"


async def test_without_standard_input_a_reader_sees_its_end(sandbox: Sandbox) -> None:
    assert (await sandbox.exec(["cat"])).stdout == b""


async def test_output_keeps_both_ends_and_counts_all(backend: Backend) -> None:
    async with box(backend, BoxSpec(limits=Limits(output_bytes=10))) as sandbox:
        result = await sandbox.exec(["sh", "-c", "printf 'ABCDE%0100dvwxyz' 0"])
        assert result.stdout == b"ABCDEvwxyz"
        assert result.stdout_bytes == 110
        assert result.truncated


async def test_output_of_exactly_the_limit_is_whole(backend: Backend) -> None:
    async with box(backend, BoxSpec(limits=Limits(output_bytes=7))) as sandbox:
        result = await sandbox.exec(["printf", "1234567"])
        assert result.stdout == b"1234567"
        assert not result.truncated


async def test_a_flood_of_output_does_not_fill_our_memory(sandbox: Sandbox) -> None:
    before = _peak_kib()
    result = await sandbox.exec(["head", "-c", str(256 * 1024**2), "/dev/zero"])
    assert result.stdout_bytes == 256 * 1024**2
    assert len(result.stdout) == Limits().output_bytes
    assert _peak_kib() - before < 32 * 1024


def _peak_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    raise AssertionError("no VmHWM")


STUBBORN = "trap '' TERM; setsid sh -c \"trap '' TERM; (sleep $0 &) ; sleep $0\" $0 & sleep $0"


async def test_a_timeout_kills_the_whole_tree_and_the_box_lives_on(sandbox: Sandbox) -> None:
    token = f"86401.{os.getpid()}"  # other runs of this test may be under way
    started = time.monotonic()
    result = await sandbox.exec(["sh", "-c", STUBBORN, token], timeout=0.4)
    assert time.monotonic() - started < 3
    assert result.timed_out
    assert result.exit_code is None
    assert await gone(token)
    assert (await sandbox.exec(["echo", "alive"])).stdout == b"alive\n"


async def test_output_before_a_timeout_is_kept(sandbox: Sandbox) -> None:
    result = await sandbox.exec(["sh", "-c", "echo first; sleep 60"], timeout=0.4)
    assert result.stdout == b"first\n"


async def test_the_default_timeout_comes_from_the_limits(backend: Backend) -> None:
    async with box(backend, BoxSpec(limits=Limits(wall_seconds=0.2))) as sandbox:
        assert (await sandbox.exec(["sleep", "60"])).timed_out


async def test_what_a_command_leaves_running_does_not_outlive_the_box(
    backend: Backend, sandbox: Sandbox
) -> None:
    token = f"86402.{os.getpid()}"  # other runs of this test may be under way
    result = await sandbox.exec(["sh", "-c", "setsid sleep $0 & echo done", token])
    assert result.stdout == b"done\n"
    assert result.seconds < 5
    if Capability.BACKGROUND not in backend.capabilities:
        assert await gone(token)
    await sandbox.seal()
    assert await gone(token)


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.3])
async def test_cancelling_a_command_leaves_nothing(sandbox: Sandbox, delay: float) -> None:
    token = f"8640{3 + delay}"
    running = asyncio.create_task(sandbox.exec(["sh", "-c", STUBBORN, token]))
    await asyncio.sleep(delay)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await gone(token)
    assert (await sandbox.exec(["true"])).exit_code == 0


async def test_a_cancel_scope_around_a_command_leaves_nothing(sandbox: Sandbox) -> None:
    token = f"86409.{os.getpid()}"  # other runs of this test may be under way
    with anyio.move_on_after(0.2) as scope:  # cancels again and again until its block ends
        await sandbox.exec(["sh", "-c", STUBBORN, token])
    assert scope.cancelled_caught
    assert await gone(token)


async def test_commands_leave_no_descriptor_behind(sandbox: Sandbox) -> None:
    await sandbox.exec(["true"])
    before = len(os.listdir("/proc/self/fd"))
    for argv in (["true"], ["no-such-program"], ["echo", "x" * 200_000], ["sleep", "60"]):
        await sandbox.exec(argv, stdin=b"x", timeout=0.1)
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_box_that_is_cancelled_is_removed(backend: Backend) -> None:
    before = set(box_home().path.glob("box-*"))

    async def use() -> None:
        async with box(backend, BoxSpec()) as sandbox:
            await sandbox.exec(["sleep", "60"])

    running = asyncio.create_task(use())
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert set(box_home().path.glob("box-*")) == before


async def test_commands_of_one_box_may_run_side_by_side(sandbox: Sandbox) -> None:
    results = await asyncio.gather(*(sandbox.exec(["echo", str(n)]) for n in range(8)))
    assert [result.stdout for result in results] == [f"{n}\n".encode() for n in range(8)]


async def test_a_new_box_holds_its_files(backend: Backend) -> None:
    files = Files({"a/data.txt": "text", "run.sh": File(b"#!/bin/sh\necho ran\n", executable=True)})
    async with box(backend, BoxSpec(files=files)) as sandbox:
        assert await sandbox.read("a/data.txt") == b"text"
        assert (await sandbox.exec(["./run.sh"])).stdout == b"ran\n"


async def test_host_and_box_see_each_others_writes(sandbox: Sandbox) -> None:
    await sandbox.write("in/x.txt", b"one")
    await sandbox.exec(["sh", "-c", "tr a-z A-Z < in/x.txt > y.txt; mkdir -p d"])
    assert await sandbox.read("y.txt") == b"ONE"
    assert await sandbox.list() == ["d/", "in/", "y.txt"]
    assert await sandbox.list("in") == ["x.txt"]


async def test_mounts_stand_at_their_places(backend: Backend, folder: Path) -> None:
    async with box(backend, BoxSpec(mounts={"skills": folder})) as sandbox:
        result = await sandbox.exec(["sh", "-c", 'cat "$CLAWGYM_SKILLS/note.txt"; echo; pwd'])
        assert result.stdout.startswith(b"from the host\n")
        listed = await sandbox.exec(["cat", f"{sandbox.place('skills')}/note.txt"])
        assert listed.stdout == b"from the host"


async def test_a_box_cannot_change_what_is_mounted(backend: Backend, folder: Path) -> None:
    async with box(backend, BoxSpec(mounts={"tests": folder})) as sandbox:
        await sandbox.exec(["sh", "-c", 'echo hacked > "$CLAWGYM_TESTS/note.txt"'])
    assert (folder / "note.txt").read_text() == "from the host"


async def test_a_writable_mount_is_read_by_the_host(backend: Backend, folder: Path) -> None:
    async with box(backend, BoxSpec(writable={"logs": folder})) as sandbox:
        await sandbox.exec(["sh", "-c", 'echo 1 > "$CLAWGYM_LOGS/reward.txt"'])
    assert (folder / "reward.txt").read_text() == "1\n"
    assert (folder / "note.txt").exists()


async def test_a_mount_that_does_not_exist_is_named(backend: Backend, tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="absent"):
        await backend.create(BoxSpec(mounts={"skills": tmp_path / "absent"}))


async def test_a_mount_cannot_take_the_place_of_the_workspace(
    backend: Backend, folder: Path
) -> None:
    with pytest.raises(UsageError):
        await backend.create(BoxSpec(mounts={"workspace": folder}))


async def test_a_read_only_workspace_has_no_home(backend: Backend) -> None:
    spec = BoxSpec(files=Files({"a": "1"}), workspace_read_only=True)
    async with box(backend, spec) as sandbox:
        assert (await sandbox.exec(["sh", "-c", "echo $HOME"])).stdout == b"/nonexistent\n"
        with pytest.raises(OSError, match="read-only"):
            await sandbox.write("a", b"2")
        assert await sandbox.read("a") == b"1"


async def test_a_sealed_box_only_shows_its_files(sandbox: Sandbox) -> None:
    await sandbox.write("kept.txt", b"kept")
    await sandbox.seal()
    with pytest.raises(SandboxError, match="sealed"):
        await sandbox.exec(["true"])
    with pytest.raises(SandboxError, match="sealed"):
        await sandbox.write("more.txt", b"")
    assert await sandbox.read("kept.txt") == b"kept"
    assert (await sandbox.collect()).files == Files({"kept.txt": b"kept"})


async def test_sealing_kills_what_runs(sandbox: Sandbox) -> None:
    token = f"86407.{os.getpid()}"  # other runs of this test may be under way
    running = asyncio.create_task(sandbox.exec(["sh", "-c", STUBBORN, token]))
    await asyncio.sleep(0.3)
    await sandbox.seal()
    assert await gone(token)
    with pytest.raises(SandboxError, match="sealed while"):
        await running


async def test_collecting_needs_a_seal(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="seal"):
        await sandbox.collect()


async def test_links_are_neither_read_nor_written_nor_collected(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    await sandbox.exec(["sh", "-c", f"ln -s {secret} link; ln -s {tmp_path} dir; ln -s / root"])
    for path in ("link", "dir/secret", "root/etc/passwd"):
        with pytest.raises(OSError, match="symbolic"):
            await sandbox.read(path)
        with pytest.raises(OSError, match="symbolic"):
            await sandbox.write(path, b"overwritten")
    assert secret.read_text() == "secret"
    await sandbox.seal()
    collected = await sandbox.collect()
    assert not collected.files
    assert {(entry.path, entry.reason) for entry in collected.skipped} == {
        ("link", "symlink"),
        ("dir", "symlink"),
        ("root", "symlink"),
    }


async def test_closing_twice_is_fine_and_nothing_stays(backend: Backend) -> None:
    before = set(box_home().path.glob("box-*"))
    sandbox = await backend.create(BoxSpec(files=Files({"a": "1"})))
    await sandbox.close()
    await sandbox.close()
    assert set(box_home().path.glob("box-*")) == before
    with pytest.raises(SandboxError, match="closed"):
        await sandbox.read("a")


async def test_a_deep_and_locked_tree_is_removed(backend: Backend) -> None:
    before = set(box_home().path.glob("box-*"))
    script = """
import os
os.mkdir("locked"); open("locked/file", "w").close(); os.chmod("locked", 0)
for _ in range(1200):
    os.mkdir("d"); os.chdir("d")
"""
    async with box(backend, BoxSpec()) as sandbox:
        assert (await sandbox.exec(["python3", "-c", script])).exit_code == 0
    assert set(box_home().path.glob("box-*")) == before


@pytest.mark.parametrize("name", ["usr", "workspace", "Upper", "a/b", ""])
async def test_a_mount_cannot_cover_the_system(backend: Backend, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot have a mount named"):
        await backend.create(BoxSpec(mounts={name: tmp_path}))
