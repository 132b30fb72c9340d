"""`clawgym demo`: the whole life cycle, offline, in a minute."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Run the whole life cycle offline and write report.html.",
    add_completion=False,
    rich_markup_mode=None,
)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Where everything goes.")] = Path(
        "demo-out"
    ),
    tasks: Annotated[int, typer.Option("-n", "--tasks", min=1, help="How many tasks.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Decides every random choice.")] = 7,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Boxes at a time.")
    ] = None,
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock or local.")
    ] = None,
) -> None:
    """Index skills, synthesise tasks, prove them, run agents, verify, report.

    Needs no key, GPU, Docker or network. The same command resumes an interrupted demo.
    """
    from bench.demo_run import DemoOptions, run_demo

    run_demo(DemoOptions(output, tasks, seed, jobs, sandbox))


if __name__ == "__main__":
    app()
