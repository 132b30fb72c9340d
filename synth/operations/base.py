"""What an operation is to the synthesiser."""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, JsonValue

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.values import RowSet, Step, Value
from synth.world import Source, World
from verify.checks import Check

Params = Mapping[str, JsonValue]


class ParamsModel(BaseModel):
    """Base of an operation's parameters, as they stand in the task graph."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AskedParams(ParamsModel):
    """Parameters that answer a question: `why` somebody asks it, "" where nobody says."""

    why: str = ""


@dataclass(frozen=True)
class Slot:
    """An artifact at hand, as an operation looks for its inputs.

    `fresh` is nothing's output; `side` lies there all along and is part of the task only if it is
    taken, such as the facts about those whom a feed refers to; `used` was taken before.
    """

    id: str
    kind: ArtifactKind
    path: str
    value: Value
    fresh: bool = False
    side: bool = False
    used: bool = False


class GroundedOperation(ABC):
    """One operation: where it fits, what it does, how it is said, and how it is checked.

    It is stateless; chance comes in as an argument. `inputs` are the values of the node's input
    artifacts, in the graph's order.
    """

    name: ClassVar[str]
    """Its name in `clawgym_skills/operations.toml`."""

    kinds: ClassVar[tuple[ArtifactKind, ...]]
    """The kinds of first input that it can be grounded on, of those that the catalogue lists."""

    in_place: ClassVar[bool] = False
    """Whether the output is the first input, edited."""

    same_format: ClassVar[bool] = False
    """Whether the output is written as the first input is: `makes` has no say in its extension."""

    states_order: ClassVar[bool] = True
    """Whether its words say in which order the rows of its output stand."""

    needs_order: ClassVar[bool] = False
    """Whether its output depends on the order of the rows that it takes."""

    # Where it fits

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """The inputs, by id, that it could take of what is at hand; the first is of `kind`."""
        return ((slot.id,) for slot in slots if slot.kind is kind and not slot.side)

    @abstractmethod
    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """Inputs of its own for a task to start with, or None where it can only follow others."""

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """The kinds of output from a first input of `kind`, each with the file's extension.

        The extension is empty for a tree. One of them is drawn.
        """
        if self.in_place:
            return ((kind, ""),)
        return ((ArtifactKind.TABLE, "csv"), (ArtifactKind.RECORDS, "json"))

    def outputs(self, params: Params, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """What `makes` says, for operations whose parameters decide which of them it is."""
        return self.makes(kind)

    # What it does

    @abstractmethod
    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Interesting parameters, or None where the operation makes no sense on these inputs."""

    def revise(
        self, rng: random.Random, params: Params, inputs: Sequence[Value], knobs: Knobs
    ) -> Params | None:
        """What somebody may want instead, on second thoughts; by default anything else."""
        return self.propose(rng, inputs, knobs)

    @abstractmethod
    def apply(self, params: Params, inputs: Sequence[Value]) -> Value:
        """The truth: what the output artifact holds."""

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Wrong results that people really arrive at: the other bound, the stale file, no casefold.

        Each must differ from `apply` in what it means; the verifier must not give it 1.0.
        """
        return iter(())

    # How it is said

    @abstractmethod
    def words(self, params: Params, inputs: Sequence[Value]) -> Mapping[str, str]:
        """What the phrase templates of this operation say in braces, besides the paths."""

    def why(self, params: Params) -> str:
        """The sentence that says why somebody wants it; "" where nobody says."""
        return str(params.get("why", ""))

    @abstractmethod
    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """A file stem for the output, from the feed's name `base` or the inputs' stems."""

    # How it is checked

    def checks(self, step: Step, output: Value) -> list[Check]:
        """What must be true afterwards; by default what the value says."""
        return output.checks(step)


def only_rows(inputs: Sequence[Value]) -> RowSet:
    """The first input, which must hold rows."""
    assert isinstance(inputs[0], RowSet)
    return inputs[0]


def differing(truth: Value, wrong: Iterable[Value]) -> Iterator[Value]:
    """Those mistakes that make a difference this time."""
    return (value for value in wrong if value != truth)


def told_if(holds: bool) -> str:
    """A word by which `<word|…>` in a phrase is said or left out."""
    return "yes" if holds else ""


def listing(names: Sequence[str]) -> str:
    """Names as a person lists them: `a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
