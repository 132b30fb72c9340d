"""`clawgym bench`: what a run shows."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from clawgym.dataset import Dataset
    from clawgym.run import RunDirectory

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Rank harnesses, compare them, write a report.",
)

RunArgument = Annotated[
    Path, typer.Argument(metavar="RUN_DIR", help="A run, as `rollout` made it.")
]
DatasetOption = Annotated[
    Path | None, typer.Option("--dataset", help="Where the run's dataset is now, if it moved.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

_CONNECTIVE = {"better": "than", "worse": "than", "not distinguishable": "from"}


@app.callback()
def bench() -> None:
    """Rank harnesses, compare them, write a report."""


@app.command()
def run(
    suite: Annotated[
        Path, typer.Argument(metavar="SUITE", help="The benchmark's tasks: a dataset directory.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    harness: Annotated[
        list[str],
        typer.Option(help="oracle, noop, lazy, expert, expert:flawed or langgraph; repeatable."),
    ],
    runs: Annotated[int, typer.Option("--runs", min=1, help="Attempts at each task.")] = 3,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Trials at a time.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides every random choice.")] = 0,
    model: Annotated[str | None, typer.Option(help="Model id, for the harness langgraph.")] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint.")] = None,
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock or local.")
    ] = None,
    judge_model: Annotated[
        str | None, typer.Option(help="Model id of the judge of rubrics.")
    ] = None,
    judge_base_url: Annotated[
        str | None, typer.Option(help="The judge's endpoint, if another.")
    ] = None,
    judge_votes: Annotated[
        int | None, typer.Option(min=1, help="How often each criterion is judged.")
    ] = None,
    code_only: Annotated[
        bool,
        typer.Option("--code-only", help="Score the code alone, even where there is a rubric."),
    ] = False,
) -> None:
    """Run a suite several times, rank the harnesses, write the report. Resumes like `rollout`."""
    from bench.statistics import expected_half_width
    from clawgym.dataset import Dataset
    from clawgym.terminal import counted
    from graph_agents.rollout_run import RolloutOptions, require_grades, run_rollout

    tasks = len(Dataset(suite))
    width = 100 * expected_half_width(tasks)
    typer.echo(
        f"{counted(tasks, 'task')} x {counted(runs, 'run')}: "
        f"expect a mean to be within {width:.1f} points",
        err=True,
    )
    options = RolloutOptions(
        suite,
        output,
        tuple(harness),
        runs,
        seed,
        jobs,
        model,
        base_url,
        sandbox,
        judge_model,
        judge_base_url,
        judge_votes,
        code_only,
    )
    with closing(run_rollout(options)) as rolled_out:
        report(output, suite, None)
        show(output, suite)
        require_grades(rolled_out)


@app.command()
def report(
    run_dir: RunArgument,
    dataset: DatasetOption = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="The file to write; default: RUN_DIR/report.html."),
    ] = None,
) -> None:
    """Write the report of a run: one HTML file that opens anywhere and loads nothing."""
    from bench.report import write_report

    path = output or run_dir / "report.html"
    with _opened(run_dir) as run:
        write_report(run, _dataset(run, dataset), path)
    typer.echo(str(path))


@app.command()
def show(run_dir: RunArgument, dataset: DatasetOption = None, as_json: JsonOption = False) -> None:
    """Print the leaderboard of a run."""
    from bench.leaderboard import rank
    from bench.table import render_table, table_console

    with _opened(run_dir) as run:
        board = rank(run.trials(), _dataset(run, dataset), run.plan)
    if as_json:
        typer.echo(board.model_dump_json(indent=1))
    else:
        table_console().print(render_table(board))


@app.command()
def compare(
    run_dir: RunArgument,
    harness_a: Annotated[str, typer.Argument(metavar="HARNESS_A", help="A harness of the run.")],
    harness_b: Annotated[
        str, typer.Argument(metavar="HARNESS_B", help="Another harness of the run.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Say whether HARNESS_A is better than HARNESS_B on the tasks that both were graded on."""
    from pydantic import TypeAdapter

    from bench.leaderboard import compare_harnesses
    from bench.statistics import Comparison

    with _opened(run_dir) as run:
        found = compare_harnesses(run.trials(), harness_a, harness_b)
    if as_json:
        typer.echo(TypeAdapter(Comparison).dump_json(found, indent=1).decode())
        return
    if found.difference is None:
        typer.echo(f"{harness_a} and {harness_b} have no graded task in common")
        return
    interval = found.interval
    between = f" [{interval.low:+.3f}, {interval.high:+.3f}]" if interval else ""
    typer.echo(
        f"{harness_a} minus {harness_b}: {found.difference:+.3f}{between} "
        f"on {found.tasks} tasks, p = {found.p_value:.4f}"
    )
    typer.echo(f"{harness_a} is {found.verdict} {_CONNECTIVE[found.verdict]} {harness_b}")


def _opened(run_dir: Path) -> "closing[RunDirectory]":
    from clawgym.run import RunDirectory

    return closing(RunDirectory.open(run_dir))


def _dataset(run: "RunDirectory", path: Path | None) -> "Dataset":
    from clawgym.dataset import Dataset
    from clawgym.errors import UsageError

    recorded = Path(run.plan.dataset)
    if path is None and not recorded.exists():
        raise UsageError(
            f"the dataset of this run was {recorded}, where nothing is now; "
            "say where it is with --dataset"
        )
    return Dataset(path or recorded)
