"""Running a synthesis: workers prove candidates, one process accepts them in order and keeps count.

`recipe_source` draws candidates by a recipe, `plan` says what is wanted, `station` is one worker,
`executors` where workers run, `admission` the gates that compare candidates with each other,
`journal` what a killed run goes on from, `run` puts them together, `status` reads how far a run is,
`reporting` tells of a finished one, `presets` are plans with a name.
"""

from synth.running.executors import (
    Executor,
    LocalExecutor,
    open_executor,
    workers_with_work,
)
from synth.running.plan import Plan
from synth.running.run import resume_or_start, synthesise
from synth.running.status import Status, read_status

__all__ = [
    "Executor",
    "LocalExecutor",
    "Plan",
    "Status",
    "open_executor",
    "read_status",
    "resume_or_start",
    "synthesise",
    "workers_with_work",
]
