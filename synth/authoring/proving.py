"""The gates that run things: every program only ever in a box, every box in its turn."""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clawgym.errors import TaskFormatError
from clawgym.files import Files
from clawgym.reward import Graded
from clawgym.sandbox import Backend
from clawgym.task import AgentSection, Task
from synth.authoring.answers import Hack
from synth.authoring.assembling import program_files
from synth.authoring.conversing import RejectedError
from verify.attempts import produced, with_files
from verify.cards import Card, Depth
from verify.grading import grade
from verify.probes import solved_workspace
from verify.proof import prove_task

QUICK = Depth(quick=True, oracle_runs=3)
FULL = Depth(oracle_runs=3, mutants=40)
HACK_LIMIT = 0.5
"""What wrong work may earn less than."""

_PROGRAM_SECONDS = 60.0
_MACHINE = {"fuzz-slow"}
"""Findings that a busy machine may be the cause of."""

_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


@dataclass(frozen=True)
class Prover:
    """Runs what was authored, so many boxes at a time; `full` is how deep the last look goes."""

    backend: Backend
    gate: asyncio.Semaphore
    full: Depth = FULL

    async def solve(self, task: Task) -> Files:
        """The workspace that the reference solution leaves.

        Raises:
            RejectedError: it fails.
            SandboxError: boxes cannot be made on this machine.
        """
        async with self.gate:
            try:
                return await solved_workspace(_hurried(task), self.backend)
            except TaskFormatError as error:
                raise RejectedError("program-fails", [str(error)]) from error

    async def prove(self, task: Task, *, deeply: bool) -> Card:
        """Examine the verifier, quickly or to the full depth.

        Raises:
            RejectedError: there are findings.
        """
        depth = self.full if deeply else QUICK
        async with self.gate:
            card = await prove_task(_hurried(task), self.backend, depth=depth)
        found = [finding for finding in card.findings if finding.rule not in _MACHINE]
        if found:
            told = [f"{finding.rule}: {finding.message}" for finding in found]
            raise RejectedError(found[0].rule, told)
        return card

    async def score(self, task: Task, hack: Hack, solved: Files) -> float | None:
        """What a hack earns; None where it does nothing, breaks, or is right work after all."""
        base = with_files(task.workspace, {f.path: _bytes(f.content) for f in hack.files})
        files = base
        if hack.program.strip():
            tried = replace(task, workspace=base, solution=program_files(hack.program))
            try:
                files = await self.solve(tried)
            except RejectedError:
                return None
        if files == task.workspace or same_work(task, files, solved):
            return None
        async with self.gate:
            verdict = await grade(task, files, self.backend, code_only=True)
        return verdict.score if isinstance(verdict, Graded) else None


def leak_problems(task: Task, solved: Files) -> list[str]:
    """Results that can be had without work: in the instruction, or in a file of the workspace."""
    work = produced(task, solved)
    given = "\n".join(file.data.decode("utf-8", "replace") for file in task.workspace.values())
    made = "\n".join(file.data.decode("utf-8", "replace") for file in work.values())
    told = _figures(task.instruction)
    leaked = (_figures(made) - _figures(given)) & told
    problems = [
        f"leak: the instruction states {figure}, which has to be computed"
        for figure in sorted(leaked)
    ]
    originals = {file.data.strip(): path for path, file in task.workspace.items()}
    for path, file in work.items():
        if file.data.strip() in originals:
            problems.append(f"leak: {path} is {originals[file.data.strip()]} over again")
    return problems


def same_work(task: Task, files: Files, solved: Files) -> bool:
    """Whether all that was to be made is what the reference solution makes, but for layout."""
    return all(
        path in files and _meaning(path, files[path].data) == _meaning(path, file.data)
        for path, file in produced(task, solved).items()
    )


def _figures(text: str) -> set[str]:
    """Figures that nobody states by chance: long ones and those with decimals, not round ones."""
    # In a table a comma may part numbers as well as thousands, so both readings count.
    spellings = (_THOUSANDS.sub("", text), text.replace(",", " "))
    found = {_plain(number) for spelling in spellings for number in _NUMBER.findall(spelling)}
    return {n for n in found if ("." in n or len(n) > 3) and not n.endswith("00")}


def _plain(number: str) -> str:
    """A number in one spelling: `12.50` is `12.5`."""
    return number.rstrip("0").rstrip(".") if "." in number else number


def _meaning(path: str, data: bytes) -> object:
    """What a file says, without its layout: JSON as a value, tables and text as words."""
    text = data.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass  # no JSON, so text
    table = path.endswith((".csv", ".tsv"))
    lines = [line.replace(",", " , ") if table else line for line in text.splitlines()]
    return [[_plain(word) for word in line.split()] for line in lines if line.strip()]


def _hurried(task: Task) -> Task:
    """The same task with less time for programs: those that we run are small."""
    config = task.config.model_copy(update={"agent": AgentSection(timeout_sec=_PROGRAM_SECONDS)})
    return replace(task, config=config)


def _bytes(content: str) -> bytes:
    return content.encode("utf-8", "replace")


def told_hacks(found: Sequence[tuple[Hack, float]]) -> list[str]:
    """The working hacks as somebody who has to mend the verifier needs them."""
    return [
        f"hack {hack.name!r} earns {score:.2f} for wrong work: {hack.why} "
        f"(program: {hack.program[:400]!r}; files: {[file.path for file in hack.files]})"
        for hack, score in found
    ]
