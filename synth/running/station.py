"""One worker: draws the candidates of its indices and puts them through the gates."""

import hashlib
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from clawgym.errors import ProviderError, SandboxError, UsageError
from clawgym.files import Files
from clawgym.sandbox import open_backend
from clawgym.task import Task
from synth.dataset.similarity import Fingerprint
from synth.gates import Candidate, Lost, Profile, Provers, Source, pass_gates

ERROR = "error"
"""Where candidates are lost to mistakes in ClawGym's own code; the reason is the exception."""

_OF_OTHERS = (SandboxError, UsageError, ProviderError, OSError, ImportError, MemoryError)
"""Faults of the machine, the installation, the command or a model. They end the run: what is a loss
must be one wherever and whenever the same run is made."""


@dataclass(frozen=True)
class Proven:
    """A task that got through all gates of its own, ready to be written. Can be pickled.

    `content` is a digest of the instruction and the workspace: what makes two tasks the same.
    """

    task_id: str
    digest: str
    files: Files
    skills: tuple[str, ...]
    labels: dict[str, str]
    content: str
    fingerprint: Fingerprint


@dataclass(frozen=True)
class Drawn:
    """What became of one index: a proven task or none, and all that was lost on the way.

    `attempts` and `seconds` are by gate; the seconds of `drawing` are what composition took.
    """

    index: int
    proven: Proven | None
    lost: tuple[Lost, ...] = ()
    attempts: Counter[str] = field(default_factory=Counter[str])
    seconds: dict[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class Work:
    """What every worker is told. `sandbox` is the name of a backend."""

    source: Source
    profile: Profile
    sandbox: str = "auto"


class Station:
    """A worker's place: its gates, and the boxes that its provers keep.

    Raises:
        UsageError, SandboxError: the sandbox does not work on this machine.
    """

    def __init__(self, work: Work) -> None:
        self._source = work.source
        self._gates = work.profile.gates()
        self._backend = open_backend(work.sandbox) if self._gates else None
        self._provers = Provers(self._backend) if self._backend else None

    def prove(self, indices: Sequence[int]) -> list[Drawn]:
        """What becomes of some indices, in order; one that fails by our own mistake is lost.

        Raises:
            SandboxError: a box broke.
        """
        return [self._one(index) for index in indices]

    def attempt(self, index: int) -> Drawn:
        """What becomes of one index. Whatever goes wrong is raised: to look for a mistake."""
        started = time.perf_counter()
        candidate = self._source.draw(index)
        spent = time.perf_counter() - started
        drawn = self._prove(candidate)
        drawn.seconds["drawing"] = spent
        return drawn

    def close(self) -> None:
        """Remove the boxes."""
        if self._provers:
            self._provers.close()

    def _one(self, index: int) -> Drawn:
        try:
            return self.attempt(index)
        except _OF_OTHERS:
            raise
        except Exception as error:  # noqa: BLE001 - one mistake may not end a run of thousands
            self._renew()
            told = "".join(traceback.format_exception(error))
            return Drawn(index, None, (Lost(ERROR, type(error).__name__, told),))

    def _renew(self) -> None:
        """Begin with new boxes: nobody knows in which state an error left the old ones."""
        if self._provers and self._backend:
            old, self._provers = self._provers, Provers(self._backend)
            old.close()

    def _prove(self, candidate: Candidate) -> Drawn:
        task = candidate.task
        if task is None:
            return Drawn(candidate.index, None, candidate.lost)
        if self._provers is None:
            return Drawn(candidate.index, _pack(task, dict(candidate.labels)), candidate.lost)
        passage = pass_gates(candidate, self._gates, self._provers.of(task))
        lost = (*candidate.lost, passage.lost) if passage.lost else candidate.lost
        proven = None if passage.lost else _pack(task, dict(candidate.labels))
        return Drawn(candidate.index, proven, lost, passage.attempts, passage.seconds)


def _pack(task: Task, labels: dict[str, str]) -> Proven:
    files, about = task.files(), task.clawgym
    skills = (about.primary_skill, *about.supporting_skills)
    return Proven(
        task.id,
        files.digest,
        files,
        tuple(skill for skill in skills if skill),
        labels,
        hashlib.sha256(f"{task.instruction}\0{task.workspace.digest}".encode()).hexdigest(),
        Fingerprint.of(task.instruction),
    )
