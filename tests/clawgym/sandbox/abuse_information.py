"""What a box could learn: secrets of the harness, other boxes, the host and its people."""

import pwd
import re
import socket
from pathlib import Path

from tests.clawgym.sandbox.abuse_case import (
    ANYWHERE,
    ENVIRONMENT,
    FILESYSTEM,
    IPC,
    PROCESSES,
    Abuse,
    Evidence,
    claimed,
)

_COMMON = re.compile(rb"(PATH|LANG|LC_\w+|PYTHONDONTWRITEBYTECODE|CLAWGYM_\w+|SHLVL|_)=")


def harness_environment_seen(evidence: Evidence) -> str | None:
    """Any variable that this process was started with and that a clean one would not have."""
    own = Path("/proc/self/environ").read_bytes().split(b"\0")
    seen = set(evidence.said("variable"))
    for pair in own:
        if len(pair) > 8 and not _COMMON.match(pair) and pair.hex() in seen:
            return f"a variable of the harness: {pair.split(b'=')[0].decode(errors='replace')}"
    return claimed(evidence)


def harness_processes_seen(evidence: Evidence) -> str | None:
    """Any command line inside that is running outside the box."""
    if "time.sleep(3600)" in "\n".join(evidence.said("process")):
        return "the host's processes are listed"
    return claimed(evidence)


def host_name_seen(evidence: Evidence) -> str | None:
    """The name of this machine."""
    if socket.gethostname() in evidence.said("name"):
        return f"the host's name: {socket.gethostname()}"
    return claimed(evidence)


def host_people_seen(evidence: Evidence) -> str | None:
    """A line of the host's user list that is about a person."""
    people = [user for user in pwd.getpwall() if 1000 <= user.pw_uid < 60000]
    lines = evidence.said("user")
    for user in people:
        if ":".join(map(str, user)) in lines:
            return f"a user of the host: {user.pw_name}"
    root = pwd.getpwnam("root")
    if Path(root.pw_dir).is_dir() and "home of root" in evidence.said("home"):
        return "the home directory of root has files"
    return claimed(evidence)


CASES = (
    Abuse(
        "environment-of-every-process",
        ENVIRONMENT,
        """
for pid in pids() + ["self"]:
    tried("/proc/%s/environ" % pid)
    data = contents("/proc/%s/environ" % pid)
    leak("/proc/%s/environ" % pid, data)
    for pair in data.split(b"\\0"):
        say("variable", pair.hex())
for name, value in os.environb.items():
    say("variable", (name + b"=" + value).hex())
""",
        verdict=harness_environment_seen,
    ),
    Abuse(
        "command-line-of-every-process",
        PROCESSES,
        """
OWN = [word for word in contents("/proc/self/cmdline").split(b"\\0") if len(word) > 3]
for pid in pids():
    tried(pid)
    data = contents("/proc/%d/cmdline" % pid)
    for word in OWN:
        data = data.replace(word, b"...")  # a launcher may carry the attack's own words
    leak("/proc/%d/cmdline" % pid, data)
    if pid != os.getpid():
        say("process", data.decode(errors="replace"))
        if any(path.encode() in data for path in HOST["private"] if path != "/"):
            won("a host path in the command line of process %d: %r" % (pid, data[:200]))
        if b"clawgym-" in data:
            won("a host path in the command line of process %d: %r" % (pid, data[:200]))
if len(pids()) > 40:
    won("sees %d processes" % len(pids()))
for pid in (HOST["victim"], HOST["harness"]):
    if b"python" in contents("/proc/%d/cmdline" % pid):
        won("sees the host's process %d" % pid)
""",
        verdict=harness_processes_seen,
    ),
    Abuse(
        "open-files-of-every-process",
        PROCESSES,
        """
for pid in pids():
    tried("/proc/%d/fd" % pid)
    try:
        names = os.listdir("/proc/%d/fd" % pid)
    except OSError as error:
        say("denied", error)
        continue
    for name in names:
        path = "/proc/%d/fd/%s" % (pid, name)
        try:
            target = os.readlink(path)
            info = os.stat(path)
        except OSError:
            continue
        if "clawgym-" in target or any(p in target for p in HOST["private"] if len(p) > 1):
            won("%s is %s" % (path, target))
        if stat.S_ISREG(info.st_mode):
            leak(path, contents(path))
        if stat.S_ISDIR(info.st_mode):
            leak(path, contents(path + HOST["secret"]))
            leak(path, contents(path + "/../../../../../.." + HOST["secret"]))
""",
    ),
    Abuse(
        "only-three-descriptors",
        ANYWHERE,
        """
tried("descriptors 3 to 4095")
for number in range(3, 4096):
    try:
        target = os.readlink("/proc/self/fd/%d" % number)
        os.fstat(number)
    except OSError:
        continue
    won("descriptor %d is open: %s" % (number, target))
for number in (0, 1, 2):
    say("open", "%d %s" % (number, os.readlink("/proc/self/fd/%d" % number)))
    if stat.S_ISDIR(os.fstat(number).st_mode) or stat.S_ISSOCK(os.fstat(number).st_mode):
        won("descriptor %d is %s" % (number, os.readlink("/proc/self/fd/%d" % number)))
""",
    ),
    Abuse(
        "more-than-a-standard-stream",
        ANYWHERE,
        """
import fcntl
for number in (0, 1, 2):
    tried("what else descriptor %d can do" % number)
    mode = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE
    if stat.S_ISREG(os.fstat(number).st_mode) and mode != os.O_RDONLY and number:
        won("descriptor %d is a file that can be rewritten" % number)
    # Output that could be read again, or the input of another command, is somebody else's.
    if number and stat.S_ISFIFO(os.fstat(number).st_mode):
        try:
            again = os.open("/proc/self/fd/%d" % number, os.O_RDONLY | os.O_NONBLOCK)
            say("note", "the output pipe can be read: %r" % os.read(again, 10)[:10])
        except OSError as error:
            say("denied", error)
""",
    ),
    Abuse(
        "hidden-places",
        FILESYSTEM,
        """
for path in ("/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/root/.bashrc", "/root/.ssh",
             "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
             "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/user", "/var/log",
             "/var/lib/docker", "/var/lib/dpkg/status", "/etc/machine-id", "/boot/grub",
             "/sys/kernel", "/sys/class", "/mnt", "/media", "/etc/hosts.equiv", "/etc/krb5.keytab",
             "/etc/ssl/private", "/etc/ssh", *HOST["private"]):
    tried(path)
    if path == "/":
        continue
    try:
        if os.path.isdir(path):
            found = os.listdir(path)
        else:
            found = contents(path) or stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        continue
    if found:
        say("note", "%s: %r" % (path, found[:3] if found is not True else found))
        if path not in ("/var/lib/dpkg/status", "/etc/machine-id", "/var/log", "/mnt", "/media"):
            won("can read %s" % path)
""",
    ),
    Abuse(
        "people-of-the-host",
        FILESYSTEM,
        """
tried("/etc/passwd, /home, /root")
for line in contents("/etc/passwd").decode().splitlines():
    say("user", line)
for folder in ("/home", "/Users"):
    if os.path.isdir(folder) and os.listdir(folder):
        won("%s holds %s" % (folder, os.listdir(folder)[:3]))
try:
    if set(os.listdir("/root")) - {".bashrc", ".profile"}:
        say("home", "home of root")
except OSError:
    pass
""",
        verdict=host_people_seen,
    ),
    Abuse(
        "name-of-the-host",
        FILESYSTEM,
        """
tried("every place with the host's name")
import platform
for name in (platform.node(), socket.gethostname(), contents("/proc/sys/kernel/hostname").decode(),
             contents("/etc/hostname").decode()):
    say("name", name.strip())
""",
        verdict=host_name_seen,
    ),
    Abuse(
        "another-boxs-files",
        FILESYSTEM,
        """
for place in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/workspace", HOST["places"]["workspace"],
              "/dev/mqueue", "/boxes", "/var"):
    tried(place)
    for folder, folders, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                leak(path, contents(path))
tried("leave something for the next box")
for place in ("/tmp", "/dev/shm", "/run"):
    try:
        with open(place + "/neighbour-was-here", "x") as stream:
            stream.write(HOST["needle"])
    except FileExistsError:
        won("%s is shared with another box" % place)
    except OSError as error:
        say("denied", error)
    else:
        no_trace(place + "/neighbour-was-here")
""",
    ),
    Abuse(
        "another-boxs-memory",
        IPC,
        """
found = libc.shmget(HOST["segment"], 0, 0)
tried("the shared memory segment of the other box")
if found >= 0:
    won("found the other box's shared memory")
for name in ("shm", "sem", "msg"):
    if len(contents("/proc/sysvipc/" + name).splitlines()) > 1:
        won("sees foreign objects in /proc/sysvipc/" + name)
tried("the abstract socket of the other box")
for line in contents("/proc/net/unix").decode().splitlines()[1:]:
    if "@" in line:
        won("sees an abstract socket: %s" % line)
with socket.socket(socket.AF_UNIX) as client:
    forbidden("connect to the other box", client.connect, "\\0clawgym-neighbour")
""",
    ),
    Abuse(
        "messages-of-the-kernel",
        FILESYSTEM,
        """
room = ctypes.create_string_buffer(4096)
forbidden("the kernel's log", system_call, 103, 3, room, 4096)
forbidden("the size of the kernel's log", system_call, 103, 10, 0, 0)
for path in ("/dev/kmsg", "/proc/kmsg"):
    forbidden(path, os.open, path, os.O_RDONLY | os.O_NONBLOCK)
""",
    ),
    Abuse(
        "addresses-of-the-kernel",
        FILESYSTEM,
        """
import re
for name in ("kallsyms", "modules", "iomem", "ioports", "vmallocinfo", "timer_list", "slabinfo",
             "kpagecount", "kpageflags", "pagetypeinfo", "self/stack", "1/stack"):
    tried(name)
    data = contents("/proc/" + name, 1 << 16)
    if name in ("slabinfo", "kpagecount", "kpageflags") and data:
        won("can read /proc/" + name)
    for number in re.findall(rb"\\b(?:0x)?([0-9a-f]{8,16})\\b", data):
        if int(number, 16):
            won("a kernel address in /proc/%s: %r" % (name, number))
            break
for name in ("unix", "tcp", "netlink", "packet"):
    for line in contents("/proc/net/" + name).decode().splitlines()[1:]:
        first = line.split()[0].rstrip(":")
        if len(first) == 16 and int(first, 16):
            say("note", "hashed address in /proc/net/" + name)
""",
    ),
    Abuse(
        "page-frames",
        FILESYSTEM,
        """
tried("/proc/self/pagemap")
page = bytearray(b"x" * 8192)
address = ctypes.addressof((ctypes.c_char * 8192).from_buffer(page))
try:
    with open("/proc/self/pagemap", "rb") as stream:
        stream.seek(address // 4096 * 8)
        entry = struct.unpack("Q", stream.read(8))[0]
except OSError as error:
    say("denied", error)
else:
    if entry & ((1 << 55) - 1):
        won("physical addresses of its pages")
""",
    ),
)
