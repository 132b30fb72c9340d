"""What a plan and a verification must be like, before anything is run."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from pydantic import ValidationError

from clawgym.files import Files
from clawgym.invalid import explain
from clawgym.reward import CheckRole
from synth.authoring.answers import Resources, TaskPlan, Verification
from synth.authoring.assembling import INPUTS_CHECK, check_set, rubric_of
from synth.authoring.language import is_english
from synth.authoring.limits import file_problems, paths_problems
from synth.authoring.menu import off_menu
from synth.authoring.prompting import INSTRUCTION_CHARS
from verify.checks import Check
from verify.grader_lint import lint_python

PROGRAM_BYTES = 60_000

_URL = re.compile(r"\b(?:https?|ftp|wss?)://([^\s/`'\"<>)\]]+)", re.IGNORECASE)
_LOCAL = re.compile(
    r"(?:localhost|127\.0\.0\.1|(?:[\w-]+\.)*(?:example|invalid|test|local|localhost)|(?:[\w-]+\.)*example\.(?:com|org|net))(?::\d+)?"
)
_FORBIDDEN = {"grader-syntax", "network", "third-party"}
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def plan_problems(plan: TaskPlan, operations: Sequence[str]) -> list[str]:
    """What is wrong with a plan for a brief of these operations."""
    inputs, outputs = [f.path for f in plan.inputs], [f.path for f in plan.outputs]
    new = [path for path in outputs if path not in inputs]
    return [
        *paths_problems([*inputs, *new]),
        *[f"two outputs are called {path!r}" for path in {p for p in new if new.count(p) > 1}],
        *instruction_problems(plan.instruction),
        *[
            f"the instruction does not name the output `{path}` in back-ticks"
            for path in outputs
            if f"`{path}`" not in plan.instruction
        ],
        *_naming_problems(plan.instruction, inputs),
        *[
            f"operation {name!r} is none of {', '.join(operations)}"
            for name in plan.operations
            if name not in operations
        ],
    ]


def instruction_problems(text: str) -> list[str]:
    """What is wrong with the words of an instruction, whatever it asks for."""
    shortest, longest = INSTRUCTION_CHARS
    problems: list[str] = []
    if not shortest <= len(text) <= longest:
        problems.append(
            f"the instruction has {len(text):,} characters; {shortest:,} to {longest:,} are wanted"
        )
    if not is_english(text):
        problems.append("the instruction is not in English")
    if _HIDDEN.search(text):
        problems.append("the instruction holds characters that cannot be seen")
    return problems + [
        f"the instruction needs the network: {host[:80]}"
        for host in _URL.findall(text)
        if not _LOCAL.fullmatch(host)
    ]


def resources_problems(plan: TaskPlan, resources: Resources) -> list[str]:
    """What is wrong with the files that were written for a plan."""
    planned = {file.path for file in plan.inputs}
    written = {file.path for file in resources.files}
    return [
        *file_problems(resources.files),
        *[f"the input {path} is missing" for path in sorted(planned - written)],
        *[f"the file {path[:80]!r} is none of the inputs" for path in sorted(written - planned)],
    ]


def workspace_of(resources: Resources) -> Files:
    """The workspace that these files make."""
    return Files({file.path: file.content for file in resources.files})


def verification_problems(plan: TaskPlan, workspace: Files, answer: Verification) -> list[str]:
    """What is wrong with checks, rubric and solution, before any of it is run."""
    problems = [*program_problems(answer.solution, "solution")]
    if bool(answer.checks) == bool(answer.check_script.strip()):
        problems.append("give either `checks` or a `check_script`, and not both")
    elif answer.checks:
        problems += _check_problems(plan, workspace, answer)
    else:
        problems += _script_problems(answer.check_script)
    try:
        rubric = rubric_of(answer)
    except ValidationError as error:
        return [*problems, f"rubric: {explain(error)}"]
    known = {file.path for file in plan.outputs}
    problems += [
        f"rubric: criterion {c.id} is about {c.target}, which is no output"
        for c in (rubric.criteria if rubric else ())
        if c.target is not None and c.target not in known
    ]
    return problems


def program_problems(source: str, what: str) -> Iterator[str]:
    """What is wrong with a Python program, by its syntax tree."""
    if len(source.encode("utf-8", "replace")) > PROGRAM_BYTES:
        yield f"{what}: it is longer than {PROGRAM_BYTES:,} bytes"
        return
    try:
        data = source.encode()
    except UnicodeEncodeError:
        yield f"{what}: it is not valid UTF-8"
        return
    for rule, line, found in lint_python(data, frozenset[str]()):
        if rule in _FORBIDDEN:
            yield f"{what}, line {line}: {rule}: {found}"


def _naming_problems(instruction: str, inputs: Sequence[str]) -> Iterator[str]:
    if not any(path in instruction or PurePosixPath(path).name in instruction for path in inputs):
        yield "the instruction names none of the inputs"


def _check_problems(plan: TaskPlan, workspace: Files, answer: Verification) -> Iterator[str]:
    for position, check in enumerate(answer.checks):
        if kind := off_menu(check):
            yield f"checks.{position}: there is no check of type {kind}"
            return
    try:
        checks = check_set(plan, workspace, answer).checks
    except ValidationError as error:
        yield f"checks: {explain(error)}"
        return
    ids = [check.id for check in checks]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        yield f"two checks are called {name!r}" + (
            "; that name is ours" if name == INPUTS_CHECK else ""
        )
    yield from _coverage_problems(plan, checks)


def _coverage_problems(plan: TaskPlan, checks: Sequence[Check]) -> Iterator[str]:
    outputs = {file.path for file in plan.outputs}
    looked_at: set[str] = set()
    for check in checks:
        path = getattr(check, "path", None)
        if isinstance(path, str) and path not in outputs:
            yield f"check {check.id} looks at {path}, which is no output"
        if check.role is CheckRole.CORE and check.weight > 0:
            looked_at.update(getattr(check, "paths", ()))
            if isinstance(path, str):
                looked_at.add(path)
    for path in sorted(outputs - looked_at):
        yield f"no core check with weight looks at the output {path}"


def _script_problems(script: str) -> Iterator[str]:
    found = list(program_problems(script, "check_script"))
    yield from found
    if found:
        return
    defined = [node.name for node in ast.parse(script).body if isinstance(node, ast.FunctionDef)]
    if "check" not in defined:
        yield "check_script: it defines no function `check(workspace)`"
