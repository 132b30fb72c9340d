"""`clawgym synth`: make datasets of executable tasks."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synth import _authoring_cli

if TYPE_CHECKING:
    from clawgym.dataset import DatasetIndex
    from synth.taxonomy import Persona

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


class RouteChoice(StrEnum):
    """How tasks come about."""

    SKILL = "skill"
    PERSONA = "persona"
    MIXTURE = "mixture"


class GatesChoice(StrEnum):
    """How thoroughly tasks are proven."""

    QUICK = "quick"
    FULL = "full"


class ExecutorChoice(StrEnum):
    """Where workers run."""

    LOCAL = "local"
    RAY = "ray"


@app.callback()
def _group() -> None:
    """Generate verified tasks from a set of skills."""


@app.command()
def run(
    output: Annotated[Path, typer.Option("-o", "--output", help="The dataset directory to make.")],
    skills: Annotated[
        str, typer.Option(help="Skill names, separated by commas; default: every usable one.")
    ] = "",
    number: Annotated[
        int | None, typer.Option("-n", "--number", min=1, help="How many tasks; default: 50.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same bytes.")] = 0,
    style: Annotated[StyleChoice, typer.Option(help="How instructions read.")] = StyleChoice.MIXED,
    catalog: Annotated[
        Path | None, typer.Option(help="Take skills from this catalogue, not the bundled ones.")
    ] = None,
    route: Annotated[
        RouteChoice | None,
        typer.Option(help="Around skills, around personas, or a mixture. Default: skill."),
    ] = None,
    mixture: Annotated[
        float | None, typer.Option(min=0, max=1, help="The share of the skill route; default: 0.5.")
    ] = None,
    scenario: Annotated[
        str, typer.Option(help="Scenario categories or subcategories, separated by commas.")
    ] = "",
    level: Annotated[str, typer.Option(help="Levels from 1 to 5, such as 2 or 3-5.")] = "",
    persona_file: Annotated[
        Path | None, typer.Option(help="Who asks: JSONL, JSON, CSV or a description a line.")
    ] = None,
    hybrid: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="The share of tasks that carry a rubric for a judge; default: 0."
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(help="A run with a name, such as clawgym-13k; other options win over it.")
    ] = "",
    gates: Annotated[
        GatesChoice | None,
        typer.Option(help="quick: oracle and no-op; full: every gate. Default: quick."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes that draw and prove; default: up to one more than --jobs."
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Sandboxes at a time.")
    ] = None,
    executor: Annotated[
        ExecutorChoice, typer.Option(help="Processes of this machine, or a Ray cluster.")
    ] = ExecutorChoice.LOCAL,
    prove: Annotated[bool, typer.Option(help="Put tasks through the gates.")] = True,
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock or local.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Compose skills into task graphs, and those into tasks with verifier and solution.

    Without --catalog the bundled skills are used: the same seed makes the same bytes anywhere,
    with any number of workers. A run that was interrupted goes on when the same command is given.
    """
    from clawgym.settings import load
    from clawgym.terminal import progress_bar
    from synth.gates import PROFILES
    from synth.routes import Recipe, choose_skills
    from synth.routes.options import read_levels, read_scenarios, share_of_skills
    from synth.running import Plan, open_executor, resume_or_start, workers_with_work
    from synth.running.presets import preset as named_preset
    from synth.running.recipe_source import RecipeSource
    from synth.sources import skill_sources

    names = [name.strip() for name in skills.split(",") if name.strip()]
    base = named_preset(preset)
    if route is None and mixture is None:
        mixture = base.mixture
    recipe = Recipe(
        choose_skills(skill_sources(catalog), names),
        seed,
        None if style is StyleChoice.MIXED else style.value,
        mixture=share_of_skills(route.value if route else None, mixture),
        hybrid=base.hybrid if hybrid is None else hybrid,
        scenarios=read_scenarios(scenario),
        levels=read_levels(level),
        personas=_personas(persona_file) if persona_file else (),
    )
    proof = (gates.value if gates else base.gates) if prove else "none"
    plan = Plan(wanted=number or base.number, profile=PROFILES[proof], caps=base.caps)
    settings = load({"jobs": jobs, "sandbox": sandbox}).settings
    # A worker waits for its box a tenth of the time: one more than there are boxes fills the cores.
    processes = workers or workers_with_work(plan.wanted, settings.jobs + 1)
    with progress_bar("synthesising", plan.wanted) as advance:
        index = resume_or_start(
            RecipeSource(recipe),
            plan,
            output,
            open_executor(executor.value, processes),
            sandbox=settings.sandbox,
            on_task=advance,
        )
    _announce(index, output, as_json=as_json)


def _personas(path: Path) -> "tuple[Persona, ...]":
    """The personas of a user's file; what was filled in or left out is told."""
    from synth.taxonomy.persona_files import read_personas

    read = read_personas(path)
    for repair in read.repairs:
        typer.echo(f"{path}, entry {repair.entry}: {repair.code}: {repair.message}", err=True)
    return tuple(read.personas)


def _announce(index: "DatasetIndex", output: Path, *, as_json: bool) -> None:
    """Say what was made, what was lost where, and last what nobody may overlook."""
    from clawgym.terminal import command_line, counted
    from synth.running.station import ERROR

    if as_json:
        typer.echo(index.model_dump_json(exclude={"tasks"}))
    else:
        lost = {gate: n for gate, n in index.funnel.items() if gate not in ("drawn", "accepted")}
        made, used = counted(len(index.tasks), "task"), counted(len(index.skills), "skill")
        typer.echo(f"{made} from {used} in {output}")
        typer.echo(
            f"drawn {index.funnel['drawn']}, lost {json.dumps(lost)}, digest {index.digest[:16]}"
        )
        typer.echo(f"next: {command_line('verify', output)}")
    if errors := index.reasons.get(ERROR):
        number, kinds = sum(errors.values()), ", ".join(errors)
        typer.echo(
            f"warning: {counted(number, 'candidate')} lost to mistakes in ClawGym's own code "
            f"({kinds}); see: {command_line('synth', 'status', output)}",
            err=True,
        )


@app.command()
def status(
    output: Annotated[Path, typer.Argument(metavar="DIR", help="The output of a synthesis.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show how far a synthesis is, and what was lost where."""
    from synth.running import read_status
    from synth.running.station import ERROR

    found = read_status(output)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
        return
    state = "complete" if found.complete else "unfinished"
    typer.echo(f"{found.path}: {state}, {found.accepted:,} of {found.wanted:,} tasks accepted")
    left = "" if found.eta is None or found.complete else f", {found.eta:,.0f} s left"
    typer.echo(f"{found.drawn:,} drawn, {found.rate:.1f} accepted a second{left}")
    for gate, reasons in found.reasons.items():
        said = ", ".join(f"{reason} {times:,}" for reason, times in reasons.items())
        typer.echo(f"  lost at {gate}: {sum(reasons.values()):,} ({said})")
    for gate, _, index, detail in found.examples:
        if gate == ERROR:
            typer.echo(f"index {index}:\n{detail}")


@app.command()
def picture(
    task: Annotated[Path, typer.Argument(metavar="TASK", help="A task directory.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The SVG file to write.")],
) -> None:
    """Draw the graph of a task as an SVG picture."""
    from clawgym.atomic import write_atomic
    from synth.pictures import picture_of

    write_atomic(output, picture_of(task).encode())
    typer.echo(f"drawn: {output}")


@app.command()
def coverage(
    dataset: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset, or any suite.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what of the taxonomies a dataset covers, how evenly, and what it lacks."""
    from synth.coverage import coverage as cover
    from synth.coverage import table
    from synth.dataset.reading import open_tasks, read_profiles

    found = cover(read_profiles(open_tasks(dataset)).tasks)
    typer.echo(found.model_dump_json(indent=1) if as_json else table(found))


@app.command()
def report(
    output: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset directory.")],
) -> None:
    """Print the dataset card of a finished synthesis: funnel, coverage, diversity."""
    from synth.running.reporting import card_text

    typer.echo(card_text(output))


_authoring_cli.register(app)

if __name__ == "__main__":
    app()
