"""Runs somebody else's grader in a child process; standard library, Python 3.9 or later.

The child has pipes of its own and no way to the reward: whatever it started is dead before the
caller writes a verdict.
"""

# ruff: noqa: BLE001, PLC0415, S102, SIM105, SIM115, SLF001
# Shipped into tasks: starts fast, runs foreign code on purpose, and survives whatever it does.

import os
import select
import signal
import sys
import time

STDOUT_LIMIT = 8 * 1024 * 1024
STDERR_KEPT = 4096
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36


class Ended:
    """How the child ended: `code` is its exit code, negative for a signal, None for a time-out."""

    def __init__(self, code, stdout, stderr, result, overflow, seconds):
        self.code, self.stdout, self.stderr, self.result = code, stdout, stderr, result
        self.overflow, self.seconds = overflow, seconds

    @property
    def problem(self):
        """Why the output cannot be used, in one line; empty where it can."""
        if self.overflow:
            return "crashed: it wrote more than %d bytes" % STDOUT_LIMIT
        if self.code is None:
            return "timed out after %.0f s" % self.seconds
        if self.code:
            last = self.stderr.decode(errors="replace").strip().splitlines()[-1:]
            return "crashed: exit code %d%s" % (
                self.code,
                "".join(": " + line[:300] for line in last),
            )
        return ""


NOTHING = Ended(0, b"", b"", b"", False, 0.0)
"""A grader that there is none of."""


def run(act, seconds):
    """Run `act(result_descriptor)` in a child; its return value is the exit code."""
    guarded = adopt_orphans()
    started = time.monotonic()
    stdin = os.open(os.devnull, os.O_RDONLY)
    pipes = [os.pipe() for _ in range(3)]
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os._exit(be_the_child(act, stdin, pipes))
    os.close(stdin)
    for _, theirs in pipes:
        os.close(theirs)
    reading = Reading([ours for ours, _ in pipes])
    code = wait(pid, reading, started + seconds)
    kill_all(pid, guarded)
    if code == "running":
        os.waitpid(pid, 0)
        code = None
    reading.drain()
    stdout, stderr, result = map(bytes, reading.chunks)
    return Ended(code, stdout, stderr[-STDERR_KEPT:], result, reading.overflow, seconds)


class Reading:
    """What the child wrote to its pipes so far; too much of it is `overflow`."""

    def __init__(self, descriptors):
        self.descriptors = descriptors
        self.chunks = [bytearray() for _ in descriptors]
        self.open = set(descriptors)
        self.overflow = False

    def take(self, descriptor):
        index = self.descriptors.index(descriptor)
        data = os.read(descriptor, 65536)
        if not data:
            self.open.discard(descriptor)
            return
        room = STDOUT_LIMIT - len(self.chunks[index])
        self.chunks[index] += data[:room]
        if len(data) > room and index != 1:
            self.overflow = True

    def drain(self):
        for descriptor in self.descriptors:
            os.set_blocking(descriptor, False)
            while descriptor in self.open:
                try:
                    self.take(descriptor)
                except BlockingIOError:
                    break
            os.close(descriptor)


def wait(pid, reading, deadline):
    """The exit code of the child, or "running" when its time or its output ran out."""
    watch = select.poll()
    for descriptor in reading.open:
        watch.register(descriptor, select.POLLIN | select.POLLHUP)
    nap = 0.0005
    while time.monotonic() < deadline and not reading.overflow:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return exit_code(status)
        nap = min(0.02, nap * 1.5)
        for descriptor, _ in watch.poll(nap * 1000):
            reading.take(descriptor)
            nap = 0.0005
            if descriptor not in reading.open:
                watch.unregister(descriptor)
    return "running"


def exit_code(status):
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)


def adopt_orphans():
    """Become the parent of whatever the child leaves behind, and unreadable to it."""
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
        adopted = prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return False
    return adopted


def kill_all(pid, guarded):
    """Kill the child's process group, and then everything that descends from it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass  # it has ended, and left nobody in its group
    while guarded and (left := children()):
        for child in left:
            try:
                os.kill(child, signal.SIGKILL)
            except OSError:
                pass  # gone meanwhile
        for child in left:
            if child != pid:
                reap(child)
        if left == [pid]:
            return


def reap(child):
    try:
        os.waitpid(child, 0)
    except OSError:
        pass  # somebody else's child by now


def children():
    """The process ids of our children."""
    try:
        with open("/proc/self/task/%d/children" % os.getpid(), encoding="ascii") as stream:
            return [int(word) for word in stream.read().split()]
    except OSError:
        return []


def be_the_child(act, stdin, pipes):
    os.setsid()
    os.dup2(stdin, 0)
    (_, stdout), (_, stderr), (_, result) = pipes
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    for ours, theirs in pipes:
        os.close(ours)
        if theirs not in (result, 1, 2):
            os.close(theirs)
    for name in [name for name in os.environ if name.startswith("CLAWGYM_")]:
        del os.environ[name]
    os.chdir("/")
    return finish(lambda: act(result))


def finish(body):
    """The exit code that an interpreter running `body` would end with."""
    try:
        code = body() or 0
    except SystemExit as stop:
        code = leave(stop.code)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    try:
        wind_up()
        sys.stdout.flush()
    except BaseException:
        code = code or 120
    sys.stderr.flush()
    return code


def leave(code):
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


def wind_up():
    """What an interpreter does at its end: wait for threads, call what was registered."""
    import atexit

    threading = sys.modules.get("threading")
    if threading:
        threading._shutdown()
    atexit._run_exitfuncs()


class SitePackages:
    """Finds what an ordinary interpreter has beyond the standard library, once it is missed."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if cls not in sys.meta_path or name in ("site", "sitecustomize", "usercustomize"):
            return None
        sys.meta_path.remove(cls)
        import importlib.machinery
        import site

        for directory in site.getsitepackages():
            site.addsitedir(directory)
        return importlib.machinery.PathFinder.find_spec(name, path, target)


def run_script(path, arguments):
    """Be `python3 path arguments…`, as an ordinary interpreter would run it."""
    import builtins
    import types

    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=path, __builtins__=builtins, __cached__=None)
    sys.modules["__main__"] = main
    sys.argv = [path, *arguments]
    sys.path.insert(0, os.path.dirname(path))
    sys.meta_path.append(SitePackages)
    with open(path, "rb") as stream:
        code = compile(stream.read(), path, "exec", dont_inherit=True)
    exec(code, main.__dict__)
