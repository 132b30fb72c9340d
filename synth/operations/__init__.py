"""The operations that can be grounded: where each fits, what it does, how it is said and checked.

One module an operation; `base` is what they have in common. The taxonomy of all 26 is data:
`clawgym_skills/operations.toml`.
"""

from clawgym.operation import Capability
from synth.operations.aggregate import Aggregate
from synth.operations.base import GroundedOperation, Params, Slot
from synth.operations.checksum import Checksum
from synth.operations.compare import Compare
from synth.operations.convert import Convert
from synth.operations.crawl import Crawl
from synth.operations.deduplicate import Deduplicate
from synth.operations.diagnose import Diagnose
from synth.operations.draft import DraftMessages
from synth.operations.extract import Extract
from synth.operations.fetch import Fetch
from synth.operations.fill import Fill
from synth.operations.filter import Filter
from synth.operations.inspect import Inspect
from synth.operations.join import Join
from synth.operations.organize import Organize
from synth.operations.patch import Patch
from synth.operations.rank import Rank
from synth.operations.redact import Redact
from synth.operations.report import Report
from synth.operations.schedule import Schedule
from synth.operations.search import Search
from synth.operations.split import Split
from synth.operations.summarize import Summarize
from synth.operations.test import Test
from synth.operations.update import Update
from synth.operations.validate import Validate

OPERATIONS: dict[str, GroundedOperation] = {
    operation.name: operation
    for operation in (
        Extract(),
        Fetch(),
        Search(),
        Split(),
        Fill(),
        Crawl(),
        Filter(),
        Deduplicate(),
        Join(),
        Aggregate(),
        Schedule(),
        Rank(),
        Organize(),
        Inspect(),
        Compare(),
        Convert(),
        Update(),
        Report(),
        Redact(),
        Test(),
        Patch(),
        Checksum(),
        Validate(),
        Diagnose(),
        Summarize(),
        DraftMessages(),
    )
}


def is_groundable(capability: Capability) -> bool:
    """Whether tasks can be made of what a skill declares: a known operation on a kind it takes."""
    operation = OPERATIONS.get(capability.operation)
    return operation is not None and capability.kind in operation.kinds


__all__ = ["OPERATIONS", "GroundedOperation", "Params", "Slot", "is_groundable"]
