"""`clawgym verify`: prove a dataset, grade its graders, calibrate a judge."""

# Typer's groups take click's context, which Typer vendors in some versions and not in others.
# pyright: reportIncompatibleMethodOverride=false

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from clawgym.errors import ExitCode
from verify.rubric.cli import calibrate

if TYPE_CHECKING:
    from clawgym.sandbox import Backend
    from verify.cards import Depth
    from verify.rules import Selection
    from verify.suites import Suite

_INTERRUPTED = 130
_DEFAULT = "prove"


class _PathFirst(TyperGroup):
    """A group whose default command is the proof: what is no subcommand is a path or an option."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if first not in self.commands and first not in ctx.help_option_names:
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_PathFirst,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def verify() -> None:
    """Prove a dataset and grade its graders. `clawgym verify PATH` is `verify prove PATH`."""


@app.command(_DEFAULT)
def prove(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="A dataset, a single task or a suite of any known format."
        ),
    ],
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the reference solution, a no-op and lazy work.")
    ] = False,
    harness: Annotated[
        str | None, typer.Option(help="Only score this one: noop, lazy or oracle.")
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict/--compat", help="Score by our rule, or by the suite's own as it stands."
        ),
    ] = False,
    select: Annotated[
        list[str] | None, typer.Option(help="Only these rules: V404, V4, mutant-survives, …")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="All rules but these.")] = None,
    require_solution: Annotated[
        bool | None,
        typer.Option(
            "--require-solution/--no-require-solution",
            help="Whether a task without reference solution is a finding; by default our own is.",
        ),
    ] = None,
    mutants: Annotated[int, typer.Option(min=0, help="The most mutants of one task.")] = 60,
    seed: Annotated[int, typer.Option(help="Chooses the mutants.")] = 0,
    oracle_runs: Annotated[int, typer.Option(min=1, help="Runs of the reference solution.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Keep the cards here; the same command then goes on.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Boxes at a time.")
    ] = None,
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock or local.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Examine the verifier of every task, and print how often it errs.

    Good work must earn 1 and anything else less: the reference solution under other time zones,
    locales and hash seeds, a second solution, nothing, lazy work, damaged outputs, outputs with
    one mistake, planted files. The source of the verifier is linted as well. Exit code 1 when
    there is a finding. With --harness only that harness is scored, and the exit code is 1 only
    when a task could not be read or graded.
    """
    from clawgym.sandbox import open_backend
    from clawgym.settings import load
    from verify.cards import Depth
    from verify.rules import Selection
    from verify.suites import open_suite

    settings = load({"jobs": jobs, "sandbox": sandbox}).settings
    selection = Selection(select or (), ignore or ())
    suite = open_suite(path)
    backend = open_backend(settings.sandbox)
    try:
        if harness is not None:
            holds = _score(suite, backend, settings.jobs, harness, strict, out, as_json)
        else:
            depth = Depth(
                quick=quick,
                strict=strict,
                oracle_runs=oracle_runs,
                mutants=mutants,
                seed=seed,
                require_solution=require_solution,
            )
            holds = _examine(suite, backend, settings.jobs, depth, selection, out, as_json)
    except KeyboardInterrupt:
        typer.echo(f"interrupted: {_hint(out)}", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    if not holds:
        raise typer.Exit(ExitCode.FINDINGS)


app.command("calibrate")(calibrate)


def _examine(
    suite: "Suite",
    backend: "Backend",
    jobs: int,
    depth: "Depth",
    selection: "Selection",
    out: Path | None,
    as_json: bool,
) -> bool:
    """The whole card of every task; whether there is no finding."""
    from rich.console import Console

    from clawgym.terminal import progress_bar
    from verify.proof import prove_dataset
    from verify.summary import print_proof, proof_summary

    with progress_bar("proving", len(suite)) as advance:
        proof = asyncio.run(
            prove_dataset(
                suite,
                backend,
                jobs=jobs,
                depth=depth,
                output=out,
                selection=selection,
                on_card=lambda _: advance(),
            )
        )
    if as_json:
        typer.echo(json.dumps(proof_summary(proof, len(suite.repairs))))
    else:
        print_proof(proof, Console())
    return not proof.findings


def _score(
    suite: "Suite",
    backend: "Backend",
    jobs: int,
    harness: str,
    strict: bool,
    out: Path | None,
    as_json: bool,
) -> bool:
    """One harness on every task; whether all of them could be read and graded."""
    from rich.console import Console

    from clawgym.terminal import progress_bar
    from verify.scores import harness_named, score_suite
    from verify.summary import print_scores

    name = harness_named(harness)
    with progress_bar("scoring", len(suite)) as advance:
        scores = asyncio.run(
            score_suite(
                suite, backend, name, strictly=strict, jobs=jobs, output=out, on_task=advance
            )
        )
    if as_json:
        typer.echo(json.dumps({**scores.summary(), "repairs": len(suite.repairs)}))
    else:
        print_scores(scores, Console())
    return scores.is_complete


def _hint(out: Path | None) -> str:
    if out is None:
        return "with --out DIR the same command goes on where it stopped"
    return "what was finished is kept, and the same command goes on with it"


if __name__ == "__main__":
    app()
