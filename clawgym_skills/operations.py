"""The atomic operations as data: 26 in 7 categories, and the kinds of artifacts that they take."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym.operation import Capability, Operation


class AtomicOperation(Operation):
    """One operation of the taxonomy; `original` is the public action that it makes precise."""

    original: str = ""


class Taxonomy(BaseModel):
    """The file `operations.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: tuple[AtomicOperation, ...]


@cache
def atomic_operations() -> dict[str, AtomicOperation]:
    """Every operation by its name, in the order of the file: category by category."""
    text = files("clawgym_skills").joinpath("operations.toml").read_text(encoding="utf-8")
    taxonomy = Taxonomy.model_validate(tomllib.loads(text))
    return {operation.name: operation for operation in taxonomy.operation}


def is_typed(capability: Capability) -> bool:
    """Whether the taxonomy knows the operation on this kind of artifact."""
    operation = atomic_operations().get(capability.operation)
    return operation is not None and capability.kind in operation.accepts
