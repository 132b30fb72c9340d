"""Gating: one candidate goes through the gates until it is lost at one or through all."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.gates.box_prover import BoxProver
from synth.gates.candidate import Candidate, Lost
from synth.gates.exam import Exam
from synth.gates.profile import Gate
from synth.gates.proving import Prover
from synth.gates.warm_prover import WarmProver, is_ours


class Provers:
    """Both provers of one worker, each made when it is first needed.

    Raises:
        SandboxError: a box cannot be made.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._warm: WarmProver | None = None
        self._careful: BoxProver | None = None

    def of(self, task: Task) -> Prover:
        """The fast one for what is ours to the byte, the careful one for all else."""
        if is_ours(task):
            self._warm = self._warm or WarmProver(self._backend)
            return self._warm
        self._careful = self._careful or BoxProver(self._backend)
        return self._careful

    def close(self) -> None:
        """Remove the boxes."""
        for prover in (self._warm, self._careful):
            if prover:
                prover.close()


@dataclass(frozen=True)
class Passage:
    """How a candidate fared: where it was lost, if it was, and what that took.

    `attempts` are finished workspaces that were graded, `seconds` the time, both by gate.
    """

    lost: Lost | None
    attempts: Counter[str] = field(default_factory=Counter[str])
    seconds: dict[str, float] = field(default_factory=dict[str, float])


def pass_gates(candidate: Candidate, gates: Sequence[Gate], prover: Prover) -> Passage:
    """Put a candidate's task through the gates, in order.

    Raises:
        SandboxError: the box is at fault.
        ValueError: the candidate has no task.
    """
    if candidate.task is None:
        raise ValueError(f"candidate {candidate.index} has no task")
    exam = Exam(candidate, candidate.task, prover)
    seconds: dict[str, float] = {}
    for gate in gates:
        started = time.perf_counter()
        lost = gate.judge(exam)
        seconds[gate.name] = time.perf_counter() - started
        if lost:
            return Passage(lost, exam.attempts, seconds)
    return Passage(None, exam.attempts, seconds)
