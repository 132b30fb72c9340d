"""A real pseudo-terminal with a program in it, and a screen to look at."""

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import time
from collections.abc import AsyncGenerator
from pathlib import Path

WIDTH, HEIGHT = 100, 40
_TOKEN = re.compile(
    r"\x1b\[([?\d;]*)([A-Za-z])|\x1b(.)|([\x00-\x1f])|([^\x00-\x1f\x1b]+)", re.DOTALL
)


class Screen:
    """What a terminal shows: as much of one as the program uses, with all that scrolled away."""

    def __init__(self) -> None:
        self.lines = [""]
        self.row = self.column = 0
        self.unknown: list[str] = []

    def feed(self, text: str) -> None:
        for values, final, other, control, plain in _TOKEN.findall(text):
            if plain:
                self._write(plain)
            elif final:
                self._sequence(values, final)
            elif control == "\n":
                self._down()
            elif control == "\r":
                self.column = 0
            elif control or other:
                self.unknown.append(control or other)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    def _write(self, text: str) -> None:
        for letter in text:
            if self.column >= WIDTH:
                self._down()
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + letter + line[self.column + 1 :]
            self.column += 1

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def _sequence(self, values: str, final: str) -> None:
        if final == "A":
            self.row = max(0, self.row - int(values or 1))
        elif final == "K":
            self.lines[self.row] = "" if values == "2" else self.lines[self.row][: self.column]
        elif final == "J":
            self.lines[self.row :] = [self.lines[self.row][: self.column]]
        elif final not in "mhl":
            self.unknown.append(values + final)


class Session:
    """A program in a terminal."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.process = process
        self.screen = Screen()
        self.raw = ""
        self._master = master
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
        text = data.decode(errors="replace")
        self.raw += text
        self.screen.feed(text)
        self._changed.set()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def enter(self, line: str) -> None:
        self.type(f"{line}\r")

    def ctrl_c(self) -> None:
        self.type("\x03")

    async def see(self, pattern: str, seconds: float = 15.0) -> re.Match[str]:
        """Wait until the screen shows something."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.screen.text)):
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"{pattern!r} is not on the screen:\n{self.screen.text}")
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)
        return found

    async def leave(self, seconds: float = 15.0) -> int:
        """Wait until the program has ended; its exit code."""
        return await asyncio.wait_for(self.process.wait(), seconds)


@contextlib.asynccontextmanager
async def terminal(*arguments: str, home: Path) -> AsyncGenerator[Session]:
    """`clawgym` with these arguments in a terminal of 100 by 40."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {"TERM": "xterm-256color", "XDG_STATE_HOME": str(home), "COLUMNS": str(WIDTH)}

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clawgym", *arguments),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        preexec_fn=own_terminal,
    )
    os.close(slave)
    session = Session(process, master)
    try:
        yield session
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        with contextlib.suppress(ValueError, OSError):
            asyncio.get_running_loop().remove_reader(master)
        os.close(master)
