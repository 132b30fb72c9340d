"""The operations that can be grounded: how each is parametrised, and what is then true."""

from synth.operations.aggregate import Aggregate
from synth.operations.base import GroundedOperation, Params, catalogue, is_groundable
from synth.operations.convert import Convert
from synth.operations.deduplicate import Deduplicate
from synth.operations.extract import Extract
from synth.operations.filter import Filter
from synth.operations.join import Join
from synth.operations.report import Report
from synth.operations.update import Update

OPERATIONS: dict[str, GroundedOperation] = {
    operation.name: operation
    for operation in (
        Extract(),
        Filter(),
        Deduplicate(),
        Join(),
        Aggregate(),
        Convert(),
        Update(),
        Report(),
    )
}

__all__ = ["OPERATIONS", "GroundedOperation", "Params", "catalogue", "is_groundable"]
