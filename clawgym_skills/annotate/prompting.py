"""The question to a model about one skill, and the form of its answer."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Annotated

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import AfterValidator, Field, JsonValue, StringConstraints, TypeAdapter

from clawgym.model import Message, Role, ToolSchema
from clawgym.model.asking import Question, parse_answer
from clawgym.quoting import quote_text
from clawgym_skills.annotate.core import MAX_CHARS
from clawgym_skills.annotate.record import Facts, Language
from clawgym_skills.annotate.signals import signals
from clawgym_skills.annotate.taxonomy import CATEGORIES, hub_categories
from clawgym_skills.annotate.text import SkillText, text_of
from clawgym_skills.operations import atomic_operations
from clawgym_skills.skill import Skill

MAX_SKILL_CHARS = 30_000
"""How much of a skill a model reads, as in the original."""

_SLACK = 2
_TEMPLATES = ("system.md.j2", "skill.md.j2", "repair.md.j2")
_SCRIPT_CHARS = 4_000


def _one_of(known: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return value

    return AfterValidator(check)


def risk_names() -> tuple[str, ...]:
    """The risks that a skill can have, by name."""
    return tuple(signal.name for signal in signals() if signal.field == "risk")


class Answer(Facts):
    """What a model says about a skill: the facts of the record, and our additions."""

    core_content: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=_SLACK * MAX_CHARS),
    ]
    needs_network: bool
    category: Annotated[str, _one_of(CATEGORIES)]
    hub_categories: Annotated[
        tuple[Annotated[str, _one_of(hub_categories())], ...], Field(min_length=1, max_length=3)
    ]
    operations: tuple[Annotated[str, _one_of(tuple(atomic_operations()))], ...]
    risks: tuple[Annotated[str, _one_of(risk_names())], ...]

    @property
    def facts(self) -> Facts:
        """The part that stands in ClawGym's record."""
        return Facts.model_validate(self.model_dump(include=set(Facts.model_fields)))


def question(skill: Skill) -> Question[Answer]:
    """Ask for everything about one skill. The same skill gives the same question."""
    material = quote_text(_material(text_of(skill)), "SKILL")
    values = {
        "skill": str(material),
        "languages": [str(language) for language in Language],
        "risks": risk_names(),
        "core_chars": MAX_CHARS,
        "categories": CATEGORIES,
        "hub_categories": hub_categories(),
        "operations": list(atomic_operations().values()),
    }
    templates = _templates()
    messages = (
        Message(Role.SYSTEM, templates.get_template("system.md.j2").render(code=material.code)),
        Message(Role.USER, templates.get_template("skill.md.j2").render(values)),
    )
    return Question(messages, answer_schema(), lambda text: parse_answer(Answer, text))


def repair(problem: str) -> Message:
    """Say what is wrong with an answer, in our own words."""
    template = _templates().get_template("repair.md.j2")
    return Message(Role.USER, template.render(problem=problem))


@cache
def prompt_version() -> str:
    """Changes whenever the wording or the form of the answer does."""
    total = hashlib.sha256()
    for name in _TEMPLATES:
        total.update(files("clawgym_skills.annotate").joinpath("prompts", name).read_bytes())
    total.update(TypeAdapter(ToolSchema).dump_json(answer_schema()))
    return f"prompt-{total.hexdigest()[:12]}"


def _material(text: SkillText) -> str:
    """`SKILL.md`, the names of the other files, and the beginnings of scripts; bounded."""
    skill = text.skill
    parts = [f"===== {skill.file_name}", "\n".join(text.document.lines)]
    others = [path for path in skill.files if path != skill.file_name]
    if others:
        parts += ["===== other files", *others[:100]]
    for script in text.scripts:
        parts += [f"===== {script.path}", "\n".join(script.lines)[:_SCRIPT_CHARS]]
    whole = "\n".join(parts)
    if len(whole) <= MAX_SKILL_CHARS:
        return whole
    more = len(whole) - MAX_SKILL_CHARS
    return f"{whole[:MAX_SKILL_CHARS]}\n===== cut here, {more:,} more characters"


def answer_schema() -> ToolSchema:
    """The JSON schema of the answer; strict."""
    text: JsonValue = {"type": "string"}
    flag: JsonValue = {"type": "boolean"}
    properties: dict[str, JsonValue] = {
        "language": _choice([str(language) for language in Language]),
        "summary": text,
        "auth_required": flag,
        "auth_details": _list(text),
        "input_format": text,
        "output_format": text,
        "has_risk": flag,
        "risk_reasons": _list(text),
        "risks": _list(_choice(risk_names())),
        "required_env": _list(text),
        "text_only_compatible": flag,
        "non_text_reasons": _list(text),
        "core_content": text,
        "needs_network": flag,
        "category": _choice(CATEGORIES),
        "hub_categories": _list(_choice(hub_categories())),
        "operations": _list(_choice(list(atomic_operations()))),
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list[JsonValue](properties),
        "additionalProperties": False,
    }


def _choice(values: tuple[str, ...] | list[str]) -> JsonValue:
    return {"type": "string", "enum": list[JsonValue](values)}


def _list(items: JsonValue) -> JsonValue:
    return {"type": "array", "items": items}


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("clawgym_skills.annotate", "prompts"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - text for a model, not for a browser
    )
