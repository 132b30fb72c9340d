"""`clawgym agent`: the agent on a folder of the user's."""

from pathlib import Path
from typing import Annotated

import typer

from clawgym.errors import ExitCode

app = typer.Typer(
    help="Run the agent on a local workspace.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Run the agent on a local workspace."""


@app.command()
def run(
    instruction: Annotated[
        str, typer.Argument(metavar="INSTRUCTION", help="What the agent shall do.")
    ],
    workspace: Annotated[
        Path,
        typer.Option(
            "--workspace",
            "-w",
            help="The folder to work in; the agent changes it.",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ],
    model: Annotated[
        str | None, typer.Option(help="Model id, or 'offline' for the rule-based stand-in.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Base URL of an OpenAI-compatible endpoint.")
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option(help="Name of the variable that holds the API key.")
    ] = None,
    skills: Annotated[
        str | None, typer.Option(help="Names, comma-separated, or 'none'; default: all bundled.")
    ] = None,
    max_turns: Annotated[int, typer.Option(min=1, help="The most replies of the model.")] = 50,
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock, or local (isolates nothing).")
    ] = None,
    trajectory: Annotated[
        Path | None,
        typer.Option(
            help="Write the run here as ATIF JSON, also if it is cut short.", dir_okay=False
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object in place of the text.")
    ] = False,
) -> None:
    """Carry out an instruction in a folder, with tools and skills, inside a sandbox.

    Exits with 0 when the agent has finished, 1 when a limit stopped it, 2 when the command was
    wrong, 3 when the endpoint or the sandbox failed.
    """
    import asyncio

    from clawgym.settings import load
    from graph_agents.graph import AgentLimits
    from graph_agents.run_command import RunRequest, as_json_text, carry_out

    flags = {"model": model, "base_url": base_url, "api_key_env": api_key_env, "sandbox": sandbox}
    request = RunRequest(
        instruction=instruction,
        workspace=workspace,
        settings=load(flags).settings,
        skills=skills,
        limits=AgentLimits(max_turns=max_turns),
        save_to=trajectory,
    )
    finished = asyncio.run(carry_out(request, show=not as_json))
    if as_json:
        typer.echo(as_json_text(finished))
    if finished.error:
        raise finished.error
    if finished.stop_reason != "done":
        raise typer.Exit(ExitCode.FINDINGS)
