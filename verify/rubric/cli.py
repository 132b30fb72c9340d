"""`clawgym verify calibrate`: how far a judge can be trusted."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawgym.errors import ExitCode

if TYPE_CHECKING:
    from clawgym.settings import Settings
    from verify.rubric.calibration import Agreement, Calibration
    from verify.rubric.gold import GoldItem

JudgeModelOption = Annotated[
    str | None, typer.Option("--judge-model", help="Model id of the judge of rubrics.")
]
JudgeBaseUrlOption = Annotated[
    str | None, typer.Option("--judge-base-url", help="The judge's endpoint, if another.")
]
JudgeVotesOption = Annotated[
    int | None, typer.Option("--judge-votes", min=1, help="How often each criterion is judged.")
]
CodeOnlyOption = Annotated[
    bool, typer.Option("--code-only", help="Score the code alone, even where there is a rubric.")
]


def calibrate(
    gold: Annotated[
        Path, typer.Argument(metavar="GOLD", help="A gold set: rated work, one JSON object a line.")
    ],
    judge_model: JudgeModelOption = None,
    judge_base_url: JudgeBaseUrlOption = None,
    judge_votes: JudgeVotesOption = None,
    swap: Annotated[
        bool, typer.Option("--swap", help="Judge again with the criteria in the reverse order.")
    ] = False,
    min_alpha: Annotated[
        float, typer.Option(max=1.0, help="The least agreement with the gold set that passes.")
    ] = 0.7,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let a judge score work that people have scored, and print how far they agree.

    Exit code 0 when alpha over all criteria reaches --min-alpha, 1 when it does not or is not
    defined, 3 when some of the work could not be judged.
    """
    from clawgym.errors import UsageError
    from clawgym.settings import load
    from verify.rubric.gold import load_gold

    settings = load(
        {
            "judge_model": judge_model,
            "judge_base_url": judge_base_url,
            "judge_votes": judge_votes,
        }
    ).settings
    if settings.judge_model is None:
        raise UsageError("no judge is named: give --judge-model NAME or set CLAWGYM_JUDGE_MODEL")
    found = asyncio.run(_calibrate(settings, load_gold(gold), swap=swap))
    overall = found.overall
    passed = overall.alpha is not None and overall.alpha >= min_alpha
    if as_json:
        typer.echo(json.dumps(_summary(found, overall, settings) | {"passed": passed}))
    else:
        _print(found, overall, settings)
    _exit(found, overall, min_alpha, passed=passed)


async def _calibrate(settings: "Settings", gold: "list[GoldItem]", *, swap: bool) -> "Calibration":
    from clawgym.terminal import progress_bar
    from verify.rubric.calibration import calibrate as run
    from verify.rubric.opening import open_judge

    async with open_judge(settings) as judge:
        assert judge is not None
        with progress_bar("judging", len(gold)) as advance:
            return await run(judge, gold, swap=swap, on_item=advance)


def _exit(found: "Calibration", overall: "Agreement", least: float, *, passed: bool) -> None:
    for item, reason in found.ungraded.items():
        typer.echo(f"not judged: {item}: {reason}", err=True)
    if found.ungraded:
        raise typer.Exit(ExitCode.INFRASTRUCTURE)
    if not passed:
        said = (
            "is not defined: there is no variation"
            if overall.alpha is None
            else f"is {overall.alpha:.3f}"
        )
        typer.echo(f"alpha {said}; {least:g} is wanted", err=True)
        raise typer.Exit(ExitCode.FINDINGS)


def _summary(found: "Calibration", overall: "Agreement", settings: "Settings") -> dict[str, object]:
    from verify.rubric.rubric import LEVELS

    return {
        "judge_model": settings.judge_model,
        "votes": settings.judge_votes,
        "items": found.total,
        "coverage": found.coverage,
        "overall": asdict(overall),
        "criteria": [asdict(agreement) for agreement in found.criteria],
        "self_consistency": found.self_consistency,
        "swap_flips": found.swap_flips,
        "bands": LEVELS,
        "confusion": found.confusion,
        "ungraded": found.ungraded,
    }


def _print(found: "Calibration", overall: "Agreement", settings: "Settings") -> None:
    from rich.console import Console
    from rich.table import Table

    from clawgym.terminal import counted
    from verify.rubric.rubric import LEVELS

    console = Console()
    agreements = Table(
        "criterion",
        "readings",
        "alpha",
        "95 % interval",
        "kappa",
        "people",
        box=None,
        pad_edge=False,
    )
    for row in (*found.criteria, overall):
        agreements.add_row(
            row.name,
            str(row.readings),
            _shown(row.alpha),
            f"{row.interval.low:.3f} to {row.interval.high:.3f}" if row.interval else "-",
            _shown(row.kappa),
            _shown(row.among_people),
        )
    console.print(agreements)
    confusion = Table("gold \\ judge", *(f"{band:g}" for band in LEVELS), box=None, pad_edge=False)
    for band, counts in zip(LEVELS, found.confusion, strict=True):
        confusion.add_row(f"{band:g}", *(str(count) for count in counts))
    console.print()
    console.print(confusion)
    lines = (
        f"self-consistency {_shown(found.self_consistency)}",
        f"order-swap flips {_shown(found.swap_flips)}",
        f"coverage {found.coverage:.3f} of {counted(found.total, 'piece')} of work",
        f"judge {settings.judge_model}, {counted(settings.judge_votes, 'vote')}",
    )
    console.print("\n" + "\n".join(lines), markup=False, highlight=False)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
