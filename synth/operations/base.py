"""What an operation is to the synthesiser."""

import random
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Protocol

from pydantic import BaseModel, ConfigDict, JsonValue

from clawgym.operation import Capability, Operation
from synth.values import RowSet, Value

Params = Mapping[str, JsonValue]


class ParamsModel(BaseModel):
    """Base of an operation's parameters, as they stand in the task graph."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GroundedOperation(Protocol):
    """One operation: parameters are proposed for given inputs, then the truth is computed.

    `inputs` are the values of the node's input artifacts, in the graph's order.
    """

    @property
    def name(self) -> str:
        """The operation's name in the catalogue."""
        ...

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """Interesting parameters, or None where the operation makes no sense on these inputs."""
        ...

    def apply(self, params: Params, inputs: Sequence[Value]) -> Value:
        """The truth: what the output artifact holds."""
        ...

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """What the phrase templates of this operation say in braces, besides the paths."""
        ...

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """A file stem for the output, from the feed's name `base` or the inputs' stems."""
        ...


@cache
def catalogue() -> dict[str, Operation]:
    """The operations as data: categories and the kinds that they accept and produce."""
    text = files("synth").joinpath("data", "operations.toml").read_text(encoding="utf-8")
    found = [Operation.model_validate(entry) for entry in tomllib.loads(text)["operation"]]
    return {operation.name: operation for operation in found}


def is_groundable(capability: Capability) -> bool:
    """Whether tasks can be made of what a skill declares: a known operation on a kind it takes."""
    operation = catalogue().get(capability.operation)
    return operation is not None and capability.kind in operation.accepts


def only_rows(inputs: Sequence[Value]) -> RowSet:
    """The first input, which must hold rows."""
    assert isinstance(inputs[0], RowSet)
    return inputs[0]


def listing(names: Sequence[str]) -> str:
    """Names as a person lists them: `a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
