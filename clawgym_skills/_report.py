"""What `clawgym skills` prints. Text from skills is untrusted: it is shown, never interpreted."""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import JsonValue
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from clawgym.terminal import command_line
from clawgym_skills._text import one_line, shorten, without_controls
from clawgym_skills.catalogue import SearchHit, SkillSummary
from clawgym_skills.diagnostic import Code, Diagnostic, Severity
from clawgym_skills.indexing import IndexReport
from clawgym_skills.skill import Skill

_FIRST = 20
_ORDER = (Severity.REFUSED, Severity.REPAIRED, Severity.WARNING)
_PIPED_WIDTH = 200


def to_json(value: JsonValue) -> str:
    """One line of ASCII JSON, safe on any terminal."""
    return json.dumps(value)


def diagnostic_fields(found: Diagnostic) -> dict[str, JsonValue]:
    """A diagnostic for programs."""
    return {
        "code": found.code,
        "severity": str(found.severity),
        "message": found.message,
        "path": found.path,
        "line": found.line,
    }


def hit_fields(hit: SearchHit) -> dict[str, JsonValue]:
    """A search hit for programs."""
    return {
        "name": hit.name,
        "description": hit.description,
        "emoji": hit.emoji,
        "tier": hit.tier,
        "score": round(hit.score, 4),
        "uses": hit.uses,
        "note": hit.note,
    }


def hits_fields(
    hits: Sequence[SearchHit], reasons: Sequence[Mapping[str, Sequence[str]]]
) -> list[JsonValue]:
    """Search hits for programs, with the matched words by text where there are reasons."""
    if not reasons:
        return [hit_fields(hit) for hit in hits]
    return [
        {**hit_fields(hit), "matched": {text: list(words) for text, words in reason.items()}}
        for hit, reason in zip(hits, reasons, strict=True)
    ]


def summary_fields(entry: SkillSummary) -> dict[str, JsonValue]:
    """One line of `list` for programs."""
    return {
        "name": entry.name,
        "description": entry.description,
        "emoji": entry.emoji,
        "digest": entry.digest,
        "path": str(entry.path),
    }


def skill_fields(skill: Skill) -> dict[str, JsonValue]:
    """A whole skill for programs; of the files everything but their bytes."""
    return {
        "name": skill.id,
        "description": skill.description,
        "owner": skill.owner,
        "emoji": skill.emoji,
        "digest": skill.digest,
        "path": str(skill.path),
        "user_invocable": skill.user_invocable,
        "operations": [str(capability) for capability in skill.capabilities],
        "frontmatter": dict(skill.frontmatter),
        "files": [
            {"path": path, "size": len(file.data), "executable": file.executable}
            for path, file in skill.files.items()
        ],
        "diagnostics": [diagnostic_fields(found) for found in skill.diagnostics],
        "body": skill.body,
    }


@contextmanager
def indexing_progress() -> Generator[Callable[[int, int], None]]:
    """A progress bar on stderr, silent when piped; the total becomes known on the way."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<14}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("indexing", total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def print_index(report: IndexReport, path: Path, *, verbose: bool) -> None:
    """The counts by code, the first diagnostics, and what to do next."""
    console = _console()
    if report.codes:
        console.print(_code_table(report))
    ordered = sorted(report.diagnostics, key=lambda found: _ORDER.index(found.severity))
    shown = ordered if verbose else ordered[:_FIRST]
    for found in shown:
        console.print(Text(without_controls(str(found))), soft_wrap=True)
    if len(shown) < len(ordered):
        console.print(f"… and {len(ordered) - len(shown):,} more; --verbose prints all")
    console.print(
        f"{report.found:,} found: {report.loaded:,} loaded "
        f"({report.repaired:,} of them repaired, {report.unchanged:,} unchanged), "
        f"{report.refused:,} refused, {report.removed:,} removed, in {report.seconds:.2f} s"
    )
    following = command_line("skills", "search", "--catalog", path)
    console.print(Text(f"catalogue: {path}; next: {following} WORDS"), soft_wrap=True)


def _code_table(report: IndexReport) -> Table:
    summaries = {code.code: code for code in Code}
    table = Table("code", "severity", "count", "meaning", box=None, pad_edge=False)
    for code, count in report.codes.items():
        known = summaries[code]
        table.add_row(code, str(known.severity), f"{count:,}", known.summary)
    return table


def print_skills(rows: Sequence[tuple[str, str, str]]) -> None:
    """Emoji, name and description, one skill a line."""
    table = Table("", "name", "description", box=None, pad_edge=False)
    table.columns[1].no_wrap = True
    for emoji, name, description in rows:
        text = shorten(one_line(description), 160)
        table.add_row(Text(one_line(emoji)[:4]), Text(one_line(name)), Text(text))
    _console().print(table)


def print_hits(hits: Sequence[SearchHit], reasons: Sequence[Mapping[str, Sequence[str]]]) -> None:
    """Search hits, one a line; below each the reasons, where there are any."""
    if not reasons:
        print_skills([(hit.emoji, hit.name, hit.description) for hit in hits])
        return
    console = _console()
    for number, (hit, reason) in enumerate(zip(hits, reasons, strict=True), 1):
        parts = [f"tier {hit.tier}", f"score {hit.score:.3f}", f"used {hit.uses} times"]
        parts += [f"{text}: {' '.join(words)}" for text, words in reason.items()]
        parts += [hit.note] if hit.note else []
        console.print(Text(f"{number:>3} {one_line(hit.name)}"))
        console.print(Text(f"    {shorten(one_line(hit.description), 160)}"), soft_wrap=True)
        console.print(Text(without_controls(f"    {'; '.join(parts)}")), soft_wrap=True)


def print_skill(skill: Skill) -> None:
    """Everything about one skill, its instructions last."""
    console = _console()

    def line(label: str, value: str) -> None:
        if value:
            console.print(Text(f"{label:<12}{without_controls(value)}"), soft_wrap=True)

    line("name", f"{skill.id} {skill.emoji}".rstrip())
    line("description", skill.description)
    line("owner", skill.owner or "")
    line("path", str(skill.path))
    line("digest", skill.digest)
    line("operations", " ".join(map(str, skill.capabilities)))
    line("needs", " ".join((*skill.openclaw.requires.bins, *skill.openclaw.requires.env)))
    line("frontmatter", json.dumps(skill.frontmatter, ensure_ascii=False))
    for path, file in skill.files.items():
        line("file", f"{path} ({len(file.data):,} bytes{', executable' * file.executable})")
    for found in skill.diagnostics:
        line("diagnostic", str(found))
    console.print()
    console.print(Text(without_controls(skill.body)), soft_wrap=True)


def _console() -> Console:
    """Standard output, wide where it is not a terminal."""
    console = Console(highlight=False, markup=False)
    return (
        console
        if console.is_terminal
        else Console(highlight=False, markup=False, width=_PIPED_WIDTH)
    )
