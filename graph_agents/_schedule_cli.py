"""`clawgym agent watch`: prompts on a schedule."""

from pathlib import Path
from typing import Annotated

import typer

from graph_agents._flags_cli import Flags, takes_flags


@takes_flags
def watch(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="TOML file of jobs.", exists=True, dir_okay=False),
    ],
    flags: Flags,
    once: Annotated[bool, typer.Option("--once", help="Run what is due now, and leave.")] = False,
    listed: Annotated[
        bool, typer.Option("--list", help="Say when each job is due, and leave.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON event a line in place of the text.")
    ] = False,
) -> None:
    """Run prompts on a schedule: each [[job]] of the file at its time, in its folder.

    What was missed runs once; what a crash cut short goes on; an answer of NO_REPLY is not shown.
    The options say what holds for jobs that do not say otherwise. With --once, exits with 0 when
    all went well, 1 when a limit stopped a run, 3 when the endpoint or a sandbox failed.
    """
    import asyncio

    from graph_agents.watch_command import WatchRequest, list_jobs, run_watch

    request = WatchRequest(file, flags.options(Path()), once=once, as_json=as_json)
    if listed:
        for line in list_jobs(request):
            typer.echo(line)
    elif code := asyncio.run(run_watch(request)):
        raise typer.Exit(code)


def add_to(app: typer.Typer) -> None:
    """Make this a command of a group."""
    app.command()(watch)
