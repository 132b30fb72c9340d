"""`clawgym skills scan`: what a skill would do to those who install it."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawgym.errors import ExitCode, UsageError
from clawgym.terminal import counted

if TYPE_CHECKING:
    from rich.console import Console

    from clawgym_skills.scan import Finding, Options, Report

_PIPED_WIDTH = 200
_FIRST = 100


def scan(
    skills: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DIR|ARCHIVE|NAME]...",
            help="Folders with skills, archives, or names in the catalogue; default: all of it.",
        ),
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="Catalogue file; default: the setting.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    sarif_file: Annotated[
        Path | None, typer.Option("--sarif", help="Also write a SARIF 2.1.0 log to this file.")
    ] = None,
    fail_on: Annotated[
        str, typer.Option(help="The verdict from which the exit code is 1: warn or block.")
    ] = "block",
    bad_digests: Annotated[
        Path | None, typer.Option(help="File with SHA-256 digests of known-bad skills or files.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(help="Your own program that has the last word; JSON in, JSON out."),
    ] = None,
    cisco: Annotated[
        bool, typer.Option("--cisco", help="Also ask cisco-ai-skill-scanner.")
    ] = False,
    cisco_program: Annotated[
        Path | None, typer.Option(help="Its `skill-scanner`; default: the one on PATH.")
    ] = None,
    verbose: Annotated[bool, typer.Option(help="Print findings of severity info, too.")] = False,
) -> None:
    """Look for attacks in skills: archives, hidden text, fake prerequisites, theft of secrets.

    Nothing in a skill is executed, followed or unpacked. The verdicts on skills of the catalogue
    are kept there, bound to their digests. Exits with 1 if a skill is blocked.
    """
    if fail_on not in ("warn", "block"):
        raise UsageError(f"--fail-on {fail_on!r} is neither warn nor block")
    from clawgym_skills.scan import Verdict

    reports = _scanned(skills or [], catalog, _options(bad_digests))
    if cisco or cisco_program is not None:
        reports = _with_cisco(reports, cisco_program)
    if policy is not None:
        reports = _with_policy(reports, shlex.split(policy))
    reports = list(reports)
    _write(reports, as_json=as_json, sarif_file=sarif_file, verbose=verbose)
    if any(report.verdict.rank >= Verdict(fail_on).rank for report in reports):
        raise typer.Exit(ExitCode.FINDINGS)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(scan)


def _options(bad_digests: Path | None) -> "Options":
    from clawgym_skills.scan import Options
    from clawgym_skills.scan.registry import read_bad_digests

    return Options(read_bad_digests(bad_digests) if bad_digests else frozenset())


def _scanned(names: Sequence[str], catalog: Path | None, options: "Options") -> Iterator["Report"]:
    """Each path as it lies there, every other word as a name in the catalogue."""
    from clawgym_skills.discovery import discover_skills
    from clawgym_skills.scan import scan as scan_skill

    for name in names:
        path = Path(name)
        if path.is_dir():
            directories = discover_skills([path]).directories
            for directory in directories or (path,):
                yield scan_skill(directory, options)
        elif path.exists():
            yield scan_skill(path, options)
        else:
            yield from _from_catalogue([name], catalog, options)
    if not names:
        yield from _from_catalogue([], catalog, options)


def _from_catalogue(
    names: Sequence[str], catalog: Path | None, options: "Options"
) -> Iterator["Report"]:
    from clawgym.settings import load
    from clawgym_skills.catalogue import open_catalogue
    from clawgym_skills.scan import scan as scan_skill
    from clawgym_skills.scan.output import record_of

    with open_catalogue(load({"catalog": catalog}).settings.catalog) as catalogue:
        for name in names or catalogue.names():
            skill = catalogue.get(name)
            report = scan_skill(skill, options)
            catalogue.record_scan(report.digest, record_of(report))
            yield report


def _with_cisco(reports: Iterator["Report"], program: Path | None) -> Iterator["Report"]:
    from clawgym_skills.scan.cisco import find_program, with_cisco

    found = find_program(program)
    for report in reports:
        directory = Path(report.path)
        yield with_cisco(report, directory, found) if directory.is_dir() else report


def _with_policy(reports: Iterator["Report"], program: Sequence[str]) -> Iterator["Report"]:
    from clawgym_skills.scan.hook import ask_policy

    for report in reports:
        yield ask_policy(program, report)


def _write(
    reports: Sequence["Report"], *, as_json: bool, sarif_file: Path | None, verbose: bool
) -> None:
    from clawgym.atomic import write_atomic
    from clawgym_skills.scan.output import report_fields, sarif

    if sarif_file is not None:
        write_atomic(sarif_file, (json.dumps(sarif(reports), indent=2) + "\n").encode())
    if as_json:
        for report in reports:
            typer.echo(json.dumps(report_fields(report)))
    else:
        _print(reports, verbose=verbose)


def _print(reports: Sequence["Report"], *, verbose: bool) -> None:
    """The findings under the name of their skill, and how many skills of each verdict."""
    from clawgym_skills.scan import Severity, Verdict

    console = _console()
    hidden = 0
    for report in sorted(reports, key=lambda report: -report.verdict.rank):
        shown = [f for f in report.findings if verbose or f.severity is not Severity.INFO]
        hidden += len(report.findings) - len(shown)
        if shown:
            _print_report(report, shown, console)
    counts = Counter(report.verdict for report in reports)
    told = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in reversed(Verdict))
    also = f"; {counted(hidden, 'finding')} of severity info with --verbose" if hidden else ""
    typer.echo(f"{counted(len(reports), 'skill')} scanned: {told}{also}")


def _print_report(report: "Report", shown: Sequence["Finding"], console: "Console") -> None:
    from rich.table import Table
    from rich.text import Text

    from clawgym_skills._text import one_line

    console.print(
        Text(one_line(f"{report.verdict}: {report.subject} ({report.path})")), style="bold"
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for finding in shown[:_FIRST]:
        where = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
        because = f" ({finding.context})" if finding.context else ""
        cells = ("", finding.rule, finding.severity, where, finding.message + because)
        table.add_row(*(Text(one_line(cell)) for cell in cells))
        if finding.excerpt:
            table.add_row("", "", "", "", Text(f"> {finding.excerpt}", style="dim"))
    console.print(table)
    if len(shown) > _FIRST:
        console.print(f"  … and {len(shown) - _FIRST:,} more; --json prints all")


def _console() -> "Console":
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if console.is_terminal:
        return console
    return Console(highlight=False, markup=False, width=_PIPED_WIDTH)
