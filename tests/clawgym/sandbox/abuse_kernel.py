"""The kernel's own doors: devices, settings, other processes, calls that no task needs."""

from tests.clawgym.sandbox.abuse_case import FILESYSTEM, PROCESSES, SYSCALLS, Abuse

CASES = (
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
        terminal = number[0] in range(136, 144)
        if stat.S_ISCHR(info.st_mode) and number not in USUAL and not terminal:
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
for top in ("/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/sys"):
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
             "sys/vm/drop_caches", "scsi/scsi", "timer_list", "sys/fs/binfmt_misc"):
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
# Every argument is -1, with which none of them does anything. An EFAULT or EINVAL says that the
# kernel began to look at the arguments: not filtered.
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
