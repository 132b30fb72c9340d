"""Ways out of the box: other roots, mounts, namespaces, handles."""

from clawgym.sandbox import BoxSpec
from tests.clawgym.sandbox.abuse_case import (
    FILESYSTEM,
    SMALL,
    SYSCALLS,
    Abuse,
    Evidence,
    claimed,
)
from tests.clawgym.sandbox.abuse_host import Host


def with_mount(host: Host) -> BoxSpec:
    return BoxSpec(limits=SMALL, mounts={"given": host.mount})


def host_paths_shown(evidence: Evidence) -> str | None:
    """The attacker prints its mounts; only the host's side knows which words give it away."""
    shown = [line for line in evidence.said("mount") if "clawgym" in line]
    return f"the host's paths: {shown[0]}" if shown else claimed(evidence)


CASES = (
    Abuse(
        "chroot-in-chroot",
        FILESYSTEM,
        """
careful()
def dig():
    os.mkdir("jail")
    outside = os.open("/", os.O_RDONLY)
    os.chroot("jail")
    os.fchdir(outside)
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")

forbidden("chroot out of a chroot", dig)
leak("the host's file", contents(HOST["secret"]))
""",
    ),
    Abuse(
        "root-of-another-process",
        FILESYSTEM,
        """
for pid in pids() + ["self", "thread-self"]:
    for door in ("root", "cwd"):
        tried("/proc/%s/%s" % (pid, door))
        leak("/proc/%s/%s" % (pid, door), contents("/proc/%s/%s%s" % (pid, door, HOST["secret"])))
        up = "/".join([".."] * 30)
        leak("above %s" % pid, contents("/proc/%s/%s/%s%s" % (pid, door, up, HOST["secret"])))
""",
    ),
    Abuse(
        "host-file-by-its-path",
        FILESYSTEM,
        """
tried("open the secret")
leak("its own path", contents(HOST["secret"]))
for place in [HOST["secret"], HOST["directory"], HOST["open"]]:
    if os.path.lexists(place):
        won("sees %s" % place)
forbidden("write to the host", os.open, HOST["open"] + "/planted", os.O_WRONLY | os.O_CREAT)
no_trace(HOST["open"] + "/planted")
""",
    ),
    Abuse(
        "mountinfo-shows-host-paths",
        FILESYSTEM,
        """
for name in ("mountinfo", "mounts", "mountstats"):
    tried(name)
    for line in contents("/proc/self/" + name).decode().splitlines():
        say("mount", line)
        if any(path in line for path in HOST["private"] if len(path) > 1):
            won("the host's paths: %s" % line)
""",
        verdict=host_paths_shown,
    ),
    Abuse(
        "mount-a-filesystem",
        FILESYSTEM,
        """
careful()
os.mkdir("m")
for kind in (b"proc", b"sysfs", b"tmpfs", b"devpts", b"cgroup", b"cgroup2", b"overlay", b"ext4"):
    def mount():
        if libc.mount(b"none", b"m", kind, 0, None):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    forbidden("mount %s" % kind.decode(), mount)
""",
    ),
    Abuse(
        "bind-remount-and-unmount",
        FILESYSTEM,
        """
careful()
REMOUNT, BIND, REC, MOVE, PRIVATE = 32, 4096, 16384, 8192, 1 << 18
def mount(source, target, flags):
    if libc.mount(source, target, None, flags, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
def umount(target):
    if libc.umount2(target, 2):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
os.mkdir("m")
forbidden("bind the system over the workspace", mount, b"/usr", b"m", BIND | REC)
forbidden("make the mounts private", mount, b"none", b"/", PRIVATE | REC)
forbidden("move /proc", mount, b"/proc", b"m", MOVE)
table = contents("/proc/self/mountinfo").decode().splitlines()
for place in [line.split()[4].encode() for line in table]:
    forbidden("remount %s for writing" % place.decode(), mount, b"none", place, REMOUNT | BIND)
    forbidden("unmount %s" % place.decode(), umount, place)
""",
    ),
    Abuse(
        "new-mount-calls",
        FILESYSTEM,
        """
careful()
here, there = ctypes.c_char_p(b"/"), ctypes.c_char_p(b"/usr")
forbidden("fsopen", system_call, 430, ctypes.c_char_p(b"tmpfs"), 0)
forbidden("open_tree", system_call, 428, -100, here, 1)
forbidden("move_mount", system_call, 429, -100, there, -100, ctypes.c_char_p(b"/tmp"), 0)
# attr_set, attr_clr = read-only, propagation, userns: clear the read-only flag
clear = ctypes.create_string_buffer(struct.pack("QQQQ", 0, 1, 0, 0))
forbidden("mount_setattr", system_call, 442, -100, here, 0, clear, 32)
forbidden("fspick", system_call, 433, -100, here, 0)
""",
    ),
    Abuse(
        "pivot-root",
        FILESYSTEM,
        """
careful()
os.mkdir("new")
os.mkdir("new/old")
new, old = ctypes.c_char_p(b"new"), ctypes.c_char_p(b"new/old")
forbidden("pivot_root", system_call, 155, new, old)
""",
    ),
    Abuse(
        "user-namespace",
        SYSCALLS,
        """
careful()
NAMES = {"user": 0x10000000, "mount": 0x20000, "net": 0x40000000, "pid": 0x20000000,
         "ipc": 0x8000000, "uts": 0x4000000, "cgroup": 0x2000000, "time": 0x80}
def raw_clone(flags):
    pid = system_call(56, flags | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
def clone3(flags):
    body = ctypes.create_string_buffer(struct.pack("QQQQQQQQ", flags, 0, 0, 0, 17, 0, 0, 0))
    pid = system_call(435, body, 64)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
for name, flag in NAMES.items():
    tried("unshare %s" % name)
    if child(lambda: system_call(272, flag)) == 0:
        won("unshared a %s namespace" % name)
    if name != "time":
        forbidden("clone a %s namespace" % name, raw_clone, flag)
        forbidden("clone3 a %s namespace" % name, clone3, flag)
    forbidden("with a user namespace: %s" % name, raw_clone, flag | NAMES["user"])
""",
    ),
    Abuse(
        "join-a-namespace",
        FILESYSTEM,
        """
import glob
careful()
def kept():
    return sorted(os.readlink(path) for path in glob.glob("/proc/self/ns/*"))
mine = kept()
for path in glob.glob("/proc/[0-9]*/ns/*") + glob.glob("/proc/self/fd/*"):
    try:
        door = os.open(path, os.O_RDONLY)
    except OSError:
        continue
    attempt("setns %s" % path, system_call, 308, door, 0)
    os.close(door)
tried("namespaces of others")
if kept() != mine:
    won("changed namespaces: %s" % (set(kept()) - set(mine)))
""",
    ),
    Abuse(
        "open-by-handle",
        FILESYSTEM,
        """
# struct file_handle {u32 bytes; i32 type; u8 handle[]}: inode 2, the root of ext4; 128 on xfs
for place in ("/", "/usr", "/etc", "/workspace", HOST["places"]["workspace"]):
    try:
        mount = os.open(place, os.O_RDONLY)
    except OSError:
        continue
    for inode in (2, 128, 256, 1):
        handle = struct.pack("Ii", 8, 1) + struct.pack("II", inode, 0)
        body = ctypes.create_string_buffer(handle)
        forbidden("inode %d of %s" % (inode, place), system_call, 304, mount, body, os.O_RDONLY)
""",
    ),
    Abuse(
        "change-a-read-only-mount",
        FILESYSTEM,
        """
given = HOST["places"]["given"]
note = given + "/note.txt"
if contents(note) != b"note":
    cannot("the mount is not there")
forbidden("write", os.open, note, os.O_WRONLY)
forbidden("truncate", os.truncate, note, 0)
forbidden("chmod", os.chmod, note, 0o666)
forbidden("utime", os.utime, note)
forbidden("rename", os.rename, note, given + "/other")
forbidden("remove", os.remove, note)
forbidden("plant", os.open, given + "/planted", os.O_WRONLY | os.O_CREAT)
forbidden("extended attribute", os.setxattr, note, "user.planted", b"x")
handle = os.open(note, os.O_RDONLY)
forbidden("reopen for writing", os.open, "/proc/self/fd/%d" % handle, os.O_WRONLY)
forbidden("fchmod", os.fchmod, handle, 0o666)
forbidden("link into the workspace", os.link, note, "linked")
forbidden("move into the workspace", os.rename, note, "moved")
""",
        spec=with_mount,
    ),
)
