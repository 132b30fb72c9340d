"""Tricks with files on the harness, which reads, writes, lists, snapshots and collects them."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress

from clawgym.errors import SandboxError
from clawgym.sandbox import BoxSpec
from tests.clawgym.sandbox.abuse_case import (
    FILESYSTEM,
    SMALL,
    Abuse,
    Play,
    tighter,
)
from tests.clawgym.sandbox.abuse_host import Host

ROUNDS = 500


def with_mount(host: Host) -> BoxSpec:
    return BoxSpec(limits=SMALL, mounts={"given": host.mount})


def with_writable(host: Host) -> BoxSpec:
    return BoxSpec(limits=SMALL, writable={"shared": host.writable})


def on_base(host: Host) -> BoxSpec:
    return BoxSpec(limits=SMALL, base=host.base)


async def refused(play: Play, what: str, action: Awaitable[object]) -> None:
    """Await what must fail, or at least not bring the secret."""
    with suppress(OSError):
        if play.host.needle in repr(await asyncio.wait_for(action, 10)):
            play.notice(f"{what} brought the secret")


async def follow_links(play: Play) -> None:
    await play.run()
    box = play.sandbox
    for path in ("secret", "open/note.txt", "root/etc/passwd", "self/note.txt", "proc/environ"):
        await refused(play, f"read {path}", box.read(path))
    for path in ("secret", "open/note.txt", "open/planted", "dangling"):
        await refused(play, f"write {path}", box.write(path, b"planted"))
    for path in ("open", "root", "proc"):
        await refused(play, f"list {path}", box.list(path))
    if "planted" in repr(sorted(os.listdir(play.host.open))):
        play.notice("wrote into a directory of the host")
    await collect_nothing_foreign(play)


async def collect_nothing_foreign(play: Play) -> None:
    """Seal, collect, and look for what is not the box's own."""
    await play.sandbox.seal()
    play.alive = False
    collected = await asyncio.wait_for(play.sandbox.collect(), 20)
    for path, file in collected.files.items():
        if play.host.needle.encode() in file.data or b"root:x:0:0" in file.data:
            play.notice(f"collect copied a file of the host as {path}")


async def while_running(play: Play, act: Callable[[], Awaitable[None]]) -> None:
    """Run the program, and meanwhile the harness's side, once the program says it is ready."""
    running = asyncio.create_task(play.run())
    try:
        while not running.done() and "ready" not in await play.sandbox.list():
            await asyncio.sleep(0.005)
        if not running.done():
            await act()
            await play.sandbox.write("stop", b"")
    finally:
        await running


async def race(play: Play) -> None:
    box = play.sandbox

    async def read_and_write() -> None:
        for number in range(ROUNDS):
            with suppress(OSError):
                await box.write("d/note.txt", b"mine")
            with suppress(OSError):
                if (await box.read("d/note.txt")) == b"note":
                    play.notice(f"round {number}: read a file of the host through a swapped link")
            with suppress(OSError):
                if play.host.needle.encode() in await box.read("d/../secret.txt"):
                    play.notice(f"round {number}: read the secret")
            with suppress(OSError):
                await box.list("d")
            with suppress(OSError):
                await box.write(f"d/new/{number % 7}", b"mine")

    await while_running(play, read_and_write)


async def race_on_a_file(play: Play) -> None:
    box = play.sandbox

    async def read_and_write() -> None:
        for number in range(ROUNDS):
            with suppress(OSError):
                data = await asyncio.wait_for(box.read("f"), 5)
                if play.host.needle.encode() in data:
                    play.notice(f"round {number}: read the secret")
            with suppress(OSError):
                await asyncio.wait_for(box.write("f", b"mine"), 5)

    try:
        await while_running(play, read_and_write)
    except TimeoutError:
        play.notice("the harness hung on a FIFO")


async def race_with_snapshots(play: Play) -> None:
    async def keep_and_collect() -> None:
        for _ in range(10):
            with suppress(OSError, SandboxError):
                snapshot = await play.sandbox.snapshot()
                await snapshot.discard()

    if not hasattr(play.sandbox, "snapshot"):
        await play.run('cannot("this backend has no snapshots yet")')
        return
    await while_running(play, keep_and_collect)


async def restore_through_links(play: Play) -> None:
    """Snapshot a directory, let the box swap it for a link to the host, put it back."""
    if not hasattr(play.sandbox, "snapshot"):
        await play.run('cannot("this backend has no snapshots yet")')
        return
    await play.run("os.makedirs('d/deep'); open('d/note.txt', 'w').write('mine')")
    kept = await play.sandbox.snapshot()
    await play.run()
    await play.sandbox.restore(kept)
    again = await play.sandbox.snapshot()
    await again.discard()
    if await play.sandbox.read("d/note.txt") != b"mine":
        play.notice("restore did not bring the file back")
    await play.run()
    await play.sandbox.restore(kept)
    await collect_nothing_foreign(play)


async def hard_link_then_write(play: Play) -> None:
    await play.run()
    for name in ("linked", "system", "proc", "other"):
        with suppress(OSError):
            await play.sandbox.write(name, b"planted")
    await collect_nothing_foreign(play)


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
    if hasattr(play.sandbox, "snapshot"):
        try:
            kept = await asyncio.wait_for(play.sandbox.snapshot(), 15)
            await kept.discard()
        except (OSError, SandboxError):
            pass
        except TimeoutError:
            play.notice("a sparse file keeps the snapshot busy")
    await play.sandbox.seal()
    play.alive = False
    try:
        collected = await asyncio.wait_for(play.sandbox.collect(), 15)
    except TimeoutError:
        play.notice("a sparse file keeps collect busy")
        return
    if sum(len(file.data) for file in collected.files.values()) > 1 << 30:
        play.notice("collected a sparse file at its full size")


async def base_is_untouched(play: Play) -> None:
    await play.run()
    before = {f"{number}.txt": b"base" for number in range(20)}
    after = {path.name: path.read_bytes() for path in play.host.base.iterdir()}
    if before != after or stat.S_IMODE(play.host.base.stat().st_mode) != 0o777:
        play.notice("changed the base of other boxes")


async def list_then_collect(play: Play) -> None:
    await play.run()
    with suppress(OSError):
        await play.sandbox.list()
    with suppress(OSError):
        await play.sandbox.list("d/d/d")
    await play.sandbox.seal()
    play.alive = False
    await asyncio.wait_for(play.sandbox.collect(), 30)


SWAP = """
def exchange(one, other):
    system_call(316, -100, ctypes.c_char_p(one), -100, ctypes.c_char_p(other), 2)
tried("swap 'd' all the time")
exchange(b"d", b"l")
open("ready", "w").close()
count = 0
while not os.path.exists("stop") and count < 5000000:
    for _ in range(100):
        try:
            exchange(b"d", b"l")
        except FileNotFoundError:
            pass  # the harness made it anew
        count += 1
say("note", "%d swaps" % count)
"""

CASES = (
    Abuse(
        "links-that-the-harness-follows",
        FILESYSTEM,
        """
tried("plant links")
os.symlink(HOST["secret"], "secret")
os.symlink(HOST["open"], "open")
os.symlink("/", "root")
os.symlink("/proc/self/cwd", "self")
os.symlink("/proc/self", "proc")
os.symlink(HOST["open"] + "/planted", "dangling")
os.symlink("../" * 20 + HOST["secret"].lstrip("/"), "relative")
os.mkdir("deep")
os.symlink("../../../../../../../.." + HOST["secret"], "deep/up")
""",
        act=follow_links,
    ),
    Abuse(
        "race-directory-against-link",
        FILESYSTEM,
        "os.mkdir('d'); open('d/note.txt', 'w').write('mine'); os.symlink(HOST['open'], 'l')"
        + SWAP,
        act=race,
    ),
    Abuse(
        "race-file-against-link-and-fifo",
        FILESYSTEM,
        """
tried("swap 'f' all the time")
open("a", "w").write("mine")
os.symlink(HOST["secret"], "b")
os.mkfifo("c")
os.mkdir("g")
open("ready", "w").close()
while not os.path.exists("stop"):
    for name in ("a", "b", "c"):
        try:
            os.link(name, "next", follow_symlinks=False)
            os.rename("next", "f")
        except OSError:
            try:
                os.remove("next")
            except OSError:
                pass
""",
        act=race_on_a_file,
    ),
    Abuse(
        "race-snapshots",
        FILESYSTEM,
        """
os.mkdir("d")
os.symlink(HOST["open"], "l")
for number in range(50):
    open("d/%d" % number, "w").write("mine")
"""
        + SWAP,
        act=race_with_snapshots,
    ),
    Abuse(
        "restore-through-a-link",
        FILESYSTEM,
        """
tried("put a link where the directory was")
import shutil
shutil.rmtree("d")
os.symlink(HOST["open"], "d")
os.symlink(HOST["secret"], "secret.txt") if not os.path.islink("secret.txt") else None
""",
        act=restore_through_links,
    ),
    Abuse(
        "hard-links-to-foreign-files",
        FILESYSTEM,
        """
import glob
given = HOST["places"]["given"] + "/note.txt"
sources = {"linked": given, "system": "/usr/bin/env", "other": HOST["secret"], "etc": "/etc/passwd"}
for name, source in sources.items():
    forbidden("hard link to %s" % source, os.link, source, name)
handle = os.open(given, os.O_RDONLY)
def by_descriptor():
    os.link("/proc/self/fd/%d" % handle, "proc", follow_symlinks=True)
forbidden("hard link through a descriptor", by_descriptor)
""",
        spec=with_mount,
        act=hard_link_then_write,
    ),
    Abuse(
        "change-the-base-of-other-boxes",
        FILESYSTEM,
        """
if not os.path.exists("0.txt"):
    cannot("this backend does not fill a box from its base yet")
for number in range(20):
    name = "%d.txt" % number
    tried(name)
    handle = os.open(name, os.O_RDWR)
    os.pwrite(handle, b"evil", 0)
    os.ftruncate(handle, 2)
    os.fchmod(handle, 0o600)
    os.close(handle)
    os.remove(name)
open("planted", "w").close()
os.chmod(".", 0o700)
os.chmod(".", 0o777)
""",
        spec=on_base,
        act=base_is_untouched,
    ),
    Abuse(
        "strange-names",
        frozenset(),
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
        frozenset(),
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
        frozenset(),
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
        frozenset(),
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
        frozenset(),
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
for name in ("locked/in/side/f", "locked/in/side", "locked/in/f", "locked/in", "locked/f", "locked"):
    os.chmod(name, 0)
""",
    ),
    Abuse(
        "lock-the-workspace-itself",
        frozenset(),
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
        elif info.st_uid == 0 and os.geteuid() == 0:
            found = f"made {path.name}, which is root's on the host"
        elif info.st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(info.st_mode):
            found = found or f"made the set-id file {path.name} (mode {info.st_mode:o})"
    for path in host.writable.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    return found
