"""`clawgym skills install`, `update`, `pin`, `unpin`, `uninstall`, `installed` and `verify`."""

import shlex
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import JsonValue

from clawgym.errors import ExitCode

if TYPE_CHECKING:
    from clawgym_skills.market.client import Registry
    from clawgym_skills.market.installed import Installed
    from clawgym_skills.market.workspace import InstallResult, Workspace

RegistryOption = Annotated[
    str | None, typer.Option("--registry", help="Registry URL; default: the setting `registry`.")
]
WorkdirOption = Annotated[
    Path, typer.Option("--workdir", help="Where .clawhub/lock.json lies and `skills` is.")
]
SkillsOption = Annotated[
    Path | None, typer.Option("--dir", help="Folder of the skills; default: WORKDIR/skills.")
]
CatalogOption = Annotated[
    Path | None, typer.Option("--catalog", help="Catalogue file; default: the setting `catalog`.")
]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        help="Your own program that has the last word; JSON in, JSON out. Default: the setting.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="As `clawgym skills installed` prints it.")
]


def install(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="@owner/slug[@version|@tag], a folder, an archive, or git+URL[@ref][#folder].",
        ),
    ],
    alias: Annotated[str | None, typer.Option("--as", help="Folder to install into.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is there; accept suspicious skills.")
    ] = False,
    registry: RegistryOption = None,
    workdir: WorkdirOption = Path(),
    skills: SkillsOption = None,
    catalog: CatalogOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Install a skill: into quarantine, read, scanned, its hashes checked, then moved in place.

    Nothing in a skill is executed. What fails or is interrupted leaves nothing behind. Folders
    and archives are written with a slash, as ./folder. The skill is put into the catalogue.
    """
    from clawgym_skills.market.sources import parse_source

    wanted = parse_source(source)
    with open_workspace(workdir, skills, policy=policy) as workspace:
        if wanted.kind == "registry":
            with open_registry(registry) as remote:
                result = workspace.install(wanted, remote, alias=alias, force=force)
        else:
            result = workspace.install(wanted, alias=alias, force=force)
        _record(catalog, [result])
    _report([result], as_json=as_json)


def update(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One skill.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every skill from a registry.")] = False,
    version: Annotated[str | None, typer.Option(help="A version or tag, not the latest.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite local changes; go back to older versions.")
    ] = False,
    registry: RegistryOption = None,
    workdir: WorkdirOption = Path(),
    skills: SkillsOption = None,
    catalog: CatalogOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring installed skills to the latest version; pinned and edited ones stay as they are."""
    from clawgym.errors import UsageError
    from clawgym_skills.market.updating import update as update_skills

    if (name is None) != every or (version and every):
        raise UsageError("name one skill, or give --all; --version goes with one skill")
    held = False
    lines: list[JsonValue] = []
    opened = open_workspace(workdir, skills, policy=policy, request="update")
    with opened as workspace, open_registry(registry) as remote:
        for one in update_skills(workspace, remote, name, version=version, force=force):
            held = held or one.outcome in ("edited", "older", "blocked")
            lines.append({"key": one.key, "outcome": one.outcome, "detail": one.detail})
            if not as_json:
                typer.echo(f"{one.key}: {one.outcome} {one.detail}".rstrip())
            if one.result:
                _record(catalog, [one.result])
    if as_json:
        typer.echo(_to_json(lines))
    elif not lines:
        typer.echo("nothing from a registry is installed")
    if held:
        raise typer.Exit(ExitCode.FINDINGS)


def pin(
    name: NameArgument,
    reason: Annotated[str | None, typer.Option(help="Why; shown whenever it is held.")] = None,
    workdir: WorkdirOption = Path(),
    skills: SkillsOption = None,
    catalog: CatalogOption = None,
) -> None:
    """Keep a skill at its version: neither install nor update changes it."""
    with open_workspace(workdir, skills) as workspace:
        _refresh(catalog, workspace.pin(name, reason))
    typer.echo(f"pinned {name}{f': {reason}' if reason else ''}")


def unpin(
    name: NameArgument,
    workdir: WorkdirOption = Path(),
    skills: SkillsOption = None,
    catalog: CatalogOption = None,
) -> None:
    """Let a pinned skill be updated again."""
    with open_workspace(workdir, skills) as workspace:
        _refresh(catalog, workspace.unpin(name))
    typer.echo(f"unpinned {name}")


def uninstall(
    name: NameArgument,
    force: Annotated[bool, typer.Option("--force", help="Also where it was edited.")] = False,
    workdir: WorkdirOption = Path(),
    skills: SkillsOption = None,
    catalog: CatalogOption = None,
) -> None:
    """Remove a skill, its folder and its line in the lock."""
    from clawgym_skills.catalogue import Catalogue

    with open_workspace(workdir, skills) as workspace:
        gone = workspace.uninstall(name, force=force)
        path = catalog_path(catalog)
        if path.exists():
            with Catalogue(path) as catalogue:
                catalogue.forget_install(str(gone.directory))
                if workspace.skills.is_dir():
                    catalogue.index([workspace.skills])
    typer.echo(f"uninstalled {gone.key}")


def installed(
    workdir: WorkdirOption = Path(), skills: SkillsOption = None, as_json: JsonOption = False
) -> None:
    """List what is installed, with versions and pins."""
    with open_workspace(workdir, skills) as workspace:
        found = workspace.installed()
    if as_json:
        typer.echo(_to_json([_fields(one) for one in found]))
        return
    for one in found:
        pinned = f"  pinned{f' ({one.pin_reason})' if one.pin_reason else ''}" * one.pinned
        known = "" if one.tracked or one.manifest else "  (not installed by a tool)"
        typer.echo(f"{one.key}  {one.version or '-'}{pinned}{known}")
    if not found:
        typer.echo("nothing is installed here", err=True)


def verify(
    workdir: WorkdirOption = Path(), skills: SkillsOption = None, as_json: JsonOption = False
) -> None:
    """Hold every installed skill against the hashes of what was installed; 1 if one differs."""
    with open_workspace(workdir, skills) as workspace:
        checked = workspace.verify()
    if as_json:
        lines: list[JsonValue] = [
            {"key": one.key, "state": one.state, "changes": list(one.changes)} for one in checked
        ]
        typer.echo(_to_json(lines))
    for one in () if as_json else checked:
        typer.echo(f"{one.key}: {one.state}")
        for change in one.changes:
            typer.echo(f"  {change}")
    if any(one.state in ("changed", "missing") for one in checked):
        raise typer.Exit(ExitCode.FINDINGS)


@contextmanager
def open_workspace(
    workdir: Path,
    skills: Path | None,
    *,
    policy: str | None = None,
    request: Literal["install", "update"] = "install",
) -> "Generator[Workspace]":
    """The workspace of a command, with the scanner at its gate, and the user's policy beside it."""
    from clawgym.settings import load
    from clawgym_skills.market.scanning import scanner_gate
    from clawgym_skills.market.workspace import Workspace

    program = load({"policy": policy}).settings.policy
    yield Workspace(workdir, scanner_gate(shlex.split(program), request), skills)


@contextmanager
def open_registry(url: str | None) -> "Generator[Registry]":
    """The registry of a command, by flag or setting, with the token of the environment."""
    import os

    from clawgym.settings import load
    from clawgym_skills.market.client import Registry
    from clawgym_skills.market.transport import Transport, cache_folder

    settings = load({"registry": url}).settings
    token = os.environ.get(settings.registry_token_env) or None
    with Registry(Transport(settings.registry, token, cache=cache_folder())) as registry:
        yield registry


def catalog_path(flag: Path | None) -> Path:
    """The catalogue of a command."""
    from clawgym.settings import load

    return load({"catalog": flag}).settings.catalog


def _record(flag: Path | None, results: "list[InstallResult]") -> None:
    """Index what was installed, and note who scanned it and where it came from."""
    from clawgym_skills.bundle import bundled_directory
    from clawgym_skills.catalogue import Catalogue
    from clawgym_skills.market.recording import record

    path = catalog_path(flag)
    new = not path.exists()
    with Catalogue(path) as catalogue:
        if new:  # where there is no catalogue, the bundled skills are shown: they stay
            catalogue.index([bundled_directory()])
        for result in results:
            record(catalogue, result)


def _refresh(flag: Path | None, one: "Installed") -> None:
    """Note a pin in the catalogue, if it knows the skill."""
    from clawgym_skills.catalogue import Catalogue
    from clawgym_skills.market.recording import install_record

    path = catalog_path(flag)
    if path.exists() and one.directory.is_dir():
        with Catalogue(path) as catalogue:
            catalogue.record_install(install_record(one, None))


def _report(results: "list[InstallResult]", *, as_json: bool) -> None:
    for result in results:
        one, verdict = result.installed, result.verdict
        if as_json:
            found: list[JsonValue] = [
                {"rule": f.rule, "severity": f.severity, "path": f.path, "message": f.message}
                for f in verdict.findings
            ]
            fields: dict[str, JsonValue] = {
                **_fields(one),
                "decision": verdict.decision,
                "findings": found,
            }
            typer.echo(_to_json(fields))
            continue
        for found_line in verdict.findings:
            if found_line.severity != "info":
                typer.echo(
                    f"{found_line.severity}: {found_line.rule} {found_line.path}: "
                    f"{found_line.message}",
                    err=True,
                )
        version = f" {one.version}" if one.version else ""
        typer.echo(f"installed {one.key}{version} into {one.directory}")


def _fields(one: "Installed") -> dict[str, JsonValue]:
    return {
        "key": one.key,
        "directory": str(one.directory),
        "version": one.version,
        "pinned": one.pinned,
        "pin_reason": one.pin_reason,
        "tracked": one.tracked,
        "registry": one.origin.registry if one.origin else None,
        "source": one.manifest.source if one.manifest else None,
        "digest": one.manifest.digest if one.manifest else None,
    }


def _to_json(value: JsonValue) -> str:
    from clawgym_skills._report import to_json

    return to_json(value)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (install, update, pin, unpin, uninstall, installed, verify):
        app.command()(command)
