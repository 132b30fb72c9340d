"""Ways to outlive a time-out: whatever a command started must be gone with it."""

import asyncio
import time

from tests.clawgym.sandbox.abuse_case import DEAF, KILL_TREE, PATIENCE, Abuse, Play
from tests.clawgym.sandbox.abuse_host import processes_with


async def time_out(play: Play) -> None:
    """Run beyond the time-out, then look for anything that still lives."""
    started = time.monotonic()
    result = await play.run(timeout=0.7)
    late = time.monotonic() - started - 0.7
    if not result.timed_out or result.exit_code is not None:
        play.notice(f"was not seen as timed out: exit code {result.exit_code}")
    if late > PATIENCE:
        play.notice(f"held the harness for {late:.1f} s after the time-out")
    await asyncio.sleep(0.1)
    if left := processes_with(play.token):
        play.notice(f"survived the time-out: {len(left)} processes")


CASES = (
    Abuse(
        "ignore-every-signal",
        KILL_TREE,
        DEAF + "tried('ignore'); time.sleep(60)",
        act=time_out,
    ),
    Abuse(
        "new-session",
        KILL_TREE,
        """
tried("setsid")
if os.fork():
    time.sleep(60)
os.setsid()
time.sleep(60)
""",
        act=time_out,
    ),
    Abuse(
        "double-fork-daemon",
        KILL_TREE,
        DEAF
        + """
tried("daemons")
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        for number in (0, 1, 2):
            os.close(number)
        time.sleep(60)
        os._exit(0)
time.sleep(60)
""",
        act=time_out,
    ),
    Abuse(
        "stopped-processes",
        KILL_TREE,
        """
tried("stop")
for _ in range(3):
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
os.kill(os.getpid(), signal.SIGSTOP)
time.sleep(60)
""",
        act=time_out,
    ),
    Abuse(
        "parent-in-vfork",
        KILL_TREE,
        """
tried("vfork")
pid = system_call(56, 0x4000 | 17, 0, 0, 0, 0)  # clone with CLONE_VFORK: waits for the child
time.sleep(60)
""",
        act=time_out,
    ),
    Abuse(
        "respawning-pair",
        KILL_TREE,
        DEAF
        + """
tried("two processes that replace each other")
signal.signal(signal.SIGCHLD, signal.SIG_DFL)
def guard():
    while True:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            parent = os.getppid()
            while os.getppid() == parent:
                time.sleep(0.001)
            continue  # the parent is gone: take its place
        os.waitpid(pid, 0)
guard()
""",
        act=time_out,
    ),
    Abuse(
        "hopping-processes",
        KILL_TREE,
        """
tried("a new process id every moment")
for _ in range(8):
    try:
        pid = os.fork()
    except OSError:
        continue
    while pid == 0:
        try:
            if os.fork():
                os._exit(0)
        except OSError:
            pass
time.sleep(60)
""",
        act=time_out,
    ),
    Abuse(
        "waiting-for-children-of-children",
        KILL_TREE,
        """
tried("a chain of processes")
for _ in range(30):
    if os.fork():
        os.wait()
        break
    os.setsid()
time.sleep(60)
""",
        act=time_out,
    ),
    Abuse(
        "full-output-pipe",
        KILL_TREE,
        """
tried("write for ever from many processes")
for _ in range(4):
    os.fork()
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
while True:
    try:
        os.write(1, b"y" * 65536)
    except OSError:
        pass
""",
        act=time_out,
    ),
)
