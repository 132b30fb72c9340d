"""Put one question to the attendant of a command, and print its answer.

Usage: ask.py MAILBOX, with the request as JSON on standard input. Exit code 3: there is no
attendant, or it is gone before it could answer.
"""

import os
import shutil
import sys
import time

PATIENCE = 10.0
_FIRST_LOOK = 0.001
_GONE = 3


def main() -> int:
    """Write, ring, wait for the answer, print it."""
    mailbox = sys.argv[1]
    letter = f"{mailbox}.{os.getpid()}{time.monotonic_ns()}"
    try:
        bell = os.open(mailbox, os.O_WRONLY | os.O_NONBLOCK)  # fails where nobody listens
    except OSError:
        return _GONE
    with open(f"{letter}.request", "wb") as stream:
        shutil.copyfileobj(sys.stdin.buffer, stream)
    os.write(bell, letter[len(mailbox) + 1 :].encode() + b"\n")
    return _print_answer(mailbox, letter)


def _print_answer(mailbox: str, letter: str) -> int:
    pause, ends = _FIRST_LOOK, time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            with open(f"{letter}.answer", "rb") as stream:
                shutil.copyfileobj(stream, sys.stdout.buffer)
        except FileNotFoundError:
            if not os.path.exists(mailbox):
                return _GONE
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        else:
            os.unlink(f"{letter}.answer")
            return 0
    return _GONE


if __name__ == "__main__":
    sys.exit(main())
