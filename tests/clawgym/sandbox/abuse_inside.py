"""What every attack starts with: this text runs inside the box, followed by the attack's own.

Whatever an attack tries must do no harm where it succeeds: it opens and does not write, changes a
mode to what it is, removes what it has made, and asks `careful` before anything that could not be
undone. It says on stdout, one line each, what it `@tried`, what was `@denied`, what it `@won`, why
it `@cannot` be tried here, or that the attack itself is `@broken`.
"""

# pyright: basic
# ruff: noqa: F401 - the attacks use what is imported here
# Like the attacks that follow it, this is a script, not a module: names come and go untyped.

import contextlib
import ctypes
import json
import os
import platform
import signal
import socket
import stat
import struct
import sys
import time

HOST = json.loads(sys.argv[1])
"""What an attacker may know: paths, ports, limits, and the needle to look for, reversed."""

NEEDLE = HOST["needle"][::-1].encode()
libc = ctypes.CDLL(None, use_errno=True)


def say(tag, text):
    line = f"@{tag} " + str(text).replace("\n", "\\n") + "\n"
    os.write(1, line.encode("utf-8", "backslashreplace"))


def tried(what):
    say("tried", what)


def won(what):
    say("won", what)


def cannot(reason):
    say("cannot", reason)
    os._exit(0)


def attempt(what, action, *arguments):
    """Try it; whether the kernel let it happen. Only an OSError counts as a refusal."""
    tried(what)
    try:
        action(*arguments)
    except OSError as error:
        say("denied", f"{what}: {error.strerror or error}")
        return False
    return True


def forbidden(what, action, *arguments):
    """Try what must be refused."""
    if attempt(what, action, *arguments):
        won(what)


def careful():
    """Stop where success would harm the machine: with capabilities the box has lost already."""
    passing_by_file_modes = 0b110  # harms nothing by itself; another case reports it
    if any(bits & ~passing_by_file_modes for bits in capabilities()):
        tried("this attack")
        won("has capabilities, with which this attack might harm the host: not tried")
        os._exit(0)


def no_trace(*paths):
    """Remove what an attack has made if it succeeded."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.rmdir(path) if os.path.isdir(path) else os.remove(path)


def leak(where, data):
    """Report the secret of the host, or of another box, in what could be read."""
    if NEEDLE in data:
        won(f"read the secret in {where}")


def contents(path, limit=1 << 20):
    """The bytes of a file; nothing when it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read(limit)
    except OSError:
        return b""


def pids():
    """Every process that can be seen; where /proc is closed, those that can be guessed."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError as error:
        say("denied", error)
        return [1, os.getppid(), os.getpid(), HOST["victim"], HOST["harness"]]


def capabilities():
    """The effective, permitted and inheritable sets; /proc may be closed."""
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
    sets = ctypes.create_string_buffer(24)
    if libc.capget(header, sets):
        return [0, 0, 0]
    words = struct.unpack("6I", sets.raw[:24])
    return [words[kind] | words[kind + 3] << 32 for kind in range(3)]


def system_call(number, *arguments):
    """A raw system call by its number on x86-64."""
    if platform.machine() != "x86_64":
        cannot("the system call numbers are those of x86-64")
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = libc.syscall(ctypes.c_long(number), *words)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def child(action):
    """Run something in a forked child, for what would ruin this process; its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = action() or 0
        except OSError as error:
            say("denied", error)
            code = 1
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


def fill(path, limit):
    """Write a file until that fails; the bytes that went in, at most a little over `limit`."""
    block = b"x" * (1 << 20)
    written = 0
    try:
        with open(path, "wb", buffering=0) as stream:
            while written <= limit:
                written += stream.write(block)
    except OSError as error:
        say("denied", f"{path}: {error.strerror} after {written} bytes")
    return written


def _report_bug(kind, value, trace):
    import traceback

    if isinstance(value, PermissionError):  # stopped already on the way to the attack
        tried("the way there")
        say("denied", value)
        return
    lines = traceback.extract_tb(trace)
    say("broken", f"{kind.__name__}: {value} at line {lines[-1].lineno if lines else 0}")


sys.excepthook = _report_bug
