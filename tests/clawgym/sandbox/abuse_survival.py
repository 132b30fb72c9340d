"""Ways to outlive the command, the seal, the box's own holder and the harness."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from clawgym.errors import SandboxError
from tests.clawgym.sandbox.abuse_case import (
    ANYWHERE,
    DEAF,
    FILESYSTEM,
    KILL_TREE,
    PATIENCE,
    PROCESSES,
    Abuse,
    Evidence,
    Play,
    claimed,
)
from tests.clawgym.sandbox.abuse_host import kill_all, processes_in, processes_with


async def outlive_the_command(play: Play) -> None:
    """The command ends at once; what holds its output must not hold the harness."""
    result = await play.run(timeout=15)
    if result.timed_out or result.seconds > PATIENCE:
        play.notice(f"held the harness for {result.seconds:.1f} s")


async def outlive_the_seal(play: Play) -> None:
    await play.run()
    await play.sandbox.seal()
    play.alive = False
    if left := processes_with(play.token):
        play.notice(f"survived the seal: {len(left)} processes")
    before = await play.sandbox.read("log")
    await asyncio.sleep(0.2)
    if await play.sandbox.read("log") != before:
        play.notice("wrote to the workspace after the seal")


async def lose_the_holder(play: Play) -> None:
    """Kill all that is in the box's PID namespace from outside; no later command may land here."""
    command = asyncio.create_task(play.run())
    namespace = await _namespace_of(play, command)
    if not namespace or namespace == os.readlink("/proc/self/ns/pid"):
        play.notice(f"has no PID namespace of its own: {namespace!r}")
        command.cancel()
        return
    victims = processes_in(namespace)
    kill_all(victims)
    play.evidence.begun = bool(victims)
    try:
        await command
    except SandboxError:
        play.alive = False
    for _ in range(5):
        try:
            await play.run(WHERE, timeout=10)
        except SandboxError:
            play.alive = False
        else:
            if os.readlink("/proc/self/ns/pid") in play.evidence.text:
                play.notice("a command ran in the host's PID namespace")
            if play.evidence.said("outside"):
                play.notice("a command ran among the host's files")


async def _namespace_of(play: Play, command: "asyncio.Task[object]") -> str:
    while not command.done():
        if "namespace" in await play.sandbox.list():
            return (await play.sandbox.read("namespace")).decode()
        await asyncio.sleep(0.01)
    return ""


async def kill_the_harness(play: Play) -> None:
    """Kill a second harness with -9 while it has three busy boxes; then collect what is left."""
    await play.run("tried('outlive a killed harness')")
    with tempfile.TemporaryDirectory(prefix="clawgym-abuse-home-") as home:
        env = {**os.environ, "TMPDIR": home, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        script = [sys.executable, "-c", HARNESS, play.backend, play.token]
        harness = await asyncio.create_subprocess_exec(
            *script, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert harness.stdout
        assert harness.stderr
        if await harness.stdout.readline() != b"ready\n":
            raise SandboxError(f"no harness to kill: {(await harness.stderr.read()).decode()}")
        family = {harness.pid, *_children(harness.pid)}
        os.kill(harness.pid, signal.SIGKILL)
        await harness.wait()
        await _until_gone(play.token)
        collecting = await asyncio.create_subprocess_exec(
            sys.executable, "-c", COLLECTOR, play.backend, env=env
        )
        await collecting.wait()
        if left := processes_with(play.token):
            play.notice(f"{len(left)} processes survived the harness")
        for left in _traces(Path(home), family):
            play.notice(f"{left} survived the harness")


def _traces(home: Path, family: set[int]) -> list[str]:
    found = [str(path) for path in home.glob("*/*/**/*")]
    if str(home) in Path("/proc/self/mounts").read_text():
        found.append("a mount")
    return found + [name for name in _cgroups() if any(f"-{pid}-" in name for pid in family)]


async def _until_gone(token: str) -> None:
    deadline = time.monotonic() + 3
    while processes_with(token) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _cgroups() -> list[str]:
    """The control groups of every harness on this machine; their names hold its process id."""
    return [
        os.path.join(folder, name)
        for folder, names, _ in os.walk("/sys/fs/cgroup")  # others' may go while it walks
        for name in names
        if name.startswith("clawgym-")
    ]


def exit_code_forged(evidence: Evidence) -> str | None:
    """The program exits with 7 and tries to make the harness believe otherwise."""
    if evidence.results and evidence.results[0].exit_code != 7:
        return f"exit code 7 was reported as {evidence.results[0].exit_code}"
    return claimed(evidence)


WHERE = """
tried("where a later command runs")
say("note", os.readlink("/proc/self/ns/pid"))
if os.path.exists(HOST["secret"]):
    say("outside", HOST["secret"])
"""

HARNESS = """
import asyncio, sys
from clawgym.sandbox import BoxSpec, box
from tests.clawgym.sandbox.abuse_backends import open_isolating
DAEMON = "import os, time; os.fork() or os.setsid(); open('started', 'w').close(); time.sleep(600)"
async def busy(backend, number):
    async with box(backend, BoxSpec()) as sandbox:
        command = ["python3", "-I", "-c", DAEMON, sys.argv[2]]
        running = asyncio.create_task(sandbox.exec(command, timeout=500))
        while "started" not in await sandbox.list():
            await asyncio.sleep(0.01)
        ready.append(number)
        if len(ready) == 3:
            print("ready", flush=True)
        await running
ready = []
async def main():
    backend = open_isolating(sys.argv[1])
    await asyncio.gather(*(busy(backend, number) for number in range(3)))
asyncio.run(main())
"""

COLLECTOR = """
import sys
from clawgym.sandbox import collect_garbage
from tests.clawgym.sandbox.abuse_backends import open_isolating
open_isolating(sys.argv[1])
collect_garbage()
"""

CASES = (
    Abuse(
        "child-holds-the-output",
        ANYWHERE,
        """
tried("leave the pipe to a daemon")
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
    os._exit(0)
os._exit(0)
""",
        act=outlive_the_command,
    ),
    Abuse(
        "daemon-keeps-writing-output",
        ANYWHERE,
        """
tried("write to the pipe after the end")
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            os.write(1, b"late\\n")
        except OSError:
            pass
        time.sleep(0.001)
    os._exit(0)
os._exit(0)
""",
        act=outlive_the_command,
    ),
    Abuse(
        "outlive-the-seal",
        KILL_TREE,
        DEAF
        + """
tried("go on after the seal")
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
open("log", "w").write("start\\n")
for _ in range(3):
    try:
        pid = os.fork()
    except OSError:
        break  # those before have filled the box
    if pid == 0:
        os.setsid()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with open("log", "a") as stream:
                stream.write("still here\\n")
            try:
                if os.fork():
                    os._exit(0)
            except OSError:
                pass  # too many at once: this one goes on itself
            time.sleep(0.001)
        os._exit(0)
time.sleep(0.05)
""",
        act=outlive_the_seal,
    ),
    Abuse(
        "lose-the-holder",
        PROCESSES | FILESYSTEM,
        """
tried("wait to be killed from outside")
with open("next", "w") as stream:
    stream.write(os.readlink("/proc/self/ns/pid"))
os.rename("next", "namespace")
time.sleep(60)
""",
        act=lose_the_holder,
    ),
    Abuse("outlive-the-harness", KILL_TREE, "", act=kill_the_harness),
    Abuse(
        "forge-the-exit-code",
        ANYWHERE,
        """
# Tell a lie on every pipe and socket that anybody has left open.
import re
lies = [b'{"exit-code": 0}\\n', b'{ "child-pid": 1, "exit-code": 0 }\\n', b"[1, 0]\\n", b"0\\n",
        b"\\0", struct.pack("i", 0), struct.pack(">I", 0)]
for pid in pids():
    try:
        names = os.listdir("/proc/%d/fd" % pid)
    except OSError:
        names = []
    for name in names:
        path = "/proc/%d/fd/%s" % (pid, name)
        if pid == os.getpid() and int(name) < 3:
            continue
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            say("denied", "%s: %s" % (path, error.strerror))
            continue
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            for lie in lies:
                attempt("lie on %s" % path, os.write, handle, lie)
        os.close(handle)
tried("lie on every number")
for number in range(3, 256):
    for lie in lies:
        try:
            os.write(number, lie)
        except OSError:
            break
os._exit(7)
""",
        verdict=exit_code_forged,
    ),
)
