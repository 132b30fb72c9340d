"""Supervised fine-tuning, whole: check the plan, fit the rows, prove the mask, train, save.

plan.json          what decides the weights; the same plan resumes
examples.jsonl     the training examples; `validation.jsonl` those that are held out
base/              the untrained model, where it is the tiny one
checkpoints/       for resuming
model/             weights, tokenizer and chat template: a model path for transformers and vLLM
training.json      the result, written last
"""

import hashlib
from pathlib import Path

from clawgym.atomic import write_atomic
from clawgym.errors import UsageError
from train._packages import require_training_packages
from train.config import SftConfig
from train.examples import Split, dump_examples
from train.progress import Report
from train.record import SftPlan, SftResult, claim, save_result


def run_sft(
    config: SftConfig, split: Split, output: Path, report: Report = lambda _: None
) -> SftResult:
    """Fine-tune a model, or resume where an earlier call with the same arguments was stopped.

    A run that is done is not repeated: its result is read from `output` and `report` is not called.

    Args:
        config: what to train and how.
        split: what to train on, from `Selection.split`.
        output: the directory that the module's docstring describes.
        report: is told what happens as it happens.

    Raises:
        UsageError: the `train` extra is missing, the model cannot be loaded, no row fits it, the
            output belongs to another run, or the loss diverged.
        MaskError: the trainer's loss mask is not exactly the assistant's turns.
    """
    require_training_packages()
    if not split.training:
        raise UsageError("there is nothing to train on: the selection kept no example")
    training, validation = dump_examples(split.training), dump_examples(split.validation)
    plan = SftPlan(
        config=config,
        training_digest=hashlib.sha256(training).hexdigest(),
        validation_digest=hashlib.sha256(validation).hexdigest(),
    )
    if done := claim(output, plan):
        return done
    write_atomic(output / "examples.jsonl", training)
    write_atomic(output / "validation.jsonl", validation)

    from train._training import train  # noqa: PLC0415 - torch and TRL take seconds to import

    result = train(plan, split, output, report)
    save_result(result, output)
    return result
