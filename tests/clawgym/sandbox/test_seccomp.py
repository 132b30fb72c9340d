"""The filter of system calls, tried by processes that install it."""

import errno
import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from clawgym.sandbox import _seccomp
from clawgym.sandbox._seccomp import NUMBERS, RULES, Profile, program

pytestmark = pytest.mark.skipif(
    not _seccomp.is_supported(), reason="no table of system calls for this machine"
)

INSTALL = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
program = bytes.fromhex(sys.argv.pop(1))
buffer = ctypes.create_string_buffer(program, len(program))
fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, fprog, 0, 0) == 0, ctypes.get_errno()
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(number, *map(ctypes.c_long, arguments))
    return ctypes.get_errno() if result == -1 else 0
"""
COLUMN = _seccomp.MACHINES.get(os.uname().machine, (0, 0))[1]


def run(script: str, profile: Profile = "shared", *arguments: str) -> str:
    command = [sys.executable, "-I", "-S", "-c", INSTALL + script]
    done = subprocess.run(
        [*command, program(profile).hex(), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.strip()


def number(name: str) -> int:
    found = NUMBERS[name][COLUMN]
    assert found is not None
    return found


@pytest.mark.parametrize("profile", ["box", "shared"])
def test_what_is_refused_outright_returns_its_error(profile: Profile) -> None:
    rules = [rule for rule in RULES[profile] if rule.argument is None]
    here = {rule.call: NUMBERS[rule.call][COLUMN] for rule in rules}
    numbers = {name: found for name, found in here.items() if found is not None}
    script = f"print({{name: call(found) for name, found in {numbers}.items()}})"
    assert eval(run(script, profile)) == {
        rule.call: rule.error for rule in rules if rule.call in numbers
    }


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET"])
def test_a_shared_box_has_no_sockets(family: str) -> None:
    script = f"import socket\nprint(call({number('socket')}, socket.{family}, 2, 0))"
    assert run(script) == str(errno.EPERM)


def test_a_box_with_its_own_network_has_sockets() -> None:
    assert run("import socket; socket.socket(); print('made')", "box") == "made"


@pytest.mark.parametrize(
    ("kind", "works"), [("SOCK_STREAM", True), ("SOCK_SEQPACKET", True), ("SOCK_DGRAM", False)]
)
def test_a_pair_of_sockets_cannot_be_one_that_reaches_others(kind: str, works: bool) -> None:
    script = f"""
import socket
try: socket.socketpair(socket.AF_UNIX, socket.{kind} | socket.SOCK_CLOEXEC); print("made")
except PermissionError: print("refused")
"""
    assert run(script) == ("made" if works else "refused")


@pytest.mark.parametrize("flag", [0x00020000, 0x02000000, 0x04000000, 0x10000000, 0x20000000])
def test_no_namespace_can_be_made(flag: int) -> None:
    script = f"print(call({number('unshare')}, {flag}), call({number('clone')}, {flag | 17}, 0))"
    assert run(script, "box") == "1 1"


def test_threads_and_processes_can_be_made() -> None:
    script = """
import subprocess, threading
threads = [threading.Thread(target=os.getpid) for _ in range(3)]
[t.start() for t in threads], [t.join() for t in threads]
print(subprocess.run(["sh", "-c", "echo $(echo fine | cat)"], capture_output=True).stdout.decode())
"""
    assert run(script) == "fine"


def test_nothing_can_be_typed_into_a_terminal() -> None:
    tiocsti, tioclinux, tcgets = 0x5412, 0x541C, 0x5401
    script = f"print(*[call({number('ioctl')}, 99, n, 0) for n in {(tiocsti, tioclinux, tcgets)}])"
    assert run(script) == f"{errno.EPERM} {errno.EPERM} {errno.EBADF}"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 is a thing of x86-64")
def test_another_abi_kills_the_process() -> None:
    command = [sys.executable, "-I", "-S", "-c", f"{INSTALL}\ncall({0x40000000 + 39})"]
    done = subprocess.run([*command, program("box").hex()], capture_output=True, check=False)
    assert done.returncode == -31


@pytest.mark.parametrize(
    "command",
    [
        ["git", "init", "--quiet", "."],
        ["sh", "-c", "ls -la | sort > listing && cp -a listing copy && mv copy moved && rm moved"],
        ["python3", "-c", "import asyncio, subprocess; asyncio.run(asyncio.sleep(0))"],
        ["tar", "-cf", "all.tar", "--exclude", "all.tar", "."],
        ["gcc", "-x", "c", "-o", "program", "program.c"],
    ],
    ids=lambda command: command[0],
)
def test_ordinary_programs_work(command: list[str], tmp_path: Path) -> None:
    if which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    (tmp_path / "program.c").write_text("int main(void) { return 0; }")
    script = "os.chdir(sys.argv[1]); os.execvp(sys.argv[2], sys.argv[2:])"
    run(script, "shared", str(tmp_path), *command)


def test_a_launcher_without_our_packages_can_build_the_program() -> None:
    path = _seccomp.__file__
    script = f"import runpy; print(runpy.run_path({path!r})['program']('shared').hex())"
    command = [sys.executable, "-I", "-S", "-c", script]
    built = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert built == program("shared").hex()


@pytest.mark.parametrize("machine", list(_seccomp.MACHINES))
@pytest.mark.parametrize("profile", ["box", "shared"])
def test_every_jump_lands_inside_the_program(machine: str, profile: Profile) -> None:
    steps = list(struct.iter_unpack("=HBBI", program(profile, machine)))
    assert len(steps) < 4096
    for at, (code, then, otherwise, _) in enumerate(steps):
        if code & 7 == 5:
            assert at + 1 + max(then, otherwise) < len(steps)
    assert steps[-1][0] == 0x06


HEADERS = {
    "x86_64": [Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")],
    "aarch64": [Path("/usr/include/asm-generic/unistd.h")],
}


@pytest.mark.parametrize("machine", list(HEADERS))
def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    found = next(filter(Path.exists, HEADERS[machine]), None)
    if found is None:
        pytest.skip("the kernel's headers are not installed")
    pattern = r"#define __NR(?:3264)?_(\w+)\s+(\d+)"
    theirs: dict[str, int] = {}
    for name, value in re.findall(pattern, found.read_text()):
        theirs.setdefault(name, int(value))
    newest = max(theirs.values())
    column = _seccomp.MACHINES[machine].column
    ours = {name: numbers[column] for name, numbers in NUMBERS.items()}
    for name, value in ours.items():
        if value is None or value <= newest:
            assert theirs.get(name) == value, name
