"""`clawgym agent`: the agent on a folder of the user's."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from graph_agents import _schedule_cli, _serving_cli, _sessions_cli
from graph_agents._flags_cli import Flags, takes_flags

T = TypeVar("T")

_INTERRUPTED = 130

app = typer.Typer(
    help="Run the agent on a local workspace.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        help="The folder to work in; the agent changes it.",
        exists=True,
        file_okay=False,
        resolve_path=True,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON event a line in place of the text.")
]


@app.callback()
def _group() -> None:
    """Run the agent on a local workspace."""


@app.command()
@takes_flags
def run(
    instruction: Annotated[
        str, typer.Argument(metavar="INSTRUCTION", help="What the agent shall do.")
    ],
    workspace: WorkspaceOption,
    flags: Flags,
    session: Annotated[
        str | None, typer.Option(help="Go on with this session, or 'last'; default: a new one.")
    ] = None,
    trajectory: Annotated[
        Path | None,
        typer.Option(
            help="Write the run here as ATIF JSON, also if it is cut short.", dir_okay=False
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Carry out an instruction in a folder, with tools and skills, inside a sandbox.

    Exits with 0 when the agent has finished, 1 when a limit stopped it, 2 when the command was
    wrong, 3 when the endpoint or the sandbox failed. With --json, the last line is the result.
    """
    from graph_agents.run_command import RunRequest, carry_out, exit_code

    request = RunRequest(
        options=flags.options(workspace),
        instruction=instruction,
        session=session,
        save_to=trajectory,
        as_json=as_json,
    )
    finished = _driven(carry_out(request))
    if code := exit_code(finished, told=not as_json):
        raise typer.Exit(code)


@app.command()
@takes_flags
def chat(
    flags: Flags,
    prompt: Annotated[
        str | None, typer.Argument(metavar="[PROMPT]", help="What to begin with.")
    ] = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Talk with the agent about a folder.

    While it works, typing steers it and Ctrl-C interrupts it; /help says the rest. Without a
    terminal, each line of standard input is a message.
    """
    from graph_agents.chat_command import ChatRequest, hold

    request = ChatRequest(flags.options(workspace), prompt, as_json=as_json)
    _driven(hold(request))


@app.command()
@takes_flags
def resume(
    flags: Flags,
    session: Annotated[
        str,
        typer.Argument(
            metavar="[SESSION]", help="Id of a session, its beginning, or 'last' of the workspace."
        ),
    ] = "last",
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="What to say to it.")
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            help="The folder of the session; default: where it was held, for 'last' this one.",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with a session: first with what was cut short, then with what you say."""
    from graph_agents.chat_command import ChatRequest, hold
    from graph_agents.session_commands import place_of

    found = place_of(session, workspace, flags.state)
    options = flags.options(Path(str(found.workspace)))
    _driven(hold(ChatRequest(options, message, found.id, as_json=as_json)))


def _driven(command: Coroutine[Any, Any, T]) -> T:
    """Run a command; Ctrl-C before a turn begins, or while it is being closed, ends up here."""
    import asyncio

    try:
        return asyncio.run(command)
    except KeyboardInterrupt:
        typer.echo(
            "interrupted; if a turn had begun, `clawgym agent resume` goes on with it", err=True
        )
        raise typer.Exit(_INTERRUPTED) from None


for _module in (_sessions_cli, _schedule_cli, _serving_cli):
    _module.add_to(app)
