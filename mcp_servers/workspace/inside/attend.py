"""Run one command in a session of its own, and attend to it until it ends.

Usage: attend.py JSON, an object of `command`, `pty`, `timeout` (seconds, 0 for none), `keep` (bytes
of output), `folder` and `name`. The command's output, both streams in one, goes into a buffer that
keeps its end. When the command has ended, what is left of its process group is killed, and the
buffer is printed with a last line of JSON: see `Attendant.state`. Until then `ask.py` gets the
same, and can have text typed into the command's terminal, or the command ended.

The two talk by files in `folder`, which every sandbox allows: a request is the file
`NAME.NUMBER.request`, its number is written to the FIFO `NAME`, the answer is
`NAME.NUMBER.answer`.
"""

import contextlib
import fcntl
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import termios
import time
from typing import Any, Dict, Optional  # noqa: UP035 - Python 3.9

GRACE = 2.0
"""Seconds between the polite signal and the last one."""
DRAIN = 0.25
"""Seconds to wait for output after the end: a stranger may hold the pipe open."""
IDLE = 15.0
"""Seconds without output after which a command with a terminal counts as waiting for input."""


class Attendant:
    """One command and its output."""

    def __init__(self, job: Dict[str, Any]) -> None:  # noqa: UP006 - Python 3.9
        self.keep: int = job["keep"]
        self.pty: bool = job["pty"]
        self.output = bytearray()
        self.dropped = 0
        self.started = self.last_output = time.monotonic()
        self.ends: Optional[float] = job["timeout"] and self.started + job["timeout"]  # noqa: UP045
        self.reason = "exit"
        self.last_signal: Optional[float] = None  # noqa: UP045
        self.selector = selectors.DefaultSelector()
        self._listen(job["folder"], job["name"])
        self._watch_children()
        self.input = -1
        self.child = self._start(job["command"])

    def _listen(self, folder: str, name: str) -> None:
        self.mailbox = os.path.join(folder, name)
        os.mkfifo(self.mailbox, 0o600)
        fifo = os.open(self.mailbox, os.O_RDWR | os.O_NONBLOCK)  # ours too: it never ends
        self.selector.register(fifo, selectors.EVENT_READ, lambda: self._answer(fifo))

    def _watch_children(self) -> None:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(writing)
        self.selector.register(reading, selectors.EVENT_READ, lambda: os.read(reading, 64))

    def _start(self, command: str) -> "subprocess.Popen[bytes]":
        shell = [shutil.which("bash") or "/bin/sh", "-c", command]
        if not self.pty:
            self.reading, theirs = os.pipe()
            source = subprocess.DEVNULL
        else:
            self.reading, theirs = _terminal()
            self.input, source = self.reading, theirs
            os.set_blocking(self.reading, False)  # a program need not read what is typed
        child = subprocess.Popen(
            shell,
            stdin=source,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_terminal if self.pty else None,  # noqa: PLW1509 - one thread here
        )
        os.close(theirs)
        self.selector.register(self.reading, selectors.EVENT_READ, self._take_output)
        return child

    def run(self) -> None:
        """Attend until the command has ended and its output is in."""
        while not self._ended():
            for key, _ in self.selector.select(self._patience()):
                key.data()
            self._keep_time()
        self.signal(signal.SIGKILL)  # what it left in the background
        self.child.wait()
        self._drain()

    def _ended(self) -> bool:
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT  # not reaped: its group keeps its number
        return os.waitid(os.P_PID, self.child.pid, options) is not None

    def _patience(self) -> float:
        now = time.monotonic()
        times = [self.ends, self.last_signal and self.last_signal + GRACE]
        return max(0.0, min([due - now for due in times if due], default=60.0))

    def _keep_time(self) -> None:
        now = time.monotonic()
        if self.ends and now >= self.ends:
            self.ends = None
            self.stop("timeout")
        if self.last_signal and now >= self.last_signal + GRACE:
            self.last_signal = now
            self.signal(signal.SIGKILL)

    def stop(self, reason: str) -> None:
        """Ask the command to end; it is killed if it does not."""
        self.reason = reason
        self.last_signal = time.monotonic()
        self.signal(signal.SIGTERM)

    def signal(self, number: int) -> None:
        """Signal the command's process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)

    def _take_output(self) -> None:
        try:
            data = os.read(self.reading, 65536)
        except BlockingIOError:
            return
        except OSError:  # a terminal that nobody has open any more
            data = b""
        if not data:
            self.selector.unregister(self.reading)
            return
        self.last_output = time.monotonic()
        self.output += data
        if len(self.output) > 2 * self.keep:
            self.dropped += len(self.output) - self.keep
            del self.output[: -self.keep]

    def _drain(self) -> None:
        ends = time.monotonic() + DRAIN
        while self.reading in self.selector.get_map() and (left := ends - time.monotonic()) > 0:
            for key, _ in self.selector.select(left):
                key.data()

    def state(self, since: int = 0) -> "tuple[bytes, Dict[str, Any]]":  # noqa: UP006
        """The output kept from byte `since` on, and the facts about it and the command."""
        start = max(since, self.dropped, self.dropped + len(self.output) - self.keep)
        code = self.child.returncode
        idle = time.monotonic() - self.last_output
        return bytes(self.output[start - self.dropped :]), {
            "start": start,
            "total": self.dropped + len(self.output),
            "running": code is None,
            "code": code if code is None or code >= 0 else None,
            "signal": -code if code is not None and code < 0 else None,
            "reason": self.reason,
            "seconds": time.monotonic() - self.started,
            "idle": idle,
            "writable": self.input >= 0,
            "waiting": self.input >= 0 and idle > IDLE,
            "pid": self.child.pid,
        }

    def _answer(self, fifo: int) -> None:
        for number in os.read(fifo, 4096).split():
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._answer_one(f"{self.mailbox}.{int(number)}")

    def _answer_one(self, letter: str) -> None:
        with open(f"{letter}.request", "rb") as stream:
            request = json.load(stream)
        os.unlink(f"{letter}.request")
        note = self._obey(request)
        body, facts = self.state(request.get("since", 0))
        most = request.get("most", self.keep)
        with open(f"{letter}.draft", "wb") as stream:
            stream.write(_framed(body[-most:] if most else b"", {**facts, **note}))
        os.rename(f"{letter}.draft", f"{letter}.answer")

    def _obey(self, request: Dict[str, Any]) -> Dict[str, Any]:  # noqa: UP006
        if request["op"] == "kill":
            self.stop("killed")
        if request["op"] != "write":
            return {}
        if self.input < 0:
            return {"refused": "it has no terminal"}
        return self._type(request["text"].encode())

    def _type(self, data: bytes) -> Dict[str, Any]:  # noqa: UP006
        ends = time.monotonic() + GRACE
        while data and time.monotonic() < ends:
            try:
                data = data[os.write(self.input, data) :]
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:
                return {"refused": "its terminal is closed"}
        return {"refused": f"it left {len(data)} bytes unread"} if data else {}


def _terminal() -> "tuple[int, int]":
    try:
        return os.openpty()
    except OSError as error:
        sys.exit(f"this sandbox has no terminals ({error.strerror}); run it without pty")


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _framed(body: bytes, facts: Dict[str, Any]) -> bytes:  # noqa: UP006
    return body + b"\n" + json.dumps(facts).encode() + b"\n"


def main() -> None:
    """Attend to the job that the command line describes."""
    attendant = Attendant(json.loads(sys.argv[1]))
    attendant.run()
    os.unlink(attendant.mailbox)
    sys.stdout.buffer.write(_framed(*attendant.state()))


if __name__ == "__main__":
    main()
