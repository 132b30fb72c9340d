"""The root command line. Rooms are mounted by name and imported only when one of them is used."""

# Typer's groups take click's context, which Typer vendors in some versions and not in others.
# pyright: reportIncompatibleMethodOverride=false

import gc
import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from clawgym import __version__
from clawgym.errors import ClawGymError

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells count it."""

_OBJECTS_OF_A_ROOM = 20_000
"""Garbage is looked for this seldom: what a room loads stays, and looking at it all over and over
takes a fifth of the time in which the command starts."""

COMMANDS = {
    "demo": ("bench.demo:app", "Run the whole life cycle offline and write report.html."),
    "skills": ("clawgym_skills.cli:app", "Index, search and show skills."),
    "mcp": ("mcp_servers.cli:app", "Serve skills or a workspace to any MCP client."),
    "agent": ("graph_agents.cli:app", "Run the agent on a local workspace."),
    "synth": ("synth.cli:app", "Generate verified tasks from a set of skills."),
    "dataset": ("synth.dataset.cli:app", "Measure, merge, split, filter and export datasets."),
    "task": ("verify.task_cli:app", "Show, lint and convert tasks of any supported format."),
    "verify": ("verify.cli:app", "Prove a dataset, and grade its graders."),
    "rollout": ("graph_agents.rollout_cli:app", "Run harnesses over a dataset; resumes."),
    "train": ("train.cli:app", "Fine-tune on kept trajectories."),
    "bench": ("bench.cli:app", "Run a benchmark, compare, report."),
    "sandbox": ("clawgym.sandbox.cli:app", "Check and use sandboxes."),
    "config": ("clawgym.config_cli:app", "Show the settings and where they come from."),
}


class _LazyRooms(TyperGroup):
    """A command group whose members are modules that are imported when they are invoked."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - click hands them on
        super().__init__(**attributes)
        for name, (_, summary) in COMMANDS.items():
            self.commands[name] = TyperCommand(name, short_help=summary, help=summary)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> tuple[str, object, list[str]]:
        found, _, rest = super().resolve_command(ctx, args)
        name = str(found)
        module, attribute = COMMANDS[name][0].split(":")
        command = typer.main.get_command(getattr(importlib.import_module(module), attribute))
        command.name = name
        return name, command, rest

    def invoke(self, ctx: typer.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo(
                "interrupted: a run keeps what was finished, and the same command goes on with it",
                err=True,
            )
            raise typer.Exit(INTERRUPTED) from None
        except ClawGymError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(error.exit_code) from error
        except OSError as error:
            from clawgym.atomic import disk_error

            if (known := disk_error(error)) is None:
                raise
            typer.echo(f"error: {known}", err=True)
            raise typer.Exit(known.exit_code) from error


app = typer.Typer(
    cls=_LazyRooms,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"clawgym {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """The life cycle of personal agents: skills, tasks, rollouts, training, benchmarks."""
    del version


def main() -> None:
    """The console script: runs a command and turns errors into a sentence and an exit code."""
    gc.set_threshold(_OBJECTS_OF_A_ROOM)
    app(prog_name="clawgym")


if __name__ == "__main__":
    main()
