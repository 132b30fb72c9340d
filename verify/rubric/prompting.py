"""Prompts: templates filled with quoted material, the rubric after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from clawgym.model import Message, Role
from clawgym.quoting import LINE, Quotation, as_quoted_lines, quote_lines, quote_name, visible
from verify.rubric.deliverable import MESSAGES, Deliverable
from verify.rubric.paging import Page
from verify.rubric.rubric import BANDS, Criterion

NOTE_CHARS = 800
"""The longest note on one criterion of one page."""

_MOST_NAMES = 200

Quote = Callable[[Sequence[str], str], Quotation]


@dataclass(frozen=True)
class Case:
    """What is judged: the task as the agent got it, and what it delivered."""

    instruction: str
    delivered: Deliverable


@dataclass(frozen=True)
class Section:
    """A page among others. `from_evidence` says that it holds notes on the work, not the work."""

    page: Page
    number: int = 1
    total: int = 1
    from_evidence: bool = False


class Prompts:
    """Builds the messages of a question. The same input gives the same messages."""

    def __init__(self, quoting: Quote = quote_lines) -> None:
        self._quote = quoting
        self._templates = Environment(
            loader=PackageLoader("verify.rubric", "prompts"),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 - text for a model, not for a browser
            keep_trailing_newline=False,
        )

    def verdict(
        self,
        case: Case,
        section: Section,
        criteria: Sequence[Criterion],
        not_shown: Sequence[str] = (),
    ) -> tuple[Message, ...]:
        """Ask for the bands of `criteria`, in this order."""
        manifest = [] if section.from_evidence else _manifest(case.delivered)
        missing = [f"not shown to its end, the work is too long: {line}" for line in not_shown]
        return self._ask(
            "verdict",
            case,
            [*missing, *manifest, *section.page.lines],
            from_evidence=section.from_evidence,
            pages=section.total,
            includes_messages=any(d.path == MESSAGES for d in case.delivered.documents),
            criteria=criteria,
        )

    def evidence(
        self, case: Case, section: Section, criteria: Sequence[Criterion]
    ) -> tuple[Message, ...]:
        """Ask for notes on one page."""
        first = section.number == 1 and not section.from_evidence
        manifest = _manifest(case.delivered) if first else []
        return self._ask(
            "evidence",
            case,
            [*manifest, *section.page.lines],
            page=section.number,
            pages=section.total,
            from_evidence=section.from_evidence,
            note_chars=NOTE_CHARS,
            criteria=criteria,
        )

    def repair(self, problem: str) -> Message:
        """Say what is wrong with an answer, in our own words."""
        template = self._templates.get_template("repair.md.j2")
        return Message(Role.USER, template.render(problem=problem))

    def _ask(
        self, name: str, case: Case, lines: Sequence[str], **values: object
    ) -> tuple[Message, ...]:
        task = self._quote(as_quoted_lines(visible(case.instruction.strip())), "TASK")
        material = self._quote(lines, "MATERIAL")
        codes = [quoted.begin.split()[-1].removesuffix(">>>") for quoted in (task, material)]
        system = self._templates.get_template("system.md.j2").render(codes=codes)
        question = self._templates.get_template(f"{name}.md.j2").render(
            task=task, material=material, bands=BANDS, **values
        )
        return Message(Role.SYSTEM, system), Message(Role.USER, question)


def _manifest(delivered: Deliverable) -> list[str]:
    """What there is beside the documents, by name, as quoted lines."""
    kinds = {
        "deleted by the agent": delivered.deleted,
        "left out, what the agent keeps for itself": delivered.agent_state,
        "left out, no criterion is about it": delivered.not_covered,
    }
    lines: list[str] = []
    for what, paths in kinds.items():
        lines += [f"{what}: {quote_name(path)}" for path in paths[:_MOST_NAMES]]
        if more := len(paths) - _MOST_NAMES:
            lines += [f"{what}: {more:,} more"] if more > 0 else []
    if not delivered.documents:
        lines.append(f"{LINE}(no file was made or changed)")
    return lines
