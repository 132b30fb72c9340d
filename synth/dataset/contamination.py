"""Decontamination: no task may repeat one of a benchmark, in its words or in its files."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal

from clawgym.errors import UsageError
from clawgym.task import Task
from synth.dataset.reading import open_tasks, stream
from synth.dataset.similarity import THRESHOLD, Fingerprint, Neighbours
from verify.suites import Refusal

RUN = 13
"""How many words in a row count as copied (arXiv:2005.14165, appendix C)."""
_COMMON = 3
"""A run of words or a file that so many tasks of one benchmark share identifies none of them."""
_LEAST_BYTES = 64
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Contamination:
    """Which task of which benchmark a task repeats, and by what.

    `similarity` is the Jaccard index for `near`, else the share of the task's runs of words or of
    its files that are those of the other one. `evidence` is a path or the words of a run.
    """

    task_id: str
    benchmark: str
    of: str
    reason: Literal["near", "words", "file"]
    similarity: float
    evidence: str = ""


@dataclass
class _Index:
    """Which task holds something; a thing that many tasks of a benchmark hold identifies none."""

    holders: dict[bytes, int] = field(default_factory=dict[bytes, int])
    common: set[bytes] = field(default_factory=set[bytes])

    def take(self, held: Sequence[tuple[int, frozenset[bytes]]]) -> None:
        """Take in what the tasks of one benchmark hold."""
        counts = Counter(thing for _, things in held for thing in things)
        self.common |= {thing for thing, count in counts.items() if count >= _COMMON}
        for place, things in held:
            for thing in things:
                self.holders.setdefault(thing, place)

    def find(self, things: Iterable[bytes]) -> tuple[int, int, bytes] | None:
        """The task that holds most of them, how many, and one of those; None if none does."""
        counts: Counter[int] = Counter()
        example: dict[int, bytes] = {}
        for thing in things:
            place = self.holders.get(thing)
            if place is not None and thing not in self.common:
                counts[place] += 1
                example.setdefault(place, thing)
        if not counts:
            return None
        place = min(counts, key=lambda place: (-counts[place], place))
        return place, counts[place], example[place]


class Benchmarks:
    """The tasks of benchmarks, as far as it takes to recognise them."""

    def __init__(self, threshold: float = THRESHOLD, run: int = RUN) -> None:
        """Instructions match from this Jaccard index on, and by `run` words in a row."""
        if run < 1:
            raise UsageError(f"a run of {run} words is none; take 8 or 13")
        self.run = run
        self.refused: list[Refusal] = []
        self._tasks: list[tuple[str, str]] = []
        self._texts = Neighbours(threshold)
        self._runs, self._files = _Index(), _Index()

    def __len__(self) -> int:
        return len(self._tasks)

    @classmethod
    def open(
        cls, paths: Iterable[Path], *, threshold: float = THRESHOLD, run: int = RUN
    ) -> "Benchmarks":
        """Read the suites at `paths`, of any format; tasks that cannot be read are in `refused`.

        Raises:
            TaskFormatError: there is no suite at a path.
            UsageError: there is nothing at a path.
        """
        benchmarks = cls(threshold, run)
        for path in paths:
            benchmarks.add(path.resolve().name, stream(open_tasks(path), benchmarks.refused))
        return benchmarks

    def add(self, name: str, tasks: Iterable[Task]) -> None:
        """Take in the tasks of one benchmark."""
        runs: list[tuple[int, frozenset[bytes]]] = []
        files: list[tuple[int, frozenset[bytes]]] = []
        for task in tasks:
            place = len(self._tasks)
            self._tasks.append((name, task.id))
            self._texts.add(task.id, Fingerprint.of(task.instruction))
            runs.append((place, frozenset(_runs(task.instruction, self.run))))
            files.append((place, frozenset(_files(task))))
        self._runs.take(runs)
        self._files.take(files)

    def find(self, task: Task) -> Contamination | None:
        """What a task repeats: near-identical instructions first, then words, then files."""
        near = self._texts.near(Fingerprint.of(task.instruction))
        if near:
            place, index = max(near, key=lambda pair: (pair[1], -pair[0]))
            return self._found(task, place, "near", index)
        runs = _runs(task.instruction, self.run)
        if found := self._runs.find(runs):
            place, count, example = found
            return self._found(task, place, "words", count / len(runs), runs[example])
        files = _files(task)
        if found := self._files.find(files):
            place, count, example = found
            return self._found(task, place, "file", count / len(files), files[example])
        return None

    def _found(
        self,
        task: Task,
        place: int,
        reason: Literal["near", "words", "file"],
        similarity: float,
        evidence: str = "",
    ) -> Contamination:
        name, of = self._tasks[place]
        return Contamination(task.id, name, of, reason, similarity, evidence)


def decontaminate(task: Task, benchmarks: Benchmarks) -> Contamination | None:
    """Which task of a benchmark a task repeats; None where it is new to all of them."""
    return benchmarks.find(task)


def installed(folder: Path) -> list[Path]:
    """The benchmarks in the folder of the setting `benchmarks`: each entry is a suite."""
    return sorted(_entries(folder))


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _runs(text: str, length: int) -> dict[bytes, str]:
    """Each run of words by its digest; all words, where there are fewer."""
    words = _WORD.findall(text.lower())
    phrases = (" ".join(words[at : at + length]) for at in range(max(1, len(words) - length + 1)))
    return {blake2b(phrase.encode(), digest_size=8).digest(): phrase for phrase in phrases}


def _files(task: Task) -> dict[bytes, str]:
    """Each input that is more than a stub, by the digest of its content."""
    return {
        blake2b(file.data, digest_size=16).digest(): path
        for path, file in task.workspace.items()
        if len(file.data) >= _LEAST_BYTES
    }
