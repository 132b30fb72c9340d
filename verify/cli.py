"""`clawgym verify`: prove a dataset."""

import asyncio
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawgym.errors import ExitCode

if TYPE_CHECKING:
    from verify.proof import Proof

app = typer.Typer(
    help="Prove a dataset: solvable, and not by doing nothing.",
    add_completion=False,
    rich_markup_mode=None,
)


@app.command()
def verify(
    dataset: Annotated[
        Path, typer.Argument(metavar="DATASET", help="A dataset or a single task directory.")
    ],
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Tasks at a time.")
    ] = None,
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock or local.")
    ] = None,
    oracle_runs: Annotated[int, typer.Option(min=1, help="Runs of the reference solution.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Run the reference solution, a no-op and the lazy panel on every task.

    Exit code 0 when every oracle earns 1, every no-op 0 and the lazy panel at most 0.02 on average;
    1 when a task fails or cannot be read.
    """
    from clawgym.dataset import Dataset
    from clawgym.sandbox import open_backend
    from clawgym.settings import load
    from clawgym.terminal import progress_bar
    from verify.proof import prove_dataset

    settings = load({"jobs": jobs, "sandbox": sandbox}).settings
    tasks = Dataset(dataset)
    backend = open_backend(settings.sandbox)
    with progress_bar("proving", len(tasks)) as advance:
        proof = asyncio.run(
            prove_dataset(
                tasks,
                backend,
                jobs=settings.jobs,
                oracle_runs=oracle_runs,
                on_card=lambda _: advance(),
            )
        )
    if as_json:
        typer.echo(json.dumps(_summary(proof)))
    else:
        _print(proof)
    if proof.findings:
        raise typer.Exit(ExitCode.FINDINGS)


def _summary(proof: "Proof") -> dict[str, object]:
    from verify.probes import PROBES

    return {
        "tasks": len(proof.cards),
        "findings": [asdict(finding) for finding in proof.findings],
        "lazy_mean": _or_none(proof.lazy_mean.value),
        "means": {name: _or_none(proof.mean(name).value) for name in PROBES},
        "coverage": {name: proof.mean(name).coverage for name in PROBES},
    }


def _or_none(value: float) -> float | None:
    """JSON has no NaN: the mean of nothing is null."""
    return None if math.isnan(value) else value


def _print(proof: "Proof") -> None:
    from rich.console import Console
    from rich.table import Table

    from clawgym.terminal import counted
    from verify.probes import PROBES

    table = Table("probe", "mean score", "worst task", box=None, pad_edge=False)
    for name in PROBES:
        table.add_row(name, str(proof.mean(name)), _extreme(proof, name))
    console = Console()
    console.print(table)
    for finding in proof.findings:
        console.print(
            f"{finding.task_id or 'dataset'}: {finding.rule}: {finding.message}",
            markup=False,
            soft_wrap=True,
        )
    number = len(proof.findings)
    verdict = counted(number, "finding") if number else "every task is proven"
    console.print(f"{counted(len(proof.cards), 'task')}, {verdict}")


def _extreme(proof: "Proof", name: str) -> str:
    from clawgym.reward import Graded

    scores = [
        (reward.score, card.task_id)
        for card in proof.cards
        for reward in card.rewards.get(name, ())
        if isinstance(reward, Graded)
    ]
    if not scores:
        return "-"
    score, task_id = min(scores) if name == "oracle" else max(scores)
    return f"{score:.3f} {task_id}"


if __name__ == "__main__":
    app()
