"""The host that is attacked: a secret, files, sockets and processes that no box may reach."""

import ctypes
import os
import secrets
import selectors
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_ADD_KEY, _KEYCTL, _UNLINK = 248, 250, 9
_SESSION_KEYRING = -3
CALLING_CARD = "neighbour-was-here"
"""The file that the other box leaves in its temporary places."""

SHARED_PLACES = ("/tmp", "/dev/shm", "/run")
_VICTIM = "import time; time.sleep(3600)"


@dataclass
class Host:
    """What there is to steal or to break, and how to see that it was."""

    directory: Path
    needle: str
    victim: "subprocess.Popen[bytes]"
    ports: dict[str, int] = field(default_factory=dict[str, int])
    abstract: str = ""
    segment: int = field(default_factory=lambda: secrets.randbelow(1 << 30) + 1)
    """The key of the other box's System V segment."""
    touched: list[str] = field(default_factory=list[str])
    """Which of the host's sockets somebody has reached."""

    @property
    def secret(self) -> Path:
        return self.directory / "secret.txt"

    @property
    def mount(self) -> Path:
        """A directory to mount read-only."""
        return self.directory / "mount"

    @property
    def writable(self) -> Path:
        """A directory to mount for writing."""
        return self.directory / "writable"

    @property
    def base(self) -> Path:
        """A directory for workspaces to start from."""
        return self.directory / "base"

    @property
    def open(self) -> Path:
        """A directory that everybody may write to; only invisibility protects it."""
        return self.directory / "open"

    def known(self) -> Mapping[str, object]:
        """What the attacker knows; the needle is reversed, so that it cannot find itself."""
        return {
            "needle": self.needle[::-1],
            "directory": str(self.directory),
            "secret": str(self.secret),
            "open": str(self.open),
            "ports": self.ports,
            "address": own_address(),
            "unix": str(self.directory / "socket"),
            "abstract": self.abstract,
            "segment": self.segment,
            "victim": self.victim.pid,
            "harness": os.getpid(),
            "oom": int(Path("/proc/self/oom_score_adj").read_text()),
            "places": {},
            "private": [str(Path.home()), str(Path(__file__).resolve().parents[3])],
        }

    def damage(self) -> list[str]:
        """What an attack changed on the host, whatever it meant to do."""
        found = [f"reached the host's {name} socket" for name in self.touched]
        self.touched.clear()
        if self.victim.poll() is not None:
            found.append("killed a process of the host")
        if self.secret.read_text() != self.needle:
            found.append("changed a file of the host")
        for folder, names in ((self.open, ["note.txt"]), (self.mount, ["note.txt", "tool"])):
            if sorted(os.listdir(folder)) != names or (folder / "note.txt").read_text() != "note":
                found.append(f"changed the host's directory {folder.name}")
        for place in SHARED_PLACES:
            with suppress(OSError):
                if Path(place, CALLING_CARD).read_text() == self.needle:
                    os.unlink(Path(place, CALLING_CARD))
                    found.append(f"a box's {place} is the host's")
        null = os.stat("/dev/null")
        if null.st_rdev != os.makedev(1, 3) or stat.S_IMODE(null.st_mode) != 0o666:
            found.append("changed the host's /dev/null")
        return found


@contextmanager
def attacked_host() -> Generator[Host]:
    """A host with everything that the attacks are after; all of it is removed at the end."""
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="clawgym-abuse-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        needle = f"abuse{secrets.token_hex(12)}"
        victim = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _VICTIM, needle], env={"SECRET": needle}
        )
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        host = Host(directory, needle, victim)
        _fill(host)
        stack.callback(_remove_segment, host.segment)
        _leave_inheritable(host, stack)
        _add_to_keyring(needle, stack)
        stack.enter_context(_servers(host))
        yield host


def processes_with(token: str) -> list[int]:
    """The processes of this machine that carry the token in their arguments or environment."""
    return [pid for pid in _pids() if token.encode() in _marks(pid)]


def processes_in(namespace: str) -> list[int]:
    """The processes of this machine that are in a PID namespace, such as `pid:[4026531836]`."""
    return [pid for pid in _pids() if _namespace_of(pid) == namespace]


def kill_all(processes: Sequence[int]) -> None:
    """Send SIGKILL to each process that is still there."""
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def own_address() -> str:
    """This machine's own address on a network, or loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # reserved for documentation
        return str(probe.getsockname()[0])
    return "127.0.0.1"


def _fill(host: Host) -> None:
    host.directory.chmod(0o755)
    host.secret.write_text(host.needle)
    host.secret.chmod(0o666)
    for folder in (host.open, host.mount, host.writable, host.base):
        folder.mkdir()
        folder.chmod(0o777)
    (host.open / "note.txt").write_text("note")
    (host.open / "note.txt").chmod(0o666)
    (host.mount / "note.txt").write_text("note")
    (host.mount / "note.txt").chmod(0o666)
    (host.mount / "tool").write_text("#!/bin/sh\n")
    (host.mount / "tool").chmod(0o755)
    for number in range(20):
        (host.base / f"{number}.txt").write_text("base")


def _leave_inheritable(host: Host, stack: ExitStack) -> None:
    """The careless harness: open descriptors that any child would inherit."""
    for opened in (os.open(host.secret, os.O_RDWR), os.open(host.directory, os.O_RDONLY)):
        os.set_inheritable(opened, True)
        stack.callback(os.close, opened)


def _add_to_keyring(needle: str, stack: ExitStack) -> None:
    text = needle.encode()
    libc = ctypes.CDLL(None, use_errno=True)
    key = libc.syscall(_ADD_KEY, b"user", b"clawgym-abuse", text, len(text), _SESSION_KEYRING)
    stack.callback(libc.syscall, _KEYCTL, _UNLINK, key, _SESSION_KEYRING)


def _remove_segment(key: int) -> None:
    """A box without an IPC namespace of its own has made it on the host."""
    libc = ctypes.CDLL(None)
    if (found := libc.shmget(key, 0, 0)) >= 0:
        libc.shmctl(found, 0, None)


@contextmanager
def _servers(host: Host) -> Generator[None]:
    host.abstract = f"\0clawgym-abuse-{secrets.token_hex(4)}"
    waker, woken = socket.socketpair()
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        for name, server in {**_internet(), **_local(host)}.items():
            stack.enter_context(server)
            server.setblocking(False)
            selector.register(server, selectors.EVENT_READ, name)
            if not name.startswith("unix"):
                host.ports[name] = server.getsockname()[1]
        selector.register(woken, selectors.EVENT_READ, "")
        thread = threading.Thread(target=_serve, args=(selector, host), daemon=True)
        thread.start()
        try:
            yield
        finally:
            waker.close()
            thread.join()
            woken.close()


def _internet() -> dict[str, socket.socket]:
    found = {
        "tcp": socket.create_server(("127.0.0.1", 0)),
        "tcp_any": socket.create_server(("", 0)),
        "udp": _bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
    }
    with suppress(OSError):
        found["tcp6"] = socket.create_server(("::1", 0), family=socket.AF_INET6)
    with suppress(OSError):
        found["vsock"] = _listening(
            _bound(socket.AF_VSOCK, socket.SOCK_STREAM, (socket.VMADDR_CID_ANY, 0xFFFFFFFF))
        )
    return found


def _local(host: Host) -> dict[str, socket.socket]:
    named = _bound(socket.AF_UNIX, socket.SOCK_STREAM, str(host.directory / "socket"))
    (host.directory / "socket").chmod(0o777)
    return {
        "unix path": _listening(named),
        "unix abstract": _listening(_bound(socket.AF_UNIX, socket.SOCK_STREAM, host.abstract)),
    }


def _bound(family: int, kind: int, address: object) -> socket.socket:
    server = socket.socket(family, kind)
    try:
        server.bind(address)  # pyright: ignore[reportArgumentType] - depends on the family
    except OSError:
        server.close()
        raise
    return server


def _listening(server: socket.socket) -> socket.socket:
    server.listen()
    return server


def _serve(selector: selectors.BaseSelector, host: Host) -> None:
    while True:
        for key, _ in selector.select():
            if not key.data:
                return
            host.touched.append(key.data)
            server = key.fileobj
            assert isinstance(server, socket.socket)
            with suppress(OSError):
                if server.type == socket.SOCK_DGRAM:
                    server.recv(100)
                else:
                    server.accept()[0].close()


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _marks(pid: int) -> bytes:
    found = b""
    for name in ("cmdline", "environ"):
        with suppress(OSError):
            found += Path("/proc", str(pid), name).read_bytes()
    return found


def _namespace_of(pid: int) -> str:
    with suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/pid")
    return ""
