"""The process beside each harness that makes boxes: what it survives, and what survives it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clawgym.errors import SandboxError
from clawgym.sandbox import Backend, BoxSpec, Limits, Sandbox, box

BOMB = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"


def children(pid: int) -> list[int]:
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def keepers() -> list[int]:
    """The keeper, and the parent that it has outside its process namespace."""
    named = [pid for pid in children(os.getpid()) if b"keeper" in cmdline(pid)]
    return [*named, *(child for pid in named for child in children(pid))]


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.parametrize("which", [0, 1])
async def test_a_killed_keeper_is_replaced(bwrap: Backend, which: int) -> None:
    async with box(bwrap, BoxSpec()) as lost:
        running = asyncio.create_task(lost.exec(["sleep", "60"]))
        await asyncio.sleep(0.1)
        os.kill(keepers()[which], signal.SIGKILL)
        with pytest.raises(SandboxError, match="keeper is gone"):
            await running
        async with box(bwrap, BoxSpec()) as another:
            assert (await another.exec(["true"])).exit_code == 0
        with pytest.raises(SandboxError, match="keeper is gone"):
            await lost.exec(["true"])


async def test_a_box_whose_keeper_is_gone_can_be_sealed_and_closed(bwrap: Backend) -> None:
    async with box(bwrap, BoxSpec()) as lost:
        await lost.write("kept", b"still here")
        os.kill(keepers()[0], signal.SIGKILL)
        await lost.seal()
        assert (await lost.collect()).files["kept"].data == b"still here"


HARNESS = """
import asyncio, os, signal, sys
from clawgym.sandbox import BoxSpec, open_backend
from tests.clawgym.sandbox.test_keeper import keepers
async def main():
    box = await open_backend("bwrap").create(BoxSpec())
    asyncio.get_running_loop().call_later(0.2, os.kill, keepers()[int(sys.argv[1])], signal.SIGKILL)
    try:
        await box.exec(["sleep", "60"])
    finally:
        print(os.getpid())
asyncio.run(main())
"""


@pytest.mark.parametrize("which", [0, 1])
def test_a_harness_removes_what_its_killed_keeper_left(
    bwrap: Backend, elsewhere: Path, which: int
) -> None:
    env = {**os.environ, "TMPDIR": str(elsewhere), "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, "-c", HARNESS, str(which)],
        capture_output=True,
        text=True,
        env=env,
        timeout=30,
        check=False,
    )
    assert "keeper is gone" in ran.stderr
    assert list(elsewhere.glob("clawgym-*/boxes/*")) == []
    ours = f"clawgym-{ran.stdout.strip()}-"
    groups = [name for _, names, _ in os.walk("/sys/fs/cgroup") for name in names]
    assert not [name for name in groups if name.startswith(ours)]


async def test_commands_that_run_out_of_time_together_all_end_at_once(isolated: Sandbox) -> None:
    started = time.monotonic()
    results = await asyncio.gather(*(isolated.exec(["sleep", "60"], timeout=0.2) for _ in range(8)))
    # The first one whose time is over takes the others along, before or after theirs is.
    assert any(result.timed_out for result in results)
    assert all(result.timed_out or result.exit_code == 128 + 9 for result in results)
    assert time.monotonic() - started < 5


async def test_a_command_without_any_time_is_killed_on_its_way_in(isolated: Sandbox) -> None:
    for _ in range(20):
        assert (await isolated.exec(["sleep", "60"], timeout=0.0)).timed_out
    assert (await isolated.exec(["true"])).exit_code == 0


async def test_the_next_command_can_fork_after_a_fork_bomb(bwrap: Backend) -> None:
    async with box(bwrap, BoxSpec(limits=Limits(processes=100))) as bombed:
        for _ in range(3):
            await bombed.exec(["python3", "-I", "-S", "-c", BOMB], timeout=0.2)
            after = await bombed.exec(["sh", "-c", "for i in 1 2 3 4 5; do true & done; wait"])
            assert after.stderr == b""


async def test_orphans_do_not_stay_as_zombies(isolated: Sandbox) -> None:
    for _ in range(5):
        await isolated.exec(["sh", "-c", "(setsid sleep 0.01 &)"])
    await asyncio.sleep(0.3)
    states = await isolated.exec(["sh", "-c", "cat /proc/[0-9]*/stat"])
    assert b") Z " not in states.stdout


async def test_a_box_whose_making_is_cancelled_leaves_no_process(bwrap: Backend) -> None:
    async with box(bwrap, BoxSpec()):
        pass
    keeper = keepers()[-1]
    before = set(children(keeper))  # the warm interpreter, where an earlier test used it
    for number in range(20):
        making = asyncio.create_task(bwrap.create(BoxSpec()))
        await asyncio.sleep(number / 4000)
        making.cancel()
        await asyncio.wait({making})
        if not making.cancelled():
            await making.result().close()
    for _ in range(250):
        if set(children(keeper)) <= before:
            break
        await asyncio.sleep(0.02)
    assert set(children(keeper)) <= before
