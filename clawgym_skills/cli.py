"""`clawgym skills`: index, search, list and show skills."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawgym_skills import (
    _annotate_cli,
    _authoring_cli,
    _browse_cli,
    _check_cli,
    _install_cli,
    _registry_cli,
    _scan_cli,
)

if TYPE_CHECKING:
    from clawgym_skills.catalogue import Catalogue
    from clawgym_skills.search.ranking import Semantic

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Index, search and show skills.",
)

CatalogOption = Annotated[
    Path | None, typer.Option("--catalog", help="Catalogue file; default: the setting `catalog`.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@app.command()
def index(
    directories: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DIR", help="Folders with skills; default: the bundled ones."),
    ] = None,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
    verbose: Annotated[bool, typer.Option(help="Print every diagnostic.")] = False,
) -> None:
    """Read the skills below each DIR into the catalogue; only what changed is read again.

    Nothing in a skill is executed. What was repaired or refused is counted by code, and the
    command succeeds even if skills were refused. With --json the last line holds the counts.
    """
    from clawgym_skills import _report
    from clawgym_skills.bundle import bundled_directory
    from clawgym_skills.catalogue import Catalogue
    from clawgym_skills.discovery import require_directories

    wanted = directories or [bundled_directory()]
    require_directories(wanted)  # before a catalogue file appears
    path = _catalog_path(catalog)
    with Catalogue(path) as catalogue, _report.indexing_progress() as progress:
        report = catalogue.index(wanted, progress=progress)
        _embed(catalogue)
    if not as_json:
        _report.print_index(report, path, verbose=verbose)
        return
    for found in report.diagnostics if verbose else ():
        typer.echo(_report.to_json(_report.diagnostic_fields(found)))
    typer.echo(_report.to_json({**report.counts(), "catalogue": str(path)}))


@app.command()
def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY", help="Words to look for.")],
    limit: Annotated[int, typer.Option(min=1, help="How many to print.")] = 10,
    category: Annotated[str | None, typer.Option(help="Only of this category.")] = None,
    operation: Annotated[
        str | None, typer.Option(help="Only with this operation, `filter` or `filter:table`.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Only by this publisher.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    eligible: Annotated[
        bool, typer.Option("--eligible", help="Only what OpenClaw would load on this machine.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why, for each hit.")] = False,
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find skills by name and by what they are about, best first."""
    from clawgym_skills import _report
    from clawgym_skills.search.ranking import Filters

    words = " ".join(query)
    with _open(catalog) as catalogue:
        hits = catalogue.search(
            words,
            limit,
            filters=Filters(category, operation, owner, tag, eligible),
            semantic=_semantic(catalogue),
        )
        reasons = [catalogue.explain(words, hit) for hit in hits] if explain else []
    if as_json:
        typer.echo(_report.to_json(_report.hits_fields(hits, reasons)))
    elif hits:
        _report.print_hits(hits, reasons)
    else:
        typer.echo("no skill matches; `clawgym skills list` prints all", err=True)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a skill, as `list` prints it.")
    ],
    catalog: CatalogOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print one skill: what it is, its files, operations, diagnostics and instructions."""
    from clawgym_skills import _report

    with _open(catalog) as catalogue:
        skill = catalogue.get(name)
    if as_json:
        typer.echo(_report.to_json(_report.skill_fields(skill)))
    else:
        _report.print_skill(skill)


@app.command(name="list")
def list_skills(catalog: CatalogOption = None, as_json: JsonOption = False) -> None:
    """Print every skill in the catalogue."""
    from clawgym_skills import _report

    with _open(catalog) as catalogue:
        entries = catalogue.summaries()
    if as_json:
        typer.echo(_report.to_json([_report.summary_fields(entry) for entry in entries]))
    else:
        _report.print_skills([(entry.emoji, entry.name, entry.description) for entry in entries])


def _embed(catalogue: "Catalogue") -> None:
    from clawgym.settings import load

    if model := load().settings.embedding_model:
        from clawgym_skills.search.meaning import embed_missing

        embed_missing(catalogue, model)


def _semantic(catalogue: "Catalogue") -> "Semantic | None":
    """Search by meaning, where the user named an embedding model."""
    from clawgym.settings import load

    model = load().settings.embedding_model
    if model is None:
        return None
    from clawgym_skills.search.meaning import semantic

    return semantic(catalogue, model)


def _catalog_path(flag: Path | None) -> Path:
    from clawgym.settings import load

    return load({"catalog": flag}).settings.catalog


def _open(flag: Path | None) -> "Catalogue":
    """The user's catalogue, or the bundled skills where there is none yet."""
    from clawgym_skills.catalogue import open_catalogue

    path = _catalog_path(flag)
    catalogue = open_catalogue(path)
    if catalogue.path is None:
        typer.echo(
            f"{path} does not exist yet: using the bundled skills "
            "(`clawgym skills index DIR` makes it)",
            err=True,
        )
    return catalogue


_annotate_cli.register(app)
_authoring_cli.register(app)
_browse_cli.register(app)
_check_cli.register(app)
_install_cli.register(app)
_registry_cli.register(app)
_scan_cli.register(app)
