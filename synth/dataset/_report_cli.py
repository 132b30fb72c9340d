"""What `clawgym dataset` says at the end: what was written, what was left out, what was lost."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from clawgym.terminal import counted

if TYPE_CHECKING:
    from synth.dataset.provenance import Derivation
    from verify.suites import Refusal
    from verify.suites.exports import Conversion

_SHOWN = 20


def report(
    derivations: "Sequence[Derivation]", output: Path, as_json: bool, **figures: int
) -> None:
    """Say what became of the tasks of each new dataset."""
    if as_json:
        datasets = [
            {
                "settings": dict(one.settings),
                "funnel": one.funnel,
                "renamed": one.renamed,
                "left": [left.model_dump(exclude_defaults=True) for left in one.left],
                "notes": one.notes,
            }
            for one in derivations
        ]
        typer.echo(json.dumps({"output": str(output), "datasets": datasets, **figures}))
        return
    for one in derivations:
        part = one.settings.get("part", "")
        lost = ", ".join(f"{number:,} {reason}" for reason, number in one.reasons.items())
        kept = counted(one.funnel["accepted"], "task")
        named = f"; {counted(len(one.renamed), 'task')} renamed" if one.renamed else ""
        typer.echo(f"{kept} of {one.funnel['read']:,} in {output / part}{named}")
        typer.echo(f"left out: {lost or 'none'}")
        for note in one.notes:
            typer.echo(f"note: {note}")
    for name, figure in figures.items():
        typer.echo(f"{name.replace('_', ' ')}: {figure:,}")


def report_refused(refused: "Sequence[Refusal]", *, err: bool = False) -> None:
    """Say which tasks could not be loaded, and why."""
    for refusal in refused[:_SHOWN]:
        typer.echo(f"refused: {refusal.task_id}: {refusal.reason}", err=err)
    if len(refused) > _SHOWN:
        typer.echo(f"refused: and {len(refused) - _SHOWN:,} more; --json lists all", err=err)


def report_export(done: "Conversion", output: Path, to: str, as_json: bool) -> None:
    """Say what was written and what the format has no room for."""
    from synth.dataset.exporting import losses_by_code

    lost = losses_by_code(done.losses)
    if as_json:
        document = {
            "written": done.written,
            "refused": [asdict(refusal) for refusal in done.refused],
            "repairs": [asdict(repair) for repair in done.repairs],
            "losses": lost,
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    report_refused(done.refused)
    for code, number in lost.items():
        typer.echo(f"lost: {code}: {counted(number, 'task')}")
    typer.echo(f"{counted(done.written, 'task')} written to {output} as {to}")
