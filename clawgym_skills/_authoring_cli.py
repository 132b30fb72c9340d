"""`clawgym skills new`, `lint` and `pack`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clawgym_skills.authoring.linting import Lint

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Lowercase letters, digits, hyphens.")
    ],
    description: Annotated[
        str | None, typer.Option(help="What the skill does and when to use it.")
    ] = None,
    with_script: Annotated[
        bool, typer.Option("--with-script", help="Add a Python script and a test of it.")
    ] = False,
    directory: Annotated[Path, typer.Option("--in", help="Where the folder goes.")] = Path(),
) -> None:
    """Start a skill: a folder NAME that passes `clawgym skills lint`, to be filled in."""
    from clawgym_skills.authoring.starting import start_skill

    path = start_skill(directory, name, description, with_script=with_script)
    typer.echo(f"wrote {path}; fill in SKILL.md, then run: clawgym skills lint {path}")


def lint(
    directories: Annotated[
        list[Path], typer.Argument(metavar="DIR…", help="Skills, or folders that hold some.")
    ],
    fix: Annotated[
        bool, typer.Option("--fix", help="Repair what is mechanical, and show the difference.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Hold skills against the specification and good practice; exit status 1 if any falls short.

    Codes are explained in docs/skills_codes.md. Nothing in a skill is executed. --fix changes only
    the lines of SKILL.md that it repairs: quoting, the name, allowed-tools, metadata, line ends.
    """
    from clawgym.errors import ExitCode, UsageError
    from clawgym_skills.authoring.linting import lint_skill
    from clawgym_skills.discovery import discover_skills

    found = discover_skills(directories).directories
    if not found:
        raise UsageError("there is no SKILL.md at or below these directories")
    lints = [lint_skill(directory) for directory in found]
    if fix:
        lints = [_fixed(each, quiet=as_json) for each in lints]
    if as_json:
        _print_json(lints)
    else:
        _print(lints)
    if not all(each.clean for each in lints):
        raise typer.Exit(ExitCode.FINDINGS)


def pack(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of one skill.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: NAME.zip")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Pack a skill into one zip file: the same bytes every time, read back before it counts.

    Dot paths, node_modules and whatever .gitignore or .clawhubignore name stay behind.
    """
    import json

    from clawgym_skills.authoring.packing import pack as pack_skill

    packed = pack_skill(directory, output)
    if as_json:
        facts = {
            "path": str(packed.path),
            "sha256": packed.sha256,
            "files": list(packed.files),
            "left_out": list(packed.left_out),
        }
        typer.echo(json.dumps(facts))
        return
    for name in packed.left_out:
        typer.echo(f"left out {name}", err=True)
    typer.echo(f"wrote {packed.path}: {len(packed.files)} files, sha256 {packed.sha256}")


def register(app: typer.Typer) -> None:
    """Add the commands to `clawgym skills`."""
    for command in (new, lint, pack):
        app.command()(command)


def _fixed(before: "Lint", *, quiet: bool) -> "Lint":
    from clawgym_skills.authoring.linting import lint_skill
    from clawgym_skills.authoring.writing import difference, replace

    if before.mended is None:
        return before
    path = before.directory / before.file_name
    if not quiet:
        typer.echo(difference(path, before.written, before.mended), nl=False)
    replace(path, before.mended)
    return lint_skill(before.directory)


def _print_json(lints: "list[Lint]") -> None:
    import json
    from dataclasses import asdict

    facts = [
        {
            "directory": str(each.directory),
            "clean": each.clean,
            "fixable": each.mended is not None,
            "findings": [asdict(found) for found in each.findings],
        }
        for each in lints
    ]
    typer.echo(json.dumps(facts))


def _print(lints: "list[Lint]") -> None:
    for each in lints:
        for found in each.findings:
            typer.echo(str(found))
    bad = sum(not each.clean for each in lints)
    fixable = sum(each.mended is not None for each in lints)
    hint = f"; --fix repairs something in {fixable}" if fixable else ""
    typer.echo(f"{len(lints)} skills: {len(lints) - bad} clean, {bad} with findings{hint}")
