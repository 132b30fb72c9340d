"""Training: from the trajectories of a run to a better agent.

    examples.py       which trials to learn from, and why not from the others
    conversation.py   ATIF as messages; the one chat template
    rows.py           which examples fit a model
    masking.py        the proof that only assistant turns are trained
    config.py         what decides a run
    sft.py            supervised fine-tuning, with a record of it (record.py)
    tiny_model.py     a model to train without any download
    cli.py            `clawgym train`

Training itself needs the extra `train`; choosing examples does not.
"""

from train.config import SftConfig, TinySize
from train.examples import Example, Selection, Split, examples_from_run
from train.sft import run_sft

__all__ = [
    "Example",
    "Selection",
    "SftConfig",
    "Split",
    "TinySize",
    "examples_from_run",
    "run_sft",
]
