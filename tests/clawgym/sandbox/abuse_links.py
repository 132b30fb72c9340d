"""Links and races against the harness, which reads, writes, lists, snapshots and collects."""

import asyncio
import os
import stat
from collections.abc import Awaitable
from contextlib import suppress

from clawgym.errors import SandboxError
from clawgym.sandbox import BoxSpec
from tests.clawgym.sandbox.abuse_case import FILESYSTEM, SMALL, Abuse, Play
from tests.clawgym.sandbox.abuse_host import Host

ROUNDS = 500


def with_mount(host: Host) -> BoxSpec:
    return BoxSpec(limits=SMALL, mounts={"given": host.mount})


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

    await play.meanwhile(read_and_write)


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
        await play.meanwhile(read_and_write)
    except TimeoutError:
        play.notice("the harness hung on a FIFO")


async def race_with_snapshots(play: Play) -> None:
    async def keep_and_collect() -> None:
        for _ in range(10):
            with suppress(OSError, SandboxError):
                snapshot = await play.sandbox.snapshot()
                await snapshot.discard()

    await play.meanwhile(keep_and_collect)


async def restore_through_links(play: Play) -> None:
    """Snapshot a directory, let the box swap it for a link to the host, put it back."""
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


async def base_is_untouched(play: Play) -> None:
    await play.run()
    before = {f"{number}.txt": b"base" for number in range(20)}
    after = {path.name: path.read_bytes() for path in play.host.base.iterdir()}
    if before != after or stat.S_IMODE(play.host.base.stat().st_mode) != 0o777:
        play.notice("changed the base of other boxes")


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
)
