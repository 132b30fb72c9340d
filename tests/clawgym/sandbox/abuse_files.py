"""Files that are strange, huge, deep, many, locked or set-id."""

import asyncio
import stat
from contextlib import suppress

from clawgym.errors import SandboxError
from clawgym.sandbox import BoxSpec
from tests.clawgym.sandbox.abuse_case import ANYWHERE, FILESYSTEM, SMALL, Abuse, Play, tighter
from tests.clawgym.sandbox.abuse_host import Host


def with_writable(host: Host) -> BoxSpec:
    return BoxSpec(limits=SMALL, writable={"shared": host.writable})


async def odd_names(play: Play) -> None:
    await play.run()
    for name in await play.sandbox.list():
        name.encode()
    await play.sandbox.seal()
    play.alive = False
    collected = await play.sandbox.collect()
    strange = [path for path in collected.files if "\n" in path or ".." in path.split("/")]
    if strange:
        play.notice(f"collected an unsafe name: {strange[0]!r}")
    for entry in collected.skipped:
        entry.path.encode()


async def sparse_giant(play: Play) -> None:
    await play.run()
    with suppress(OSError):
        data = await asyncio.wait_for(play.sandbox.read("giant"), 10)
        play.notice(f"read {len(data)} bytes of a sparse file")
    try:
        kept = await asyncio.wait_for(play.sandbox.snapshot(), 15)
        await kept.discard()
    except TimeoutError:
        play.notice("a sparse file keeps the snapshot busy")
    except (OSError, SandboxError):
        pass
    await play.sandbox.seal()
    play.alive = False
    try:
        collected = await asyncio.wait_for(play.sandbox.collect(), 15)
    except TimeoutError:
        play.notice("a sparse file keeps collect busy")
        return
    if sum(len(file.data) for file in collected.files.values()) > 1 << 30:
        play.notice("collected a sparse file at its full size")


async def list_then_collect(play: Play) -> None:
    await play.run()
    with suppress(OSError):
        await play.sandbox.list()
    with suppress(OSError):
        await play.sandbox.list("d/d/d")
    await play.sandbox.seal()
    play.alive = False
    await asyncio.wait_for(play.sandbox.collect(), 30)


CASES = (
    Abuse(
        "strange-names",
        ANYWHERE,
        """
names = [b"-rf", b"--", b"*", b"line\\nbreak", b"\\xff\\xfe", b"back\\\\slash", b"\\x1b[2J", b" ",
         b"~root", b"$(id)", b"'; id; '", b"a" * 255, b"\\xe2\\x80\\xae.txt", b"-", b".clawgym-0"]
for name in names:
    tried(name)
    open(name, "w").close()
for name in names[:6]:
    os.makedirs(b"d/" + name + b"/" + name)
    open(b"d/" + name + b"/f", "w").close()
""",
        act=odd_names,
    ),
    Abuse(
        "sparse-petabyte",
        ANYWHERE,
        """
# At most what the limit on file sizes lets happen; a process over it gets SIGXFSZ.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
handle = os.open("giant", os.O_RDWR | os.O_CREAT)
for size in (1 << 50, 1 << 43, HOST["limits"]["file_bytes"], HOST["limits"]["file_bytes"] // 2):
    if attempt("a file of %d bytes" % size, os.ftruncate, handle, size):
        if size > HOST["limits"]["file_bytes"]:
            won("a file of %d bytes" % size)
        break
def allocate():
    os.posix_fallocate(handle, 0, 1 << 40)
forbidden("allocate a terabyte", allocate)
""",
        act=sparse_giant,
    ),
    Abuse(
        "three-thousand-directories-deep",
        ANYWHERE,
        """
tried("3,000 directories deep")
for number in range(3000):
    try:
        os.mkdir("d")
    except OSError as error:
        say("denied", "depth %d: %s" % (number, error.strerror))
        break
    os.chdir("d")
open("bottom", "w").close()
""",
        spec=lambda host: BoxSpec(limits=tighter(workspace_files=10_000)),
        act=list_then_collect,
    ),
    Abuse(
        "two-hundred-thousand-files",
        ANYWHERE,
        """
tried("200,000 files")
handle = 0
try:
    for number in range(200):
        os.mkdir("d%d" % number)
        os.chdir("d%d" % number)
        for name in range(1000):
            os.mknod("f%d" % name)
        os.chdir("..")
except OSError as error:
    say("denied", error)
say("note", "done")
""",
        spec=lambda host: BoxSpec(
            limits=tighter(memory_bytes=768 * 1024**2, workspace_files=210_000)
        ),
        timeout=30,
    ),
    Abuse(
        "locked-and-immutable-files",
        ANYWHERE,
        """
import fcntl
careful()
tried("files that nobody can remove")
os.makedirs("locked/in/side")
for name in ("locked/f", "locked/in/f", "locked/in/side/f", "immutable", "append"):
    open(name, "w").close()
def flag(path, bits):
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, 0x40086602, struct.pack("l", bits))
    finally:
        os.close(handle)
forbidden("an immutable file", flag, "immutable", 0x10)
forbidden("an append-only file", flag, "append", 0x20)
forbidden("an immutable directory", flag, "locked", 0x10)
for name in ("in/side/f", "in/side", "in/f", "in", "f", ""):
    os.chmod("locked/" + name, 0)
""",
    ),
    Abuse(
        "lock-the-workspace-itself",
        ANYWHERE,
        """
here = HOST["places"]["workspace"]
forbidden("remove the workspace", os.rmdir, here)
forbidden("rename the workspace", os.rename, here, here + "2")
if os.path.isdir(here + "2"):
    os.rename(here + "2", here)
attempt("lock the workspace", os.chmod, here, 0)
""",
    ),
    Abuse(
        "files-of-root-on-the-host",
        FILESYSTEM,
        """
shared = HOST["places"]["shared"]
def make():
    open(shared + "/plain", "w").close()
if not attempt("write to the writable mount", make):
    cannot("the writable mount cannot be written")
os.mkdir(shared + "/folder")
for name, mode in (("setuid", 0o4755), ("setgid", 0o2755)):
    with open(shared + "/" + name, "wb") as stream:
        stream.write(contents("/bin/true") or b"#!/bin/sh")
    attempt(name, os.chmod, shared + "/" + name, mode)
attempt("a device", os.mknod, shared + "/device", stat.S_IFCHR | 0o666, os.makedev(1, 1))
attempt("a setgid directory", os.chmod, shared + "/folder", 0o2777)
attempt("give a file to root", os.chown, shared + "/plain", 0, 0)
""",
        spec=with_writable,
        verdict=lambda evidence: foreign_owner(evidence.host) or None,
    ),
)


def foreign_owner(host: Host) -> str:
    """What a box has left in a writable mount that gives somebody rights on the host."""
    found = ""
    for path in host.writable.iterdir():
        info = path.lstat()
        if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
            found = f"made the device {path.name}"
        elif info.st_uid != host.writable.stat().st_uid and info.st_uid == 0:
            found = f"made {path.name}, which is root's on the host"
        elif info.st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(info.st_mode):
            found = found or f"made the set-id file {path.name} (mode {info.st_mode:o})"
    for path in host.writable.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    return found
