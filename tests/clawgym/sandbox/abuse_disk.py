"""Bombs of bytes and files, in every place that can be written."""

from tests.clawgym.sandbox.abuse_case import ANYWHERE, DISK, FILESYSTEM, Abuse, box_with, tighter

MIB = 1024**2


def tmpfs(place: str) -> Abuse:
    """Fill a place that is writable in every box, beyond the limit on temporary files."""
    return Abuse(
        "fill-" + place.strip("/").replace("/", "-"),
        FILESYSTEM,
        f"""
limit = HOST["limits"]["tmp_bytes"] * 2
if not os.path.isdir("{place}"):
    cannot("there is no {place}")
tried("fill {place}")
written = 0
for number in range(4):
    written += fill("{place}/bomb%d" % number, limit)
if written > limit:
    won("%d bytes in {place}" % written)
no_trace(*["{place}/bomb%d" % number for number in range(4)])
names = 0
folder = "{place}/%d-names" % os.getpid()
try:
    os.mkdir(folder)
    while names < 300000:
        os.mknod("%s/%d" % (folder, names))
        names += 1
except OSError as error:
    say("denied", "%d names: %s" % (names, error.strerror))
if names >= 300000:
    won("%d files in {place}: memory of the kernel that no limit counts" % names)
no_trace(*["%s/%d" % (folder, number) for number in range(names)], folder)
""",
    )


CASES = (
    Abuse(
        "fill-the-workspace",
        DISK,
        """
limit = HOST["limits"]["workspace_bytes"]
tried("fill the workspace")
written = sum(fill("bomb%d" % number, limit // 2) for number in range(6))
if written > limit * 1.05:
    won("%d bytes" % written)
for number in range(6):
    os.remove("bomb%d" % number)
""",
    ),
    Abuse(
        "fill-the-workspace-and-leave-it-full",
        DISK,
        """
tried("fill the workspace and every temporary directory")
for place in (".", "/tmp", "/dev/shm", "/run", "/var/tmp"):
    limit = HOST["limits"]["workspace_bytes" if place == "." else "tmp_bytes"]
    if fill(place + "/full", limit * 2) > limit * 2:
        no_trace(place + "/full")
        won("no limit in %s" % place)
""",
    ),
    Abuse(
        "inode-bomb",
        DISK,
        """
limit = HOST["limits"]["workspace_files"]
tried("make %d files" % (limit * 3))
count = 0
try:
    for number in range(limit * 3):
        open("f%d" % number, "w").close()
        count += 1
except OSError as error:
    say("denied", "%d: %s" % (count, error.strerror))
if count > limit:
    won("%d files" % count)
for number in range(count):
    os.remove("f%d" % number)
""",
    ),
    *(tmpfs(place) for place in ("/tmp", "/dev/shm", "/dev", "/run", "/var/tmp", "/dev/mqueue")),
    Abuse(
        "too-large-a-file",
        ANYWHERE,
        """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = HOST["limits"]["file_bytes"]
tried("write %d bytes" % (limit * 2))
if fill("big", limit * 2) > limit:
    won("a file of over %d bytes" % limit)
import resource
def raise_limit():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
try:
    forbidden("raise the limit", raise_limit)
except ValueError as error:
    say("denied", error)
""",
        spec=box_with(tighter(file_bytes=2 * MIB)),
    ),
)
