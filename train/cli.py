"""`clawgym train`: from the trajectories of a run to a fine-tuned model."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from train.config import SftConfig
    from train.examples import Drop, Selection
    from train.progress import Prepared, Progress
    from train.record import SftResult

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Fine-tune on kept trajectories.",
)


@app.callback()
def _commands() -> None:
    """Fine-tune on kept trajectories. Needs the extra `train`."""


@app.command()
def sft(
    run_dir: Annotated[
        Path, typer.Argument(metavar="RUN_DIR", help="Run directory with graded trajectories.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="New directory, or the one to resume in.")
    ],
    model: Annotated[
        str, typer.Option(help="'tiny' (built here, no download), a path or a Hub id.")
    ] = "tiny",
    harness: Annotated[
        list[str] | None, typer.Option(help="Take this harness only; may be repeated.")
    ] = None,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Lowest score to keep.")] = 1.0,
    validation: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the tasks to hold out.")
    ] = 0.0,
    epochs: Annotated[float, typer.Option(help="Passes over the examples.")] = 3.0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimizer steps, instead of --epochs.")
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(min=16, help="Drop longer examples (tokens); default: the model's window."),
    ] = None,
    lr: Annotated[
        float | None, typer.Option(help="Learning rate; default 3e-3 for tiny, else 2e-5.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Examples of a forward pass.")] = 4,
    accumulate: Annotated[int, typer.Option(min=1, help="Forward passes of a step.")] = 1,
    save_steps: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 50,
    yarn: Annotated[
        float | None, typer.Option(help="Stretch the context window by this factor.")
    ] = None,
    hidden: Annotated[int, typer.Option(min=16, help="Width of the tiny model.")] = 128,
    layers: Annotated[int, typer.Option(min=1, help="Depth of the tiny model.")] = 2,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")
    ] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fine-tune a model on the good trajectories of a run: assistant turns only.

    The same command on the same output resumes. Exit code 1: no trajectory was kept.
    """
    from clawgym.run import RunDirectory
    from train.examples import examples_from_run
    from train.sft import run_sft

    config = _config(
        model=model,
        tiny={"hidden": hidden, "layers": layers},
        max_length=max_length,
        epochs=epochs,
        steps=steps,
        learning_rate=lr,
        batch_size=batch_size,
        accumulate=accumulate,
        save_steps=save_steps,
        yarn=yarn,
        seed=seed,
        device=device,
    )
    run = RunDirectory.open(run_dir)
    try:
        selection = examples_from_run(run, harnesses=harness, min_score=min_score)
    finally:
        run.close()
    _print_selection(selection)
    if not selection.kept:
        if as_json:
            typer.echo(json.dumps({"kept": 0, "dropped": selection.losses}))
        raise typer.Exit(1)
    result = run_sft(config, selection.split(validation, seed), output, _Narrator())
    _print_result(result, selection, output, as_json=as_json)


def _config(**values: object) -> "SftConfig":
    from pydantic import ValidationError

    from clawgym.errors import UsageError
    from clawgym.invalid import explain
    from train.config import SftConfig

    try:
        return SftConfig.model_validate(values)
    except ValidationError as error:
        raise UsageError(f"these options cannot be trained with: {explain(error)}") from error


class _Narrator:
    """Tells on standard error what a run is doing, in about twenty lines."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, event: "Prepared | Progress") -> None:
        from train.progress import Progress

        if isinstance(event, Progress):
            self._step(event)
        else:
            self._prepared(event)

    def _prepared(self, event: "Prepared") -> None:
        figures = event.figures
        _print_drops(event.dropped)
        _say(
            f"mask proven on {figures.rows} rows: {figures.trained_tokens} of {figures.tokens} "
            f"tokens are trained ({figures.trained_fraction:.1%}); rows have {figures.shortest} to "
            f"{figures.longest} tokens"
        )
        _say(f"model of {event.parameters / 1e6:.2f} million parameters")
        if event.resumed_from is not None:
            _say(f"resuming from the checkpoint at step {event.resumed_from}")

    def _step(self, event: "Progress") -> None:
        every = max(1, event.steps // 20)
        if event.step % every and event.step not in {1, event.steps}:
            return
        seconds = time.monotonic() - self._started
        _say(f"step {event.step:>5}/{event.steps}  loss {event.loss:.4f}  {seconds:.0f} s")


def _print_selection(selection: "Selection") -> None:
    total = len(selection.kept) + len(selection.dropped)
    tasks = len({example.source.task_id for example in selection.kept})
    _say(f"{len(selection.kept)} of {total} trials kept, from {tasks} tasks")
    _print_drops(selection.dropped)


def _print_drops(drops: "Sequence[Drop]") -> None:
    """One line a reason, with the first trial it took as an example."""
    first: dict[str, Drop] = {}
    for drop in drops:
        first.setdefault(drop.reason, drop)
    for reason, count in Counter(drop.reason for drop in drops).items():
        example = first[reason]
        _say(f"  {count:>5}  {reason:<22} e.g. {example.source.file_name}: {example.detail}")


def _print_result(
    result: "SftResult", selection: "Selection", output: Path, *, as_json: bool
) -> None:
    if as_json:
        kept = {"kept": len(selection.kept), "dropped": selection.losses}
        typer.echo(json.dumps({**kept, "result": result.model_dump(mode="json")}))
        return
    typer.echo(
        f"loss {result.first_loss:.4f} -> {result.last_loss:.4f} in {len(result.losses)} steps"
    )
    for point in result.validation_losses[-1:]:
        typer.echo(f"validation loss {point.loss:.4f} on {result.validation_rows} rows")
    typer.echo(f"model: {output / result.model}")


def _say(line: str) -> None:
    typer.echo(line, err=True)
