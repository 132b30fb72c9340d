"""One supervised fine-tuning with TRL's `SFTTrainer`: rows in, checkpoints and a loss curve out."""

# The stubs of torch, datasets, transformers and TRL leave much of what everybody calls untyped.
# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict, cast

import torch
from datasets import Dataset
from transformers import (
    PrinterCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from clawgym.errors import UsageError
from train._loading import Loaded
from train.config import SftConfig
from train.examples import Example, Split
from train.progress import Progress
from train.record import LossPoint


class PreparedRow(TypedDict):
    """Token ids, and for each the label that it is trained towards or `masking.IGNORED`."""

    input_ids: list[int]
    labels: list[int]


class Fit:
    """A trainer that is ready to go. Its labels can be looked at before a step is taken."""

    def __init__(self, config: SftConfig, loaded: Loaded, split: Split, checkpoints: Path) -> None:
        self._trainer = SFTTrainer(
            model=loaded.model,
            args=_arguments(config, checkpoints, evaluate=bool(split.validation)),
            train_dataset=_dataset(split.training),
            eval_dataset=_dataset(split.validation) if split.validation else None,
            processing_class=loaded.tokenizer,
        )
        self._trainer.remove_callback(PrinterCallback)

    def training_rows(self) -> Iterator[PreparedRow]:
        """The training rows as the model will see them, in the order they were given in."""
        return iter(cast("Iterable[PreparedRow]", self._trainer.train_dataset))

    def validation_rows(self) -> Iterator[PreparedRow]:
        """Likewise the validation rows; none where nothing is held out."""
        return iter(cast("Iterable[PreparedRow]", self._trainer.eval_dataset or ()))

    def run(self, checkpoint: Path | None, on_step: Callable[[Progress], None]) -> None:
        """Train to the end, from the beginning or from a checkpoint.

        Raises:
            UsageError: the loss is no longer a number.
        """
        self._trainer.add_callback(_Reporter(on_step))
        self._trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)

    def losses(self, name: str = "loss") -> tuple[LossPoint, ...]:
        """The whole curve, also from before a resumption; `eval_loss` is the other name."""
        history = self._trainer.state.log_history
        return tuple(
            LossPoint(step=int(entry["step"]), loss=entry[name])
            for entry in history
            if name in entry
        )

    def save(self, directory: Path) -> None:
        """Write the weights, the tokenizer and the chat template."""
        self._trainer.save_model(str(directory))


@contextmanager
def cpu_threads(count: int | None) -> Generator[None]:
    """Let torch use `count` threads of the CPU for a while; None leaves its own choice."""
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Reporter(TrainerCallback):
    def __init__(self, on_step: Callable[[Progress], None]) -> None:
        self._on_step = on_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: object,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]):
            raise UsageError(
                f"the loss became {logs['loss']} at step {state.global_step}; "
                "start again in another directory with a lower --lr"
            )
        self._on_step(Progress(state.global_step, state.max_steps, logs["loss"]))


def _dataset(examples: Sequence[Example]) -> Dataset:
    return Dataset.from_list([{**example.row()} for example in examples])


def _arguments(config: SftConfig, checkpoints: Path, *, evaluate: bool) -> SFTConfig:
    on_cpu = config.device == "cpu" or (config.device == "auto" and not torch.cuda.is_available())
    return SFTConfig(
        output_dir=str(checkpoints),
        assistant_only_loss=True,
        max_length=None,  # rows that are too long are gone by now; TRL would cut them in mid-turn
        eos_token="<|im_end|>",  # noqa: S106 - generation must stop where a turn ends
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulate,
        num_train_epochs=config.epochs,
        max_steps=config.steps or -1,
        learning_rate=config.peak_learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.05,
        save_strategy="steps",
        save_steps=config.save_steps,
        save_total_limit=2,
        eval_strategy="steps" if evaluate else "no",
        eval_steps=config.save_steps,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to=[],
        disable_tqdm=True,
        use_cpu=on_cpu,
        bf16=not on_cpu,
        activation_checkpointing=not on_cpu,
        dataloader_pin_memory=not on_cpu,
        seed=config.seed,
        data_seed=config.seed,
    )
