"""How far a run is."""

import time
from contextlib import closing
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from synth.running.journal import NAME, Journal
from synth.running.run import partial


class Status(BaseModel):
    """`clawgym synth status --json`.

    `rate` is accepted tasks a second over the whole time at work, `eta` the seconds that are left
    at that rate, None where there is no rate. `seconds` are those of all workers together.
    `examples` name for each reason of a loss the first candidate, with the detail.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    complete: bool
    wanted: int
    accepted: int
    drawn: int
    next_index: int
    elapsed: float
    idle: float
    rate: float
    eta: float | None
    funnel: dict[str, int]
    reasons: dict[str, dict[str, int]]
    graded: dict[str, int]
    seconds: dict[str, float]
    examples: list[tuple[str, str, int, str]]


def read_status(output: Path) -> Status:
    """The state of the run that makes, or made, a dataset directory.

    Raises:
        UsageError: there is no such run.
    """
    under_way = partial(output)
    place = output if (output / NAME).is_file() or not under_way.is_dir() else under_way
    with closing(Journal.to_read(place / NAME)) as journal:
        funnel = journal.funnel()
        accepted, wanted = funnel["accepted"], int(journal.fact("wanted", "0"))
        elapsed = float(journal.fact("elapsed", "0"))
        rate = accepted / elapsed if elapsed else 0.0
        graded, seconds = journal.gates()
        changed = float(journal.fact("changed", journal.fact("began", "0")))
        return Status(
            path=str(place),
            complete=place == output,
            wanted=wanted,
            accepted=accepted,
            drawn=funnel["drawn"],
            next_index=int(journal.fact("next", "0")),
            elapsed=elapsed,
            idle=max(0.0, time.time() - changed),
            rate=rate,
            eta=(wanted - accepted) / rate if rate else None,
            funnel=funnel,
            reasons=journal.reasons(),
            graded=graded,
            seconds=seconds,
            examples=journal.examples(),
        )
