"""One mutant, and what a file format has to know to make some."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol


@dataclass(frozen=True)
class Mutant:
    """One file with one mistake. `data` None means that the file is gone.

    `operator` is the kind of mistake, `where` the place of it in words.
    """

    path: str
    operator: str
    where: str
    data: bytes | None

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"mutant:{self.operator}:{self.path}:{self.where}"


@dataclass(frozen=True)
class Site:
    """A place where a mistake can be made. `make` gives the spoilt file, None if it cannot."""

    operator: str
    where: str
    make: Callable[[], bytes | None]


@dataclass(frozen=True)
class Surroundings:
    """What else there is to know about an output.

    `stale` are values that the inputs hold, by column or key name, with those of no name under
    the empty name. `before` is the file as the task gave it, where the work was to edit it.
    `ordered` says that a check wants the rows in this order.
    """

    stale: Mapping[str, Sequence[str]] = field(default_factory=dict[str, tuple[str, ...]])
    before: bytes | None = None
    ordered: bool = False


class Format(Protocol):
    """A kind of file whose meaning is known."""

    def meaning(self, data: bytes, *, ordered: bool) -> Hashable:
        """What the file says: equal for two files exactly when no reader could care.

        Raises:
            ValueError: the file is not of this format.
        """
        ...

    def sites(self, data: bytes, around: Surroundings, rng: Random) -> list[Site]:
        """Every place for a mistake, in the order of the file.

        Raises:
            ValueError: the file is not of this format.
        """
        ...
