"""`clawgym agent sessions|undo|fork|export`: what can be done with sessions without a model."""

from pathlib import Path
from typing import Annotated, Literal

import typer

SessionArgument = Annotated[
    str,
    typer.Argument(
        metavar="[SESSION]", help="Id of a session, its beginning, or 'last' of the workspace."
    ),
]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="The folder of the sessions; default: this one.",
        exists=True,
        file_okay=False,
        resolve_path=True,
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="The journal of sessions; default: the user's."),
]


def sessions(
    workspace: WorkspaceOption = None,
    everywhere: Annotated[
        bool, typer.Option("--all", help="Those of all workspaces, not only of this folder.")
    ] = False,
    delete: Annotated[
        str | None, typer.Option(metavar="SESSION", help="Delete this session for good.")
    ] = None,
    state: StateOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List the sessions of a folder, the one used last first."""
    import json
    from dataclasses import asdict

    from rich.console import Console

    from graph_agents.session_commands import delete_session, list_sessions
    from graph_agents.ui.slash import session_table

    if delete:
        typer.echo(f"deleted {delete_session(delete, state)}")
        return
    found = list_sessions(None if everywhere else workspace or Path.cwd(), state)
    if not as_json:
        Console(highlight=False, soft_wrap=True).print(session_table(found))
        return
    left_out = {"system", "tools"}
    rows = [{k: v for k, v in asdict(info).items() if k not in left_out} for info in found]
    typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))


def undo(
    session: SessionArgument = "last",
    workspace: WorkspaceOption = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Also undo what was changed again since, and the conversation alone where the "
            "folder was not kept.",
        ),
    ] = False,
    state: StateOption = None,
) -> None:
    """Take back the last turn: what it changed in the folder, and the conversation."""
    import asyncio

    from graph_agents.session_commands import undo_turn
    from graph_agents.ui.slash import undone_words

    info, undone = asyncio.run(undo_turn(session, workspace, state, force=force))
    typer.echo(f"{info.workspace}, session {info.id}:\n{undone_words(undone)}")


def fork(
    session: SessionArgument = "last",
    entry: Annotated[str | None, typer.Option(help="Up to this entry; default: all of it.")] = None,
    title: Annotated[str | None, typer.Option(help="What to call the new session.")] = None,
    workspace: WorkspaceOption = None,
    state: StateOption = None,
) -> None:
    """Make a new session that shares the history of another; prints its id."""
    import asyncio

    from graph_agents.session_commands import fork_session

    typer.echo(asyncio.run(fork_session(session, workspace, state, entry=entry, title=title)))


def export(
    session: SessionArgument = "last",
    form: Annotated[
        Literal["openclaw", "atif"],
        typer.Option("--format", "-f", help="OpenClaw's JSONL transcript, or an ATIF trajectory."),
    ] = "openclaw",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file to write; default: session.jsonl, or session.json for atif.",
            dir_okay=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that is there.")
    ] = False,
    workspace: WorkspaceOption = None,
    state: StateOption = None,
) -> None:
    """Write a session to a file, also where its folder is gone."""
    from graph_agents.session_commands import export_session

    place = output or Path("session.jsonl" if form == "openclaw" else "session.json")
    export_session(session, workspace, state, form, place, force=force)
    typer.echo(f"written to {place}")


def add_to(app: typer.Typer) -> None:
    """Make these commands of a group."""
    for command in (sessions, undo, fork, export):
        app.command()(command)
