"""Reading many directories, in processes of their own where that pays.

A reading process is `python -m clawgym_skills._reading_process`: it takes pickled lists of
directories on standard input and answers with a pickled reading for each. It ends when its input
does, so also when the process that started it is killed. Whatever the number of processes, readings
come back in the order asked for.
"""

import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import BinaryIO, Self, cast

from clawgym.errors import ClawGymError
from clawgym_skills._rows import Prepared, prepare
from clawgym_skills._signature import signature
from clawgym_skills.diagnostic import Diagnostic, SkillRefusedError
from clawgym_skills.reading import read_skill

_PROCESS = "clawgym_skills._reading_process"
_CHUNK = 32
_AHEAD = 16
_MOST_BYTES = 16 * 1024**2
_WORTH_A_PROCESS = 1_000


@dataclass(frozen=True)
class Reading:
    """One directory as it was read; without `prepared` it was refused."""

    source: str
    signature: str | None
    diagnostics: tuple[Diagnostic, ...]
    prepared: Prepared | None = None

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return self.prepared.size if self.prepared else 0


def read(source: str) -> Reading:
    """Read one directory. The signature is taken first: what changes meanwhile is read again."""
    before = signature(source)
    try:
        skill = read_skill(Path(source))
    except SkillRefusedError as error:
        return Reading(source, before, error.diagnostics)
    return Reading(source, before, skill.diagnostics, prepare(skill))


def read_all(sources: Sequence[str], workers: int) -> Iterator[Reading]:
    """Read every directory, in order; in this process where they are few or `workers` is 0."""
    if workers < 1 or len(sources) < _WORTH_A_PROCESS:
        return map(read, sources)
    return _in_processes(sources, workers)


def _in_processes(sources: Sequence[str], workers: int) -> Iterator[Reading]:
    chunks = [sources[start : start + _CHUNK] for start in range(0, len(sources), _CHUNK)]
    with ExitStack() as stack:
        readers = [stack.enter_context(_ReadingProcess()) for _ in range(workers)]
        ahead = workers * _AHEAD
        for number, chunk in enumerate(chunks[:ahead]):
            readers[number % workers].ask(chunk)
        for number, chunk in enumerate(chunks):
            for _ in chunk:
                yield readers[number % workers].answer()
            if number + ahead < len(chunks):
                readers[(number + ahead) % workers].ask(chunks[number + ahead])


class _ReadingProcess:
    """A process that reads, and a thread that takes its answers, so that it need not wait."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", _PROCESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._answers = _Buffer()
        self._thread = Thread(target=self._take, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._answers.close()
        self._thread.join()
        with suppress(BrokenPipeError):
            cast("BinaryIO", self._process.stdin).close()
        cast("BinaryIO", self._process.stdout).close()
        self._process.wait()

    def ask(self, sources: Sequence[str]) -> None:
        stream = cast("BinaryIO", self._process.stdin)
        try:
            pickle.dump(list(sources), stream, pickle.HIGHEST_PROTOCOL)
            stream.flush()
        except BrokenPipeError as error:
            raise self._ended() from error

    def answer(self) -> Reading:
        reading = self._answers.get()
        if reading is None:
            raise self._ended()
        return reading

    def _take(self) -> None:
        stream = cast("BinaryIO", self._process.stdout)
        try:
            while self._answers.put(pickle.load(stream)):  # noqa: S301 - our own child
                pass
        except (EOFError, pickle.UnpicklingError):  # it ended, perhaps in the middle
            self._answers.close()

    def _ended(self) -> ClawGymError:
        return ClawGymError(
            f"a process that reads skills ended with status {self._process.wait()}; what was "
            "already written is kept, run the same command again"
        )


class _Buffer:
    """Readings between two threads, a bounded number of bytes."""

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque()
        self._size = 0
        self._closed = False
        self._changed = Condition()

    def put(self, reading: Reading) -> bool:
        """Wait for room and add a reading; False if nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._size < _MOST_BYTES or self._closed)
            self._readings.append(reading)
            self._size += reading.size
            self._changed.notify_all()
            return not self._closed

    def get(self) -> Reading | None:
        """Wait for a reading; None if there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._readings or self._closed)
            if not self._readings:
                return None
            reading = self._readings.popleft()
            self._size -= reading.size
            self._changed.notify_all()
            return reading

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer lists of directories with a reading for each of them until the requests end."""
    while True:
        try:
            sources = pickle.load(requests)  # noqa: S301 - from the process that started this one
        except EOFError:
            return
        for source in sources:
            pickle.dump(read(source), answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()
