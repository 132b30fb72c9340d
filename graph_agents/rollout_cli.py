"""`clawgym rollout`: run harnesses over a dataset."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Run harnesses over a dataset; resumes.",
    add_completion=False,
    rich_markup_mode=None,
)


@app.command()
def rollout(
    dataset: Annotated[
        Path, typer.Argument(metavar="DATASET", help="A dataset or a single task directory.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The run directory.")],
    harness: Annotated[
        list[str],
        typer.Option(help="oracle, noop, lazy, expert, expert:flawed or langgraph; repeatable."),
    ],
    attempts: Annotated[
        int, typer.Option("-n", "--attempts", min=1, help="Runs of each task.")
    ] = 1,
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
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Run every harness on every task. The same command on the same directory resumes.

    Trials that could not be graded, because an endpoint was down, say, are run again. Exit code 0
    when every trial is graded, 3 when some are not.
    """
    from contextlib import closing

    from clawgym.terminal import command_line
    from graph_agents.rollout_run import RolloutOptions, require_grades, run_rollout

    options = RolloutOptions(
        dataset=dataset,
        output=output,
        harnesses=tuple(harness),
        attempts=attempts,
        seed=seed,
        jobs=jobs,
        model=model,
        base_url=base_url,
        sandbox=sandbox,
        judge_model=judge_model,
        judge_base_url=judge_base_url,
        judge_votes=judge_votes,
        code_only=code_only,
    )
    with closing(run_rollout(options, as_json=as_json)) as run:
        if not as_json:
            typer.echo(f"next: {command_line('bench', 'report', output)}")
        require_grades(run)


if __name__ == "__main__":
    app()
