"""The careful prover: each solution and each verdict in a box of its own, as `verify` does it."""

import asyncio
from collections.abc import Sequence

from clawgym.errors import SandboxError
from clawgym.files import Files
from clawgym.reward import Cause, Graded, Ungraded
from clawgym.sandbox import Backend
from clawgym.task import Task
from synth.gates.box_thread import LoopThread
from synth.gates.proving import Grade
from synth.gates.surroundings import SURROUNDINGS
from verify.attempts import failed_cores
from verify.examination import in_surroundings
from verify.grading import grade
from verify.probes import SOLUTION, solved_workspace

_AT_A_TIME = 2


class BoxProver:
    """Proves any task. See `Prover`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._thread = LoopThread()

    def solve(self, task: Task, script: str = SOLUTION, surroundings: int = 0) -> Files:
        """The finished workspace that a script of the solution leaves."""
        env = SURROUNDINGS[surroundings].env if surroundings else None
        return self._thread.run(solved_workspace(task, self._backend, script=script, env=env))

    def grade(
        self,
        task: Task,
        attempts: Sequence[Files],
        surroundings: int = 0,
        *,
        explain: bool = False,
    ) -> list[Grade]:
        """Grade finished workspaces, each in a fresh box."""
        del explain  # the details are there in any case
        if surroundings:
            around = SURROUNDINGS[surroundings]
            task = in_surroundings(task, around.env, around.directory)
        return self._thread.run(self._grade_all(task, attempts))

    def close(self) -> None:
        """End the thread; every box is gone by now."""
        self._thread.close()

    async def _grade_all(self, task: Task, attempts: Sequence[Files]) -> list[Grade]:
        gate = asyncio.Semaphore(_AT_A_TIME)

        async def one(files: Files) -> Grade:
            async with gate:
                return _grade(await grade(task, files, self._backend, code_only=True))

        return list(await asyncio.gather(*map(one, attempts)))


def _grade(verdict: Graded | Ungraded) -> Grade:
    if isinstance(verdict, Ungraded):
        if verdict.cause is Cause.SANDBOX:
            raise SandboxError(verdict.reason)
        return Grade(None, problem=verdict.reason)
    details = Grade.write_details([check.model_dump(mode="json") for check in verdict.checks])
    return Grade(verdict.score, failed_cores(verdict), details)
