"""The questions of all stages, from the templates beside this module."""

from collections.abc import Mapping, Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from clawgym.files import Files
from clawgym.model import Message, Role
from clawgym.quoting import quote_text
from synth.authoring.answers import TaskPlan, Verification
from synth.authoring.briefs import Brief
from synth.authoring.limits import ALL_BYTES, FILE_BYTES, MAX_FILES, SUFFIXES
from synth.authoring.menu import menu

INSTRUCTION_CHARS = (200, 6_000)
"""The shortest and the longest instruction."""

_SKILL_CHARS = 12_000
_FILES_CHARS = 120_000
_BRIEF_CHARS = 4_000


def plan_question(brief: Brief) -> tuple[Message, ...]:
    """Stage 1: write the task of a brief."""
    skills = [
        (skill.name, str(quote_text(skill.summary[:_SKILL_CHARS], "SKILL")))
        for skill in brief.skills
    ]
    return _ask(
        "task",
        persona=str(quote_text(brief.persona[:_BRIEF_CHARS], "PERSONA")),
        scenario=str(quote_text(brief.scenario[:_BRIEF_CHARS], "SCENARIO")),
        operations=list(brief.operations),
        skills=skills,
        suffixes=sorted(SUFFIXES),
        chars=INSTRUCTION_CHARS,
    )


def resources_question(brief: Brief, plan: TaskPlan) -> tuple[Message, ...]:
    """Stage 2: write the files of the workspace."""
    return _ask(
        "resources",
        persona=str(quote_text(brief.persona[:_BRIEF_CHARS], "PERSONA")),
        plan=str(quote_text(plan.model_dump_json(indent=1), "PLAN")),
        file_bytes=FILE_BYTES,
        all_bytes=ALL_BYTES,
        max_files=MAX_FILES,
    )


def verification_question(plan: TaskPlan, workspace: Files) -> tuple[Message, ...]:
    """Stage 3: write checks, rubric and solution."""
    return _ask(
        "verification",
        plan=str(quote_text(plan.model_dump_json(indent=1), "PLAN")),
        files=quoted_files(workspace),
        menu=menu(),
    )


def solution_question(plan: TaskPlan, workspace: Files) -> tuple[Message, ...]:
    """A second solution, from the instruction and the files alone."""
    return _ask(
        "solution",
        instruction=str(quote_text(plan.instruction, "INSTRUCTION")),
        files=quoted_files(workspace),
    )


def review_question(
    plan: TaskPlan, workspace: Files, verification: Verification
) -> tuple[Message, ...]:
    """Find wrong work that the verifier would take for right."""
    return _ask(
        "review",
        instruction=str(quote_text(plan.instruction, "INSTRUCTION")),
        files=quoted_files(workspace),
        verifier=str(quote_text(_verifier(verification), "VERIFIER")),
    )


def quality_question(
    plan: TaskPlan, workspace: Files, verification: Verification
) -> tuple[Message, ...]:
    """Stage 4: judge the whole task."""
    return _ask(
        "quality",
        plan=str(quote_text(plan.model_dump_json(indent=1), "PLAN")),
        files=quoted_files(workspace),
        verifier=str(quote_text(_verifier(verification), "VERIFIER")),
    )


def phrasing_question(instruction: str, persona: str, keep: Sequence[str]) -> tuple[Message, ...]:
    """Say an instruction in the voice of a persona."""
    return _ask(
        "phrase",
        instruction=str(quote_text(instruction, "INSTRUCTION")),
        persona=str(quote_text(persona[:_BRIEF_CHARS], "PERSONA")),
        keep=str(quote_text("\n".join(keep), "LITERALS")),
    )


def repair(problems: Sequence[str], number: int, most: int) -> Message:
    """Say what failed. What others wrote may stand in it, so it is quoted.

    The number keeps apart the questions of a model that gives the same bad answer twice.
    """
    told = quote_text("\n".join(problems), "FAILURES")
    template = _templates().get_template("repair.md.j2")
    return Message(Role.USER, template.render(problems=str(told), number=number, most=most))


def quoted_files(files: Files) -> str:
    """Every file, quoted, up to a limit; what is left out is said."""
    parts: list[str] = []
    left = _FILES_CHARS
    for path, file in files.items():
        text = file.data.decode("utf-8", "replace")
        shown = text[: max(0, min(len(text), left))]
        left -= len(shown)
        if len(shown) < len(text):
            shown += f"\n[{len(text) - len(shown):,} more characters are not shown]"
        parts.append(str(quote_text(f"path: {path}\n\n{shown}", "FILE")))
    return "\n".join(parts)


def _verifier(verification: Verification) -> str:
    return verification.model_dump_json(include={"checks", "check_script", "rubric"}, indent=1)


def _ask(name: str, **values: object) -> tuple[Message, ...]:
    templates = _templates()
    words: Mapping[str, object] = values
    return (
        Message(Role.SYSTEM, templates.get_template("system.md.j2").render()),
        Message(Role.USER, templates.get_template(f"{name}.md.j2").render(words)),
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("synth.authoring", "prompts"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - text for a model, not for a browser
    )
