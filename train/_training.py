"""The heavy half of `train.sft`: everything between the plan and the result."""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from datasets.utils.logging import (  # pyright: ignore[reportMissingTypeStubs]
    disable_progress_bar as silence_datasets,
)
from transformers.utils.logging import disable_progress_bar as silence_transformers

from clawgym.errors import UsageError
from train._loading import Loaded, TokenizerRenderer, load
from train._trl import Fit, PreparedRow, cpu_threads
from train.config import TINY, SftConfig
from train.conversation import turn_roles
from train.examples import Drop, Example, Split
from train.masking import LabelledRow, MaskFigures, TurnMarks, check_masks
from train.progress import Prepared, Report
from train.record import SftPlan, SftResult, checkpoint_step, last_checkpoint, versions
from train.rows import fit_rows
from train.tiny_model import build_tiny_model


def train(plan: SftPlan, split: Split, output: Path, report: Report) -> SftResult:
    """Do what the plan says, below `output`; `train.sft.run_sft` describes it."""
    silence_datasets()  # `report` tells what happens; bars for files of a kilobyte do not
    silence_transformers()
    config = plan.config
    with cpu_threads(config.threads or (1 if config.model == TINY else None)):
        return _train(plan, split, output, report)


def _train(plan: SftPlan, split: Split, output: Path, report: Report) -> SftResult:
    started = time.monotonic()
    config = plan.config
    loaded = load(_model_path(config, split, output), config.yarn)
    marks = TurnMarks.of(loaded.tokenizer)
    fitting, dropped = _fit(split, loaded, config.max_length)
    checkpoint = last_checkpoint(output / "checkpoints")
    fit = Fit(config, loaded, fitting, output / "checkpoints")
    figures = _prove_masks(fit, fitting, marks)
    resumed_from = checkpoint_step(checkpoint) if checkpoint else None
    report(Prepared(figures, dropped, loaded.parameters, resumed_from))
    fit.run(checkpoint, report)
    _replace(output / "model", fit.save)
    return SftResult(
        plan=plan,
        model="model",
        parameters=loaded.parameters,
        figures=figures,
        trained_fraction=figures.trained_fraction,
        validation_rows=len(fitting.validation),
        losses=fit.losses(),
        validation_losses=fit.losses("eval_loss"),
        resumed_from=resumed_from,
        seconds=time.monotonic() - started,
        versions=versions(),
    )


def _model_path(config: SftConfig, split: Split, output: Path) -> str:
    if config.model != TINY:
        return config.model
    base = output / "base"
    if not base.exists():
        _replace(
            base, lambda path: build_tiny_model(split.training, path, config.tiny, config.seed)
        )
    return os.fspath(base)


def _fit(split: Split, loaded: Loaded, limit: int | None) -> tuple[Split, tuple[Drop, ...]]:
    if limit is not None and limit > loaded.window:
        raise UsageError(
            f"the model reads at most {loaded.window} tokens, so rows of {limit} do not fit; "
            "lower --max-length, or stretch the model with --yarn"
        )
    renderer = TokenizerRenderer(loaded.tokenizer)
    training = fit_rows(split.training, renderer, limit or loaded.window)
    validation = fit_rows(split.validation, renderer, limit or loaded.window)
    dropped = (*training.dropped, *validation.dropped)
    if not training.kept:
        raise UsageError(
            f"none of the {len(split.training)} examples can be trained on: "
            f"{dropped[0].source.file_name} {dropped[0].reason} ({dropped[0].detail})"
        )
    return Split(training.kept, validation.kept), dropped


def _prove_masks(fit: Fit, split: Split, marks: TurnMarks) -> MaskFigures:
    check_masks(_labelled(split.validation, fit.validation_rows()), marks)
    return check_masks(_labelled(split.training, fit.training_rows()), marks)


def _labelled(examples: Sequence[Example], rows: Iterable[PreparedRow]) -> Iterator[LabelledRow]:
    for example, row in zip(examples, rows, strict=True):
        roles = turn_roles(example.messages)
        yield LabelledRow(example.source.file_name, roles, row["input_ids"], row["labels"])


def _replace(directory: Path, write: Callable[[Path], None]) -> None:
    """Fill a directory beside its place first, so that a crash never leaves half of it there."""
    partial = directory.with_name(f"{directory.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    write(partial)
    shutil.rmtree(directory, ignore_errors=True)
    os.replace(partial, directory)
