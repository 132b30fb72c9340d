"""`clawgym skills explore`, `inspect`, `publish` and `serve-registry`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from clawgym_skills._install_cli import JsonOption, RegistryOption, open_registry

if TYPE_CHECKING:
    from clawgym_skills.market.server.storage import Storage
    from clawgym_skills.market.wire import SkillDetail, VersionFiles
    from clawgym_skills.skill import Skill


def explore(
    query: Annotated[
        list[str] | None, typer.Argument(metavar="QUERY", help="Words; default: all skills.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many to print.")] = 25,
    sort: Annotated[
        str, typer.Option(help="updated, createdAt, downloads, stars, installs, trending, name.")
    ] = "updated",
    cursor: Annotated[str | None, typer.Option(help="Go on where a page ended.")] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look through a registry: what matches QUERY, best first, or page by page."""
    from typing import get_args

    from clawgym.errors import UsageError
    from clawgym_skills._report import to_json
    from clawgym_skills.market.wire import Sort

    orders: dict[str, Sort] = {order: order for order in get_args(Sort)}
    if sort not in orders:
        raise UsageError(f"--sort is one of {', '.join(orders)}")
    with open_registry(registry) as remote:
        if query:
            found = remote.search(" ".join(query), limit)
            lines = [(r.owner_handle, r.slug, r.version, r.summary) for r in found.results]
            answer, following = found, None
        else:
            page = remote.explore(limit, orders[sort], cursor)
            lines = [
                (s.owner_handle, s.slug, s.latest_version and s.latest_version.version, s.summary)
                for s in page.items
            ]
            answer, following = page, page.next_cursor
    if as_json:
        typer.echo(to_json(answer.to_wire()))
        return
    for owner, slug, version, summary in lines:
        typer.echo(_plain(f"{f'@{owner}/' if owner else ''}{slug}  {version or '?'}  {summary}"))
    if following:
        typer.echo(f"more: --cursor {_plain(following)}")
    elif not lines:
        typer.echo("no skill matches", err=True)


def inspect(
    name: Annotated[str, typer.Argument(metavar="SKILL", help="@owner/slug[@version|@tag].")],
    file: Annotated[str | None, typer.Option(help="Print this file of it.")] = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a skill of a registry, its files with their hashes, without installing it."""
    from clawgym.errors import UsageError
    from clawgym_skills._report import to_json
    from clawgym_skills.market.names import parse_reference
    from clawgym_skills.market.sources import choose_version

    reference = parse_reference(name)
    with open_registry(registry) as remote:
        detail = remote.skill(reference)
        version = choose_version(reference, detail)
        if file is not None:
            data = remote.file(reference, file, version)
            typer.echo(_plain(data.decode("utf-8", "replace"), keep="\n\t"))
            return
        listing = remote.version(reference, version).version
    if listing is None:
        raise UsageError(f"{reference.key} has no version {version}")
    if as_json:
        typer.echo(to_json({**detail.to_wire(), "version": listing.to_wire()}))
    else:
        _print_detail(detail, listing)


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the skill.")],
    slug: Annotated[str | None, typer.Option(help="Default: the folder's name.")] = None,
    name: Annotated[str | None, typer.Option(help="Title; default: from the folder.")] = None,
    owner: Annotated[str | None, typer.Option(help="Default: the owner of the token.")] = None,
    version: Annotated[str | None, typer.Option(help="Default: the next patch version.")] = None,
    changelog: Annotated[str, typer.Option(help="What is new.")] = "",
    tags: Annotated[str, typer.Option(help="Tags for this version, by commas.")] = "latest",
    topics: Annotated[str, typer.Option(help="Topics, by commas.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Publish nothing.")] = False,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish a skill, unless the registry has these very files; the scanner looks at it first.

    Published skills are under MIT-0, as ClawHub asks. The token comes from the variable that the
    setting `registry_token_env` names.
    """
    import os
    import shlex

    from clawgym.settings import load
    from clawgym_skills._report import to_json
    from clawgym_skills.market.publishing import Publication, publish_folder
    from clawgym_skills.market.scanning import scanner_gate

    wanted = Publication(
        slug=slug,
        display_name=name,
        owner=owner,
        version=version,
        changelog=changelog,
        tags=_split(tags),
        topics=_split(topics),
    )
    logged_in = bool(os.environ.get(load().settings.registry_token_env))
    with open_registry(registry) as remote:
        gate = scanner_gate(shlex.split(load().settings.policy), "publish")
        result = publish_folder(
            remote, folder, gate, wanted, dry_run=dry_run, logged_in=logged_in or not dry_run
        )
    if as_json:
        fields: dict[str, JsonValue] = {
            "status": result.status,
            "slug": result.slug,
            "version": result.version,
            "latest": result.latest,
            "fingerprint": result.fingerprint,
            "files": [*result.files],
        }
        typer.echo(to_json(fields))
    else:
        typer.echo(f"{result.slug}@{result.version}: {result.status} ({len(result.files)} files)")


def serve_registry(
    directory: Annotated[
        list[Path] | None, typer.Option("--dir", help="Publish the skills below this folder.")
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="Publish the skills of this catalogue.")
    ] = None,
    data: Annotated[
        Path, typer.Option("--data", help="Where the registry keeps everything.")
    ] = Path(".clawgym/registry"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8642,
    handle: Annotated[str, typer.Option(help="Who the token belongs to.")] = "local",
    token: Annotated[
        str | None,
        typer.Option(
            help="Token to publish with; default: a new one, printed.",
            show_envvar=True,
            envvar="CLAWGYM_SERVE_TOKEN",
        ),
    ] = None,
) -> None:
    """Serve a registry of your own, which the `clawhub` CLI takes for ClawHub.

    Everything is scanned before it is published; versions are kept for good. Without --dir and
    --catalog it serves what was published to it before.
    """
    from clawgym_skills.market.scanning import scanner_gate
    from clawgym_skills.market.server.app import create_app
    from clawgym_skills.market.server.serving import hosts_for, serve
    from clawgym_skills.market.server.storage import Storage
    from clawgym_skills.market.server.tokens import grant, new_token

    storage, gate = Storage(data), scanner_gate()
    secret = token or new_token()
    grant(storage, secret, handle)
    _seed(storage, _skills(directory or [], catalog), handle)
    app = create_app(storage, gate, hosts=hosts_for(host))

    def ready(url: str) -> None:
        shown = "" if token else f"\ntoken of @{handle}: {secret}"
        typer.echo(f"serving {url}{shown}\nclawhub --registry {url} explore")

    serve(app, host, port, ready)


def _skills(directories: list[Path], catalog: Path | None) -> "list[Skill]":
    from clawgym_skills.catalogue import open_catalogue
    from clawgym_skills.diagnostic import SkillRefusedError
    from clawgym_skills.discovery import discover_skills
    from clawgym_skills.reading import read_skill

    found: list[Skill] = []
    for folder in discover_skills(directories).directories:
        try:
            found.append(read_skill(folder))
        except SkillRefusedError as error:
            typer.echo(f"left out: {error}", err=True)
    if catalog is not None:
        with open_catalogue(catalog) as catalogue:
            found += catalogue.skills()
    return found


def _seed(storage: "Storage", skills: "list[Skill]", handle: str) -> None:
    from clawgym_skills.market.scanning import scanner_gate
    from clawgym_skills.market.server.seeding import seed

    seeded = seed(storage, scanner_gate(), skills, handle)
    for line in seeded.refused:
        typer.echo(f"left out: {line}", err=True)
    if skills:
        typer.echo(
            f"{seeded.published:,} published, {seeded.unchanged:,} were there already, "
            f"{len(seeded.refused):,} left out"
        )


def _print_detail(detail: "SkillDetail", listing: "VersionFiles") -> None:
    skill, owner, moderation = detail.skill, detail.owner, detail.moderation
    assert skill is not None
    name = f"@{owner.handle}/{skill.slug}" if owner and owner.handle else skill.slug
    typer.echo(_plain(f"{name}  {listing.version}  {skill.display_name}"))
    typer.echo(_plain(skill.summary or ""))
    if moderation and (moderation.is_suspicious or moderation.is_malware_blocked):
        reasons = ", ".join(moderation.reason_codes)
        typer.echo(_plain(f"warning: {moderation.verdict or 'suspicious'} ({reasons})"))
    if listing.changelog:
        typer.echo(_plain(f"changes: {listing.changelog}"))
    for file in listing.files:
        typer.echo(_plain(f"  {file.sha256[:12]}  {file.size:>9,}  {file.path}"))


def _plain(text: str, keep: str = "") -> str:
    """Without what a terminal would obey: the text comes from strangers."""
    return "".join(c if c.isprintable() or c in keep else "\N{REPLACEMENT CHARACTER}" for c in text)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (explore, inspect, publish, serve_registry):
        app.command()(command)
