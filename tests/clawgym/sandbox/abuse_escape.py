"""Ways out of the box: mounts, namespaces, devices, other processes, the kernel's own doors."""

from clawgym.sandbox import BoxSpec
from tests.clawgym.sandbox.abuse_case import (
    FILESYSTEM,
    PROCESSES,
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
places = [line.split()[4].encode() for line in contents("/proc/self/mountinfo").decode().splitlines()]
for place in places:
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
        "trace-other-processes",
        PROCESSES,
        """
own = os.fork()
if own == 0:
    time.sleep(60)
    os._exit(0)
for pid in [HOST["victim"], HOST["harness"]]:
    forbidden("attach to the host's %d" % pid, system_call, 101, 0x4206, pid, 0, 0)
    forbidden("signal the host's %d" % pid, os.kill, pid, 0)
os.kill(own, signal.SIGKILL)
""",
    ),
    Abuse(
        "trace-process-one",
        SYSCALLS,
        """
tried("attach to every process of the box")
own = os.fork()
if own == 0:
    time.sleep(60)
    os._exit(0)
for pid in sorted(set(pids()) - {os.getpid(), own}):
    forbidden("ptrace %d" % pid, system_call, 101, 0x4206, pid, 0, 0)
os.kill(own, signal.SIGKILL)
""",
    ),
    Abuse(
        "memory-of-process-one",
        PROCESSES,
        """
for pid in sorted(set(pids()) - {os.getpid()}):
    forbidden("write to the memory of %d" % pid, os.open, "/proc/%d/mem" % pid, os.O_WRONLY)
tried("the memory of all %d processes" % len(pids()))
""",
    ),
    Abuse(
        "devices-that-should-not-be-there",
        FILESYSTEM,
        """
USUAL = {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)}
tried("look at every device")
for folder, _, names in os.walk("/dev"):
    for name in names:
        info = os.lstat(os.path.join(folder, name))
        number = (os.major(info.st_rdev), os.minor(info.st_rdev))
        if stat.S_ISBLK(info.st_mode):
            won("the disk %s/%s" % (folder, name))
        elif stat.S_ISCHR(info.st_mode) and number not in USUAL and number[0] not in range(136, 144):
            won("the device %s/%s %s" % (folder, name, number))
""",
    ),
    Abuse(
        "make-a-device",
        FILESYSTEM,
        """
careful()
disks = {(8, 0), (254, 0), (253, 0), (259, 0)}
for line in contents("/proc/partitions").decode().splitlines()[2:]:
    major, minor = line.split()[:2]
    disks.add((int(major), int(minor)))
for place in (".", "/tmp", "/dev/shm", "/dev", "/run"):
    for major, minor in sorted(disks)[:6]:
        node = os.makedev(major, minor)
        name = "%s/disk%d-%d" % (place, major, minor)
        forbidden("the disk %s" % name, os.mknod, name, stat.S_IFBLK | 0o666, node)
    for name, minor in (("mem", 1), ("kmem", 2), ("port", 4), ("kmsg", 11)):
        node = os.makedev(1, minor)
        forbidden("%s/%s" % (place, name), os.mknod, place + "/" + name, stat.S_IFCHR | 0o666, node)
""",
    ),
    Abuse(
        "memory-of-the-machine",
        FILESYSTEM,
        """
for path in ("/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/kvm", "/dev/fuse",
             "/dev/net/tun", "/dev/vsock", "/dev/kmsg", "/dev/loop-control", "/dev/uinput"):
    for flags in (os.O_RDONLY, os.O_RDWR):
        tried(path)
        try:
            handle = os.open(path, flags | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            data = os.read(handle, 16)
        except OSError:
            data = b""
        if flags == os.O_RDWR or data:
            won("opened %s" % path)
""",
    ),
    Abuse(
        "chmod-of-the-system",
        FILESYSTEM,
        """
for path in ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/tty", "/dev",
             "/usr/bin/env", "/usr", "/etc/passwd", "/etc", "/", "/proc/sys", "/proc"):
    if not os.path.exists(path):
        continue
    info = os.stat(path)
    forbidden("chmod %s" % path, os.chmod, path, stat.S_IMODE(info.st_mode))
    forbidden("chown %s" % path, os.chown, path, info.st_uid, info.st_gid)
""",
    ),
    Abuse(
        "write-to-the-system",
        FILESYSTEM,
        """
seen = 0
for top in ("/usr/bin", "/usr/sbin", "/usr/lib/python3", "/etc", "/bin", "/lib64", "/sbin", "/boot",
            "/opt", "/var", "/srv", "/lib/systemd"):
    for folder, folders, names in os.walk(top):
        for path in [folder] if names else []:
            if seen < 4000 and not path.startswith("/var/tmp") and os.access(path, os.W_OK):
                forbidden("plant in %s" % path, os.mkdir, path + "/planted")
                no_trace(path + "/planted")
        for name in names[:200]:
            path = os.path.join(folder, name)
            seen += 1
            if seen > 4000 or os.path.islink(path) or not os.path.isfile(path):
                continue
            try:
                os.close(os.open(path, os.O_WRONLY))
            except OSError:
                continue
            won("opened %s for writing" % path)
tried("%d files" % seen)
for path in ("/etc/ld.so.preload", "/usr/lib/sitecustomize.py", "/usr/bin/planted", "/planted"):
    if not os.path.lexists(path):
        forbidden("create %s" % path, os.open, path, os.O_WRONLY | os.O_CREAT)
        no_trace(path)
""",
    ),
    Abuse(
        "overwrite-the-running-program",
        FILESYSTEM,
        """
# The way out of old container runtimes: the program that joins the box is a file of the host.
import errno
for pid in pids() + ["self"]:
    for flags in (os.O_WRONLY, os.O_RDWR):
        tried("/proc/%s/exe" % pid)
        try:
            os.close(os.open("/proc/%s/exe" % pid, flags))
        except OSError as error:
            if error.errno != errno.ETXTBSY:  # busy: allowed as soon as nobody runs it
                continue
        won("may overwrite the program of process %s" % pid)
""",
    ),
    Abuse(
        "kernel-settings",
        FILESYSTEM,
        """
count = 0
def masked(path):  # with /dev/null over it
    return os.path.exists(path) and os.stat(path).st_rdev == os.makedev(1, 3)
for top in ("/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/driver", "/sys"):
    for folder, folders, names in os.walk(top):
        for name in names:
            count += 1
            path = os.path.join(folder, name)
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                continue
            if not masked(path):
                won("opened %s for writing" % path)
tried("%d settings" % count)
for name in ("sysrq-trigger", "sys/kernel/core_pattern", "sys/kernel/modprobe", "mtrr", "keys",
             "sys/vm/drop_caches", "scsi/scsi", "timer_list", "latency_stats", "sys/fs/binfmt_misc"):
    if not masked("/proc/" + name):
        forbidden("/proc/" + name, os.open, "/proc/" + name, os.O_WRONLY | os.O_APPEND)
""",
    ),
    Abuse(
        "protected-from-the-oom-killer",
        FILESYSTEM,
        """
careful()
def lower(to):
    handle = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(handle, b"%d" % to)
for to in (-1000, -1, HOST["oom"] - 1):
    forbidden("be spared before the harness, with oom_score_adj %d" % to, lower, to)
forbidden("a real-time class", os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1))
forbidden("a better priority", os.setpriority, os.PRIO_PROCESS, 0, os.getpriority(0, 0) - 1)
""",
    ),
    Abuse(
        "cgroups",
        FILESYSTEM,
        """
tried("every file of the cgroups")
for top in ("/sys/fs/cgroup", "/cgroup"):
    for folder, folders, names in os.walk(top):
        for name in names:
            try:
                os.close(os.open(os.path.join(folder, name), os.O_WRONLY))
            except OSError:
                continue
            won("opened %s/%s for writing" % (folder, name))
        if os.access(folder, os.W_OK):
            forbidden("make a cgroup", os.mkdir, folder + "/planted")
            no_trace(folder + "/planted")
careful()
def release():
    if libc.mount(b"cgroup", b"/tmp", b"cgroup", 0, b"rdma"):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
forbidden("mount a cgroup for its release_agent", release)
""",
    ),
    Abuse(
        "path-of-the-cgroup",
        FILESYSTEM,
        """
tried("/proc/self/cgroup")
for line in contents("/proc/self/cgroup").decode().splitlines():
    if line.split(":", 2)[2] != "/":
        won("where it is in the host's cgroups: %s" % line)
""",
    ),
    Abuse(
        "keyring-of-the-harness",
        SYSCALLS,
        """
READ, SEARCH = 11, 10
name = ctypes.c_char_p(b"clawgym-abuse")
for ring in (-1, -2, -3, -4, -5):
    def steal():
        key = system_call(250, SEARCH, ring, ctypes.c_char_p(b"user"), name, 0)
        room = ctypes.create_string_buffer(200)
        system_call(250, READ, key, room, 200)
        leak("keyring %d" % ring, room.raw)
    attempt("search keyring %d" % ring, steal)
leak("/proc/keys", contents("/proc/keys"))
forbidden("request a key", system_call, 249, ctypes.c_char_p(b"user"), name, 0, -2)
forbidden("add a key", system_call, 248, ctypes.c_char_p(b"user"), name, name, 4, -5)
""",
    ),
    Abuse(
        "calls-that-no-task-needs",
        SYSCALLS,
        """
import errno
careful()
# Every argument is -1, with which none of them does anything. An EFAULT or EINVAL says that the kernel began to look at the arguments: not filtered.
CALLS = {"bpf": 321, "userfaultfd": 323, "perf_event_open": 298, "io_uring_setup": 425,
         "kexec_load": 246, "init_module": 175, "finit_module": 313, "swapon": 167, "reboot": 169,
         "acct": 163, "settimeofday": 164, "sethostname": 170, "iopl": 172, "ptrace": 101,
         "process_vm_readv": 310, "process_vm_writev": 311, "open_by_handle_at": 304,
         "name_to_handle_at": 303, "lookup_dcookie": 212, "quotactl": 179,
         "pidfd_getfd": 438, "kcmp": 312, "add_key": 248, "unshare": 272, "setns": 308}
ALLOWED = {"name_to_handle_at"}
for name, number in CALLS.items():
    tried(name)
    try:
        system_call(number, -1, -1, -1, -1, -1, -1)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS, errno.EACCES) or name in ALLOWED:
            continue
        won("%s reaches the kernel: %s" % (name, errno.errorcode[error.errno]))
    else:
        won("%s works" % name)
""",
    ),
    Abuse(
        "foreign-system-call-table",
        SYSCALLS,
        """
# The same calls through the x32 numbers, which a filter of plain numbers would let through.
import errno
careful()
for name, number in (("unshare", 272), ("mount", 165), ("setns", 308), ("bpf", 321)):
    tried("x32 %s" % name)
    try:
        system_call(0x40000000 | number, -1, -1, -1, -1, -1, -1)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOSYS):
            won("x32 %s reaches the kernel" % name)
    else:
        won("x32 %s works" % name)
""",
    ),
    Abuse(
        "type-into-the-terminal",
        FILESYSTEM,
        """
import fcntl, termios
try:
    handles = [0, 1, 2, os.open("/dev/tty", os.O_RDWR)]
except OSError as error:
    say("denied", "/dev/tty: %s" % error)
    handles = [0, 1, 2]
for handle in handles:
    if not os.isatty(handle):
        tried("TIOCSTI on %d" % handle)
    forbidden("TIOCSTI on %d" % handle, fcntl.ioctl, handle, termios.TIOCSTI, b" ")
    forbidden("TIOCLINUX on %d" % handle, fcntl.ioctl, handle, 0x541C, b"\\x0f")
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
    Abuse(
        "kill-everything-outside",
        PROCESSES,
        """
try:
    os.kill(HOST["victim"], 0)
except OSError:
    pass
else:
    tried("to signal the host's processes")
    won("can signal the host's processes")
    os._exit(0)
careful()
if len(pids()) > 60:
    cannot("the processes of the host are visible: kill(-1) would be a disaster")
tried("kill every process there is")
keeper = os.fork()
if keeper == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for pid in pids():
        if pid not in (os.getpid(), os.getppid()):
            attempt("kill %d" % pid, os.kill, pid, signal.SIGKILL)
    attempt("kill 1", os.kill, 1, signal.SIGTERM)
    attempt("kill all", os.kill, -1, signal.SIGKILL)
    os._exit(0)
os.waitpid(keeper, 0)
""",
    ),
)
