"""What a fine-tuning says while it runs."""

from collections.abc import Callable
from dataclasses import dataclass

from train.examples import Drop
from train.masking import MaskFigures


@dataclass(frozen=True)
class Prepared:
    """Said once, before the first step: the mask is proven, and this is what will be trained.

    `resumed_from` is the step of the checkpoint that training goes on from.
    """

    figures: MaskFigures
    dropped: tuple[Drop, ...]
    parameters: int
    resumed_from: int | None


@dataclass(frozen=True)
class Progress:
    """One optimizer step of `steps`; the loss is in nats a trained token."""

    step: int
    steps: int
    loss: float


Report = Callable[[Prepared | Progress], None]
"""Is told what happens as it happens. What it raises stops the run, which can be resumed."""
