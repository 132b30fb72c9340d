"""What decides a fine-tuning run. Import-light: the command line reads it without torch."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

TINY = "tiny"
"""The name that stands for a model built from the examples themselves, without any download."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TinySize(_Frozen):
    """The shape of a tiny model; the default has about 0.6 million parameters."""

    vocabulary: Annotated[int, Field(ge=300)] = 2048
    hidden: Annotated[int, Field(ge=16)] = 128
    layers: Annotated[int, Field(ge=1)] = 2
    heads: Annotated[int, Field(ge=2)] = 4
    positions: Annotated[int, Field(ge=128)] = 32768

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.heads % 2 or self.hidden % (2 * self.heads):
            raise ValueError(f"{self.hidden} hidden units do not divide into {self.heads} heads")
        return self


class SftConfig(_Frozen):
    """Everything that decides what `run_sft` produces, apart from the examples.

    Attributes:
        model: `tiny`, or a path or Hub id of a causal language model with ChatML tokens.
        max_length: the longest row in tokens; longer ones are dropped and counted, never cut. None
            is the context window of the model.
        epochs: passes over the examples, unless `steps` says how many optimizer steps to take.
        learning_rate: None is 3e-3 for the tiny model, which starts from noise, and 2e-5 otherwise.
        batch_size: rows of one forward pass; times `accumulate`, those of one optimizer step.
        save_steps: optimizer steps between checkpoints; validation loss is measured there too.
        yarn: stretches the context window of the model by this factor with YaRN (arXiv:2309.00071).
        device: `auto` takes a GPU where torch sees one.
        threads: CPU threads of torch; None is 1 for the tiny model, else torch's own choice.
    """

    model: str = TINY
    tiny: TinySize = TinySize()
    max_length: Annotated[int, Field(ge=16)] | None = None
    epochs: Annotated[float, Field(gt=0)] = 3.0
    steps: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    batch_size: Annotated[int, Field(ge=1)] = 1
    accumulate: Annotated[int, Field(ge=1)] = 1
    save_steps: Annotated[int, Field(ge=1)] = 50
    yarn: Annotated[float, Field(gt=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Field(ge=1)] | None = None

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate that is used after warm-up."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 3e-3 if self.model == TINY else 2e-5
