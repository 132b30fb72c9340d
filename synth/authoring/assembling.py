"""From what was authored to a whole task."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

from pydantic import JsonValue

from clawgym.files import File, Files
from clawgym.task import (
    AgentSection,
    ClawGymMetadata,
    EnvironmentSection,
    Metadata,
    Task,
    TaskConfig,
    TaskName,
)
from synth.authoring.answers import TaskPlan, Verification
from synth.authoring.briefs import Brief, Route
from verify.checks import CheckSet, verifier_files
from verify.rubric import BANDS, FILE_NAME, Criterion, Rubric

GENERATOR = "authored/1"
INPUTS_CHECK = "inputs"
"""The id of the check that inputs were left alone, which is ours."""

_SLUG = re.compile(r"[^a-z0-9]+")
_SCRIPT = '#!/bin/sh\nset -eu\nexec python3 -I -S -B "$(cd "$(dirname "$0")" && pwd)/%s"\n'
_AGENT_SECONDS = 600.0


@dataclass(frozen=True)
class Commission:
    """One item of a run: its place, and what it is to be about."""

    index: int
    seed: int
    route: Route
    brief: Brief


def assemble(
    commission: Commission,
    plan: TaskPlan,
    workspace: Files,
    verification: Verification,
    second: str | None = None,
) -> Task:
    """The task. `second` is the program of the second solution, where there is one.

    Raises:
        ValidationError: the checks or the rubric are malformed.
    """
    return Task(
        id=task_id(commission, plan),
        instruction=plan.instruction.strip() + "\n",
        config=_config(commission, plan),
        workspace=workspace,
        skills=_offered(commission.brief),
        tests=_tests(plan, workspace, verification),
        solution=_solution(verification.solution, second),
    )


def task_id(commission: Commission, plan: TaskPlan) -> str:
    """A directory name that tells what the task is, and is unique in its run."""
    slug = _SLUG.sub("-", plan.title.lower()).strip("-")[:40].strip("-") or "task"
    return f"{slug}-a{commission.seed}-{commission.index + 1:04d}"


def check_set(plan: TaskPlan, workspace: Files, verification: Verification) -> CheckSet:
    """The authored checks, and one gate that inputs were left alone.

    Raises:
        ValidationError: a check is malformed, or none can be earned.
    """
    written = [{**check, "node": None} for check in verification.checks]
    return CheckSet.model_validate({"checks": [*written, _unchanged(plan, workspace)]})


def rubric_of(verification: Verification) -> Rubric | None:
    """The rubric, if there is one.

    Raises:
        ValidationError: it is malformed.
    """
    if not verification.rubric:
        return None
    criteria = [
        Criterion.model_validate(
            {
                **authored.model_dump(exclude={"bands"}),
                "bands": dict(zip(BANDS, authored.bands, strict=True)),
            }
        )
        for authored in verification.rubric
    ]
    return Rubric(criteria=tuple(criteria))


def program_files(source: str, script: str = "solve.sh", name: str = "solve.py") -> Files:
    """A program with the script that starts it, as a part of `solution/`."""
    return Files({script: File((_SCRIPT % name).encode(), executable=True), name: source})


def _solution(source: str, second: str | None) -> Files:
    solution = program_files(source)
    if second is None:
        return solution
    return solution | program_files(second, "alternative.sh", "alternative.py")


def _tests(plan: TaskPlan, workspace: Files, verification: Verification) -> Files:
    if verification.checks:
        tests = verifier_files(check_set(plan, workspace, verification))
    else:
        tests = _script_files(plan, workspace, verification.check_script)
    rubric = rubric_of(verification)
    return tests | Files({FILE_NAME: rubric.dumps()}) if rubric else tests


def _script_files(plan: TaskPlan, workspace: Files, script: str) -> Files:
    """An authored program as a verifier: what it returns is written as our own verifiers write."""
    runtime = files("synth").joinpath("task_runtime")
    digests = repr(_digests(plan, workspace))
    ending = runtime.joinpath("authored_ending.py").read_text("utf-8")
    start = runtime.joinpath("authored_test.sh").read_bytes()
    return Files(
        {
            "check.py": f"{script.rstrip()}\n\n\n{ending.replace('{}  # INPUTS', digests)}",
            "test.sh": File(start, executable=True),
        }
    )


def _unchanged(plan: TaskPlan, workspace: Files) -> dict[str, JsonValue]:
    digests = _digests(plan, workspace)
    return {
        "type": "unchanged",
        "id": INPUTS_CHECK,
        "node": None,
        "role": "gate",
        "weight": 0.0,
        "requirement": "the input files are left as they are",
        "expected": ", ".join(digests),
        "digests": dict(digests),
    }


def _digests(plan: TaskPlan, workspace: Files) -> dict[str, str]:
    edited = {file.path for file in plan.outputs}
    return {
        path: hashlib.sha256(file.data).hexdigest()
        for path, file in workspace.items()
        if path not in edited
    }


def _offered(brief: Brief) -> Files:
    entries: dict[str, File | bytes | str] = {}
    for skill in brief.skills:
        entries |= {f"{skill.name}/{path}": file for path, file in skill.files.items()}
    return Files(entries)


def _config(commission: Commission, plan: TaskPlan) -> TaskConfig:
    names = [skill.name for skill in commission.brief.skills]
    metadata = ClawGymMetadata(
        kind=commission.route,
        generator=GENERATOR,
        seed=commission.seed,
        primary_skill=names[0] if names else None,
        supporting_skills=tuple(names[1:]),
        difficulty=plan.difficulty,
    )
    return TaskConfig(
        task=TaskName(
            name=f"clawgym/{task_id(commission, plan)}",
            keywords=tuple(dict.fromkeys(plan.operations)),
        ),
        metadata=Metadata(clawgym=metadata),
        agent=AgentSection(timeout_sec=_AGENT_SECONDS),
        environment=EnvironmentSection(skills_dir="/skills" if names else None),
    )
