"""Lending the user's terminal to a command in a box."""

import asyncio
import os
import signal
import sys
import termios
import tty
from asyncio import Future
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

_PIECE = 1 << 14


@contextmanager
def pseudo_terminal() -> Generator[tuple[int, int]]:
    """Our end and the command's end of a new terminal as large as the user's."""
    ours, theirs = os.openpty()
    try:
        _copy_size(ours)
        yield ours, theirs
    finally:
        os.close(ours)


async def relay(ours: int, ended: "Future[Any]") -> None:
    """Carry keys and output between the user's terminal and `ours` until the command has ended."""
    loop = asyncio.get_running_loop()
    os.set_blocking(ours, False)
    loop.add_reader(ours, _copy, ours, sys.stdout.fileno())
    loop.add_reader(sys.stdin.fileno(), _copy, sys.stdin.fileno(), ours)
    if sys.stdin.isatty():
        loop.add_signal_handler(signal.SIGWINCH, _copy_size, ours)
    try:
        with _raw_keys():
            await asyncio.wait({ended})
            _copy(ours, sys.stdout.fileno())
    finally:
        loop.remove_reader(ours)
        loop.remove_reader(sys.stdin.fileno())
        loop.remove_signal_handler(signal.SIGWINCH)


def _copy(source: int, target: int) -> None:
    try:
        data = os.read(source, _PIECE)
        while data:
            data = data[os.write(target, data) :]
    except (BlockingIOError, OSError):
        return  # nothing there yet, or the other side has hung up, which `ended` tells as well


def _copy_size(terminal: int) -> None:
    if sys.stdin.isatty():
        termios.tcsetwinsize(terminal, termios.tcgetwinsize(sys.stdin.fileno()))


@contextmanager
def _raw_keys() -> Generator[None]:
    """Every key, Ctrl-C included, goes to the command while the block runs."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin.fileno())
    tty.setraw(sys.stdin.fileno())
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)
