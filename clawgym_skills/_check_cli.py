"""`clawgym skills check`: would these skills load, would they be eligible here, and why not?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawgym.errors import UsageError

if TYPE_CHECKING:
    from pydantic import JsonValue

    from clawgym_skills.profiles import Check, Checker

_PIPED_WIDTH = 200
PROFILES = ("lenient", "openclaw", "strict")


def check(
    skills: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DIR|NAME]...",
            help="Folders with skills, or names in the catalogue; default: OpenClaw's own roots.",
        ),
    ] = None,
    profile: Annotated[str, typer.Option(help=f"Whose rules: {', '.join(PROFILES)}.")] = "lenient",
    workspace: Annotated[
        Path, typer.Option(help="Workspace whose roots are searched if nothing is named.")
    ] = Path(),
    config: Annotated[
        Path | None,
        typer.Option(help="openclaw.json; default: the one in the state directory."),
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="Catalogue file; default: the setting.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    verbose: Annotated[bool, typer.Option(help="Print every diagnostic.")] = False,
) -> None:
    """Say for each skill whether it loads, whether it is eligible on this machine, and why not.

    Nothing in a skill is executed. Exits with 1 if the profile is `strict` and a skill violates
    the specification.
    """
    from clawgym_skills.openclaw.config import load_config
    from clawgym_skills.profiles import Checker, Profile

    if profile not in PROFILES:
        raise UsageError(f"no profile is called {profile!r}; choose {' or '.join(PROFILES)}")
    settings = load_config(config or state_directory() / "openclaw.json")
    checker = Checker(Profile(profile), config=settings)
    if skills:
        checks = [found for name in skills for found in _named(name, checker, catalog)]
    else:
        checks = _standard(workspace, checker)
    _print(checks, as_json=as_json, verbose=verbose)
    if profile == "strict" and not all(found.loads for found in checks):
        raise typer.Exit(1)


def state_directory() -> Path:
    """Where OpenClaw keeps its state: `OPENCLAW_STATE_DIR`, else `~/.openclaw`."""
    import os

    return Path(os.environ.get("OPENCLAW_STATE_DIR") or Path.home() / ".openclaw").expanduser()


def _named(name: str, checker: "Checker", catalog: Path | None) -> "list[Check]":
    """The skills below a folder, else the one that the catalogue has under this name."""
    from clawgym.settings import load
    from clawgym_skills.catalogue import open_catalogue
    from clawgym_skills.discovery import discover_skills

    path = Path(name)
    if path.is_dir():
        found = discover_skills([path]).directories
        if not found:
            raise UsageError(f"no skill at or below {path}: a skill is a folder with a SKILL.md")
        return [checker.directory(directory) for directory in found]
    with open_catalogue(load({"catalog": catalog}).settings.catalog) as catalogue:
        return [checker.skill(catalogue.get(name))]


def _standard(workspace: Path, checker: "Checker") -> "list[Check]":
    """What OpenClaw would find from a workspace, our bundled skills in the place of its own."""
    from clawgym_skills.bundle import bundled_directory
    from clawgym_skills.openclaw.sources import load_sources, standard_roots
    from clawgym_skills.profiles import Profile, skipped

    roots = standard_roots(
        workspace.absolute(),
        checker.config,
        state=state_directory(),
        bundled=bundled_directory(),
    )
    sources = load_sources(roots, checker.config)
    if checker.profile is not Profile.OPENCLAW:
        return [checker.directory(found.skill.directory) for found in sources.skills]
    checks = [
        checker.loaded(found.skill, source=found.root.source, bundled=found.root.bundled)
        for found in sources.skills
    ]
    return checks + [skipped(diagnostic) for diagnostic in sources.diagnostics]


def _print(checks: "list[Check]", *, as_json: bool, verbose: bool) -> None:
    from clawgym_skills import _report

    if as_json:
        for found in checks:
            typer.echo(_report.to_json(_fields(found)))
        return
    _print_table([_row(found) for found in checks])
    for found in checks if verbose else ():
        for diagnostic in found.diagnostics:
            typer.echo(_shown(str(diagnostic)))
    typer.echo(_summary(checks))


def _summary(checks: "list[Check]") -> str:
    load = sum(found.loads for found in checks)
    if all(found.eligible is None for found in checks):
        return f"{len(checks):,} skills: {load:,} valid, {len(checks) - load:,} with violations"
    eligible = sum(found.eligible is True for found in checks)
    return f"{len(checks):,} skills: {load:,} load, {eligible:,} are eligible here"


def _print_table(rows: list[tuple[str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("skill", "loads", "eligible", "why not"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console()
    (console if console.is_terminal else Console(width=_PIPED_WIDTH)).print(table)


def _word(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


def _row(found: "Check") -> tuple[str, str, str, str]:
    reasons = _shown("; ".join(found.reasons))
    return _shown(found.name), _word(found.loads), _word(found.eligible), reasons


def _shown(text: str) -> str:
    """Text of a skill on one line, without control characters."""
    from clawgym_skills._text import one_line

    return one_line(text)


def _fields(found: "Check") -> "dict[str, JsonValue]":
    from pydantic import JsonValue

    from clawgym_skills._report import diagnostic_fields

    return {
        "skill": found.name,
        "path": found.path,
        "source": found.source or None,
        "loads": found.loads,
        "eligible": found.eligible,
        "reasons": list[JsonValue](found.reasons),
        "diagnostics": [diagnostic_fields(each) for each in found.diagnostics],
    }


def register(app: typer.Typer) -> None:
    """Add the command to `clawgym skills`."""
    app.command()(check)
