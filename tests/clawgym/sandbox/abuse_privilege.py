"""Ways to more rights than an ordinary program without any."""

import asyncio

from tests.clawgym.sandbox.abuse_case import FILESYSTEM, SYSCALLS, Abuse, Play


async def join_often(play: Play) -> None:
    """Run forty commands beside the program."""

    async def join() -> None:
        for _ in range(10):
            await asyncio.gather(*(play.sandbox.exec(["true"]) for _ in range(4)))

    await play.meanwhile(join)


CASES = (
    Abuse(
        "capabilities",
        FILESYSTEM,
        """
tried("every capability set")
for name, bits in zip(("effective", "permitted", "inheritable"), capabilities()):
    if bits:
        won("%s capabilities: %x" % (name, bits))
for number in range(41):
    if libc.prctl(47, 1, number, 0, 0) == 1:
        won("the ambient capability %d" % number)
if libc.prctl(39, 0, 0, 0, 0) != 1:
    won("may gain privileges: no_new_privs is off")
""",
    ),
    Abuse(
        "raise-capabilities",
        FILESYSTEM,
        """
careful()
for name, number in (("ambient", 47), ("keep", 8), ("no new privs off", 38)):
    def prctl():
        for second in range(41):
            if libc.prctl(number, 2 if number == 47 else 0, second, 0, 0) == 0 and number == 47:
                return
        raise OSError(1, "refused")
    forbidden(name, prctl)
header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
every = ctypes.create_string_buffer(struct.pack("IIIIII", *[0xFFFFFFFF] * 6))
forbidden("capset", system_call, 126, header, every)
if any(capabilities()):
    won("has capabilities: %s" % capabilities())
""",
    ),
    Abuse(
        "become-somebody-else",
        FILESYSTEM,
        """
careful()
def write(path, data):
    os.write(os.open(path, os.O_WRONLY), data)
me = (os.getuid(), os.getgid())
for user in (0, 1, 1000, 1001, 65534, 4294967294):
    if user != me[0]:
        forbidden("setuid %d" % user, os.setuid, user)
        forbidden("setresuid %d" % user, os.setresuid, -1, user, -1)
    if user != me[1]:
        forbidden("setgid %d" % user, os.setgid, user)
forbidden("setgroups", os.setgroups, [0])
libc.setfsuid(0)
if libc.setfsuid(-1) not in (me[0],):
    won("changed its file system user")
if os.getuid() == 0 or os.geteuid() == 0:
    won("is root inside")
groups = set(os.getgroups()) - {me[1], 65534}
if groups:
    won("has groups: %s" % groups)
for name in ("uid_map", "gid_map"):
    say("note", contents("/proc/self/" + name).decode())
    forbidden("write " + name, write, "/proc/self/" + name, b"0 0 1")
forbidden("allow setgroups", write, "/proc/self/setgroups", b"allow")
""",
    ),
    Abuse(
        "set-id-programs",
        FILESYSTEM,
        """
import subprocess, shutil
careful()
tried("run what is set-id")
found = []
for folder in ("/usr/bin", "/usr/sbin", "/usr/lib/openssh", "/usr/libexec", "/usr/lib/dbus-1.0"):
    if os.path.isdir(folder):
        for name in os.listdir(folder):
            info = os.lstat(os.path.join(folder, name))
            if stat.S_ISREG(info.st_mode) and info.st_mode & 0o6000:
                found.append(os.path.join(folder, name))
say("note", found)
os.mkdir("m")
# A copy of a program that says who it is, set-id, and in every writable place.
for place in (".", "/tmp", "/dev/shm", "/run"):
    target = place + "/who"
    try:
        shutil.copyfile("/usr/bin/id", target)
        os.chmod(target, 0o6755)
        answer = subprocess.run([target, "-u"], capture_output=True, timeout=5).stdout.strip()
    except OSError as error:
        say("denied", error)
        continue
    no_trace(target)
    if answer == b"0" and os.getuid():
        won("a set-id program ran as root")
for command in (["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"], ["pkexec", "id", "-u"],
                ["newgrp", "root"], ["mount", "-t", "tmpfs", "x", "m"]):
    if shutil.which(command[0]) is None:
        continue
    tried(command)
    try:
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired) as error:
        say("denied", error)
        continue
    if ran.stdout.strip() == b"0" or (command[0] == "mount" and ran.returncode == 0):
        won("%s worked" % command)
""",
    ),
    Abuse(
        "file-capabilities",
        FILESYSTEM,
        """
import shutil, subprocess
careful()
shutil.copyfile("/usr/bin/cat", "mine")
os.chmod("mine", 0o755)
# Version 2, effective, everything permitted; version 3 names a root user id.
v2 = struct.pack("<IIIII", 0x02000001, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0)
v3 = struct.pack("<IIIIII", 0x03000001, 0xFFFFFFFF, 0, 0xFFFFFFFF, 0, os.getuid())
for name, body in (("v2", v2), ("v3", v3)):
    attempt("file capabilities " + name, os.setxattr, "mine", "security.capability", body)
    text = subprocess.run(["./mine", "/proc/self/status"], capture_output=True).stdout.decode()
    say("note", "%d bytes of status" % len(text))
    for line in text.splitlines():
        if line.startswith(("CapEff", "CapPrm")) and int(line.split()[1], 16):
            won("a program with capabilities: %s" % line)
""",
    ),
    Abuse(
        "seccomp-is-on",
        SYSCALLS,
        """
tried("the mode of seccomp")
mode = libc.prctl(21, 0, 0, 0, 0)
if mode != 2:
    won("no filter: the mode of seccomp is %d" % mode)
""",
    ),
    Abuse(
        "catch-what-joins-the-box",
        FILESYSTEM,
        """
# A process that joins is still the harness's own program until it becomes the command.
import errno
tried("read what joins the box")
HARMLESS = ("pipe:", "/dev/null", "anon_inode:", "socket:", "/memfd:", "/usr/", "/lib", "/etc/ld")
open("ready", "w").close()
caught = 0
while not os.path.exists("stop"):
    for pid in pids():
        if pid in (1, os.getpid()):
            continue
        caught += 1
        base = "/proc/%d/" % pid
        try:
            program = os.readlink(base + "exe")
        except OSError:
            continue
        leak(base + "environ", contents(base + "environ"))
        for door in ("cwd", "root"):
            leak(base + door, contents(base + door + HOST["secret"]))
            leak(base + door, contents(base + door + "/../../../../../.." + HOST["secret"]))
        try:
            for number in os.listdir(base + "fd"):
                target = os.readlink(base + "fd/" + number)
                if not target.startswith(HARMLESS) and "/proc/" not in target:
                    won("a descriptor of a joining %s: %s" % (program, target))
        except OSError:
            pass
        try:
            os.close(os.open(base + "exe", os.O_WRONLY))
        except OSError as error:
            if error.errno == errno.ETXTBSY:
                won("may overwrite a joining %s" % program)
        if not program.startswith(("/usr/bin/", "/bin/")) or "bwrap" in program:
            try:
                os.close(os.open(base + "mem", os.O_RDWR))
            except OSError as error:
                say("denied", "%s of %s: %s" % (base, program, error.strerror))
            else:
                won("may write to the memory of a joining %s" % program)
say("note", "looked %d times" % caught)
""",
        act=join_often,
    ),
)
