"""What a fine-tuning leaves on disk besides weights: first its plan, in the end its result."""

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from clawgym.atomic import write_atomic
from clawgym.errors import TaskFormatError, UsageError
from clawgym.invalid import explain
from train.config import SftConfig
from train.masking import MaskFigures

_RecordT = TypeVar("_RecordT", bound=BaseModel)

_VERSIONED = ("clawgym", "torch", "transformers", "tokenizers", "datasets", "accelerate", "trl")


class _OnDisk(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SftPlan(_OnDisk):
    """`plan.json`: what decides the weights. The same plan on the same directory resumes."""

    schema_version: Literal[1] = 1
    config: SftConfig
    training_digest: str
    validation_digest: str


class LossPoint(_OnDisk):
    """The loss, in nats a trained token, at one optimizer step."""

    step: int
    loss: float


class SftResult(_OnDisk):
    """`training.json`: what was trained, on what, and how it went.

    `seconds` and `resumed_from` (a step) speak of the process that finished; `model` is relative
    to the file.
    """

    schema_version: Literal[1] = 1
    plan: SftPlan
    model: str
    parameters: int
    figures: MaskFigures
    trained_fraction: float
    validation_rows: int
    losses: tuple[LossPoint, ...]
    validation_losses: tuple[LossPoint, ...]
    resumed_from: int | None
    seconds: float
    versions: dict[str, str]

    @property
    def first_loss(self) -> float:
        """The loss at the first step."""
        return self.losses[0].loss

    @property
    def last_loss(self) -> float:
        """The loss at the last step."""
        return self.losses[-1].loss


def claim(output: Path, plan: SftPlan) -> SftResult | None:
    """Start a run in `output`, or go on with the one of the same plan; its result if it is done.

    Raises:
        UsageError: the directory holds a run with another plan, or cannot be written to.
        TaskFormatError: a record in it cannot be read.
    """
    stored = _read(output / "plan.json", SftPlan)
    if stored is None:
        write_atomic(output / "plan.json", plan.model_dump_json(indent=1).encode() + b"\n")
    elif stored != plan:
        raise UsageError(
            f"{output} holds a training run with another plan (it differs in "
            f"{', '.join(_differences(stored, plan))}); repeat that run's command to resume it, "
            "or choose another directory"
        )
    return _read(output / "training.json", SftResult)


def save_result(result: SftResult, output: Path) -> None:
    """Write `training.json`, which says that the run is done."""
    write_atomic(output / "training.json", result.model_dump_json(indent=1).encode() + b"\n")


def versions() -> dict[str, str]:
    """The versions of every package that decides the weights."""
    return {name: version(name) for name in _VERSIONED}


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; one that a crash left half-written is passed over."""
    whole = [path for path in folder.glob("checkpoint-*") if _is_whole(path)]
    return max(whole, key=checkpoint_step, default=None)


def checkpoint_step(checkpoint: Path) -> int:
    """The optimizer step that a checkpoint was written after."""
    return int(checkpoint.name.rpartition("-")[2])


def _is_whole(checkpoint: Path) -> bool:
    try:  # the trainer writes this file last
        json.loads((checkpoint / "trainer_state.json").read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return False
    return True


def _read(path: Path, kind: type[_RecordT]) -> _RecordT | None:
    try:
        return kind.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TaskFormatError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise TaskFormatError(f"{path} is not a valid record: {explain(error)}") from error


def _differences(stored: SftPlan, wanted: SftPlan) -> Sequence[str]:
    left, right = stored.config.model_dump(), wanted.config.model_dump()
    names = [name for name in left if left[name] != right[name]]
    if stored.training_digest != wanted.training_digest:
        names.append("training examples")
    if stored.validation_digest != wanted.validation_digest:
        names.append("validation examples")
    return names
