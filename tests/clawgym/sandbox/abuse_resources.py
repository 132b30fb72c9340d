"""Bombs: each stops by itself once it has gone well over a limit, and says so."""

import asyncio
import resource
import sys

from tests.clawgym.sandbox.abuse_case import (
    ANYWHERE,
    FILESYSTEM,
    IPC,
    MEMORY,
    PIDS,
    Abuse,
    Evidence,
    Play,
    box_with,
    claimed,
    tighter,
)

MIB = 1024**2


def killed_in_silence(evidence: Evidence) -> str | None:
    """Running out of memory has to be reported."""
    if achieved := claimed(evidence):
        return achieved
    if any("all of it" in note for note in evidence.said("note")):
        return None
    if not any(result.oom_killed for result in evidence.results):
        return "was killed for want of memory, and `oom_killed` does not say so"
    return None


async def flood(play: Play) -> None:
    """The harness must keep no more of the output than the limit."""
    before = _own_memory()
    result = await play.run()
    grown = _own_memory() - before
    if len(result.stdout) > play.limits.output_bytes or grown > 200 * MIB:
        play.notice(f"the harness kept {len(result.stdout)} bytes and grew by {grown}")
    if not result.truncated:
        play.notice("output was dropped in silence")
    if result.stdout_bytes < 100 * MIB and not result.timed_out:
        play.notice(f"only {result.stdout_bytes} bytes were counted")


async def within(play: Play, seconds: float) -> None:
    result = await play.run()
    if result.timed_out or result.seconds > seconds:
        play.notice(f"kept the harness waiting for {result.seconds:.1f} s")


async def five_seconds(play: Play) -> None:
    await within(play, 5)


async def hog(play: Play) -> None:
    result = await play.run()
    if result.timed_out:
        play.notice(f"used {result.seconds:.1f} s of CPU time with a limit of 1 s")


async def inotify_of_the_host(play: Play) -> None:
    """Meanwhile the host's user must still be able to watch files."""

    async def watch() -> None:
        code = "import ctypes, sys; sys.exit(ctypes.CDLL(None).inotify_init1(0) < 0)"
        watcher = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", code)
        if await watcher.wait():
            play.notice("the host's user cannot watch files any more")

    await play.meanwhile(watch)


def _own_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


CASES = (
    Abuse(
        "fork-bomb",
        PIDS,
        """
limit = HOST["limits"]["processes"]
tried("fork %d processes" % (limit * 3))
children = []
read_end, write_end = os.pipe()
try:
    for _ in range(limit * 3):
        pid = os.fork()
        if pid == 0:
            os.setsid()
            time.sleep(60)
            os._exit(0)
        children.append(pid)
except OSError as error:
    say("denied", "%d: %s" % (len(children), error.strerror))
if len(children) > limit + 2:
    won("%d processes at once" % len(children))
for pid in children:
    os.kill(pid, 9)
""",
    ),
    Abuse(
        "fork-bomb-that-stays",
        PIDS,
        """
tried("fork without an end")
while True:
    try:
        os.fork()
    except OSError:
        pass
""",
        timeout=1.0,
    ),
    Abuse(
        "thousands-of-threads",
        PIDS,
        """
import threading
limit = HOST["limits"]["processes"]
threading.stack_size(64 * 1024)
stop = threading.Event()
count = 0
tried("start 3,000 threads")
try:
    for _ in range(3000):
        threading.Thread(target=stop.wait, daemon=True).start()
        count += 1
except RuntimeError as error:
    say("denied", "%d: %s" % (count, error))
if count > limit + 2:
    won("%d threads at once" % count)
os._exit(0)
""",
    ),
    Abuse(
        "memory-bomb",
        MEMORY,
        """
limit = HOST["limits"]["memory_bytes"]
tried("take %d bytes" % (limit * 2))
taken = []
for _ in range(limit * 2 // (8 << 20)):
    taken.append(bytearray(os.urandom(4096) * 2048))
won("%d bytes of memory" % (limit * 2))
""",
        verdict=killed_in_silence,
    ),
    Abuse(
        "memory-bomb-of-many",
        MEMORY,
        """
limit = HOST["limits"]["memory_bytes"]
piece = 16 << 20
tried("take %d bytes in many processes" % (limit * 2))
read_end, write_end = os.pipe()
children = []
for _ in range(min(limit * 2 // piece, HOST["limits"]["processes"] - 6)):
    try:
        pid = os.fork()
    except OSError as error:
        say("denied", error)
        break
    if pid == 0:
        data = bytearray(os.urandom(4096) * (piece // 4096))
        os.write(write_end, b"x")
        time.sleep(60)
        os._exit(0)
    children.append(pid)
time.sleep(1)
alive = 0
for pid in children:
    if os.waitpid(pid, os.WNOHANG) == (0, 0):
        alive += 1
os.set_blocking(read_end, False)
try:
    filled = len(os.read(read_end, 1000))
except BlockingIOError:
    filled = 0
say("note", "%d of %d alive, %d filled" % (alive, len(children), filled))
if min(alive, filled) * piece > limit * 1.2:
    won("%d bytes of memory" % (alive * piece))
attempt("end them", os.kill, -1, signal.SIGKILL)
""",
        verdict=killed_in_silence,
    ),
    Abuse(
        "memory-of-the-kernel",
        MEMORY,
        """
# Pipes, sockets and anonymous files hold memory that no process is seen to use.
limit = HOST["limits"]["memory_bytes"]
taken = 0
tried("pipes, sockets and memfds")
block = b"x" * (1 << 20)
kept = []
def memfd():
    global taken
    handle = os.memfd_create("bomb")
    kept.append(handle)
    for _ in range(8):
        taken += os.write(handle, block)
def pipe():
    global taken
    import fcntl
    read_end, write_end = os.pipe()
    kept.extend([read_end, write_end])
    try:
        fcntl.fcntl(write_end, 1031, 1 << 20)
    except OSError:
        pass
    os.set_blocking(write_end, False)
    try:
        taken += os.write(write_end, block)
    except BlockingIOError:
        pass
def sockets():
    global taken
    one, other = socket.socketpair()
    kept.append(one), kept.append(other)
    one.setblocking(False)
    try:
        while True:
            taken += one.send(block[:65536])
    except BlockingIOError:
        pass
for make, rounds in ((pipe, 300), (sockets, 100), (memfd, 200)):
    for _ in range(rounds):
        if taken > limit * 2:
            break
        try:
            make()
        except OSError as error:
            say("denied", error)
            break
    say("note", "%s: %d bytes" % (make.__name__, taken))
if taken > limit * 1.5:
    won("%d bytes of the kernel's memory" % taken)
say("note", "all of it" if taken > limit * 1.5 else "stopped early")
""",
        verdict=killed_in_silence,
    ),
    Abuse(
        "shared-memory-that-outlives-its-maker",
        MEMORY | IPC,
        """
limit = HOST["limits"]["memory_bytes"]
tried("System V segments")
libc.shmat.restype = ctypes.c_void_p
taken = 0
size = 16 << 20
segments = []
while taken < limit * 2:
    segment = libc.shmget(0, size, 0o1600)
    if segment < 0:
        say("denied", os.strerror(ctypes.get_errno()))
        break
    segments.append(segment)
    address = libc.shmat(segment, None, 0)
    ctypes.memset(address, 1, size)
    libc.shmdt(ctypes.c_void_p(address))
    taken += size
say("note", "%d bytes" % taken)
if taken > limit * 1.2:
    won("%d bytes of shared memory" % taken)
    for segment in segments:
        libc.shmctl(segment, 0, None)
""",
    ),
    Abuse(
        "output-bomb",
        ANYWHERE,
        """
tried("print 2 GiB")
block = b"x" * (1 << 20)
for _ in range(2048):
    os.write(1, block)
""",
        spec=box_with(tighter(output_bytes=64 * 1024)),
        act=flood,
    ),
    Abuse(
        "wait-for-input-without-end",
        ANYWHERE,
        """
tried("read standard input")
say("note", "%d bytes" % len(sys.stdin.read()))
tried("read the terminal")
try:
    open("/dev/tty").read()
except OSError as error:
    say("denied", error)
""",
        act=five_seconds,
    ),
    Abuse(
        "use-up-descriptors",
        ANYWHERE,
        """
limit = HOST["limits"]["open_files"]
tried("open %d descriptors" % (limit * 2))
count = 0
try:
    while count < limit * 2:
        os.dup(1)
        count += 1
except OSError as error:
    say("denied", "%d: %s" % (count, error.strerror))
if count > limit:
    won("%d descriptors" % count)
import resource
def raise_limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit * 2, limit * 2))
try:
    forbidden("raise the limit", raise_limit)
except ValueError as error:
    say("denied", error)
""",
        spec=box_with(tighter(open_files=128)),
    ),
    Abuse(
        "hog-the-cpu",
        ANYWHERE,
        """
import resource
tried("run beyond cpu_seconds")
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
while time.process_time() < 60:
    pass
won("60 s of CPU time with a limit of %d" % HOST["limits"]["cpu_seconds"])
""",
        spec=box_with(tighter(cpu_seconds=1)),
        timeout=8,
        act=hog,
    ),
    Abuse(
        "watches-of-the-host",
        FILESYSTEM,
        """
tried("use up the inotify instances of the user")
count = 0
for _ in range(900):
    if libc.inotify_init1(0) < 0:
        break
    count += 1
say("note", "%d instances" % count)
open("ready", "w").close()
for _ in range(2000):
    if os.path.exists("stop"):
        break
    time.sleep(0.005)
""",
        act=inotify_of_the_host,
    ),
    Abuse(
        "core-dump",
        ANYWHERE,
        """
tried("dump core")
import resource
def raise_limit():
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
try:
    forbidden("raise the limit", raise_limit)
except ValueError as error:
    say("denied", error)
pid = os.fork()
if pid == 0:
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(5)
code = os.waitpid(pid, 0)[1]
if code & 128:
    won("dumped core")
""",
    ),
)
