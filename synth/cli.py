"""`clawgym synth`: make datasets of executable tasks."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Generate verified tasks from a set of skills.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class StyleChoice(StrEnum):
    """How instructions read."""

    BRIEF = "brief"
    SPEC = "spec"
    MIXED = "mixed"


@app.callback()
def _group() -> None:
    """Generate verified tasks from a set of skills."""


@app.command()
def run(
    output: Annotated[Path, typer.Option("-o", "--output", help="The dataset directory to make.")],
    skills: Annotated[
        str, typer.Option(help="Skill names, separated by commas; default: every usable one.")
    ] = "",
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many tasks.")] = 50,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same bytes.")] = 0,
    style: Annotated[StyleChoice, typer.Option(help="How instructions read.")] = StyleChoice.MIXED,
    catalog: Annotated[
        Path | None, typer.Option(help="Take skills from this catalogue, not the bundled ones.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw candidates.")] = 1,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Tasks proven at a time.")
    ] = None,
    prove: Annotated[bool, typer.Option(help="Run each task's oracle and a no-op.")] = True,
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock or local.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Compose skills into task graphs, and those into tasks with verifier and solution.

    Without --catalog the bundled skills are used: the same seed makes the same bytes anywhere.
    """
    from clawgym.sandbox import open_backend
    from clawgym.settings import load
    from clawgym.terminal import command_line, counted, progress_bar
    from synth.pipeline import Recipe, choose_skills, synthesise
    from synth.sources import skill_sources

    names = [name.strip() for name in skills.split(",") if name.strip()]
    recipe = Recipe(
        choose_skills(skill_sources(catalog), names),
        seed,
        None if style is StyleChoice.MIXED else style.value,
    )
    settings = load({"jobs": jobs, "sandbox": sandbox}).settings
    backend = open_backend(settings.sandbox) if prove else None
    with progress_bar("synthesising", number) as advance:
        index = synthesise(
            recipe,
            number,
            output,
            backend=backend,
            workers=workers,
            jobs=settings.jobs,
            on_task=advance,
        )
    if as_json:
        typer.echo(index.model_dump_json(exclude={"tasks"}))
        return
    lost = {name: lost for name, lost in index.funnel.items() if name not in ("drawn", "accepted")}
    made, used = counted(len(index.tasks), "task"), counted(len(index.skills), "skill")
    typer.echo(f"{made} from {used} in {output}")
    typer.echo(
        f"drawn {index.funnel['drawn']}, lost {json.dumps(lost)}, digest {index.digest[:16]}"
    )
    typer.echo(f"next: {command_line('verify', output)}")


if __name__ == "__main__":
    app()
