"""Purposes: why somebody wants work done, and which work serves it."""

from collections.abc import Collection
from typing import Self

from pydantic import Field, model_validator

from synth.taxonomy._toml import Data
from synth.taxonomy.period import Period


class Purpose(Data):
    """A reason that may be told; `operations` are those that answer it, none if any work does.

    In a data file it is a string, or a table with `say` and `for`.
    """

    say: str
    operations: tuple[str, ...] = Field(default=(), alias="for")

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        return {"say": value} if isinstance(value, str) else value

    def suits(self, work: Collection[str]) -> bool:
        """Whether operations of these names serve it."""
        return not self.operations or not set(self.operations).isdisjoint(work)

    def filled(self, period: Period) -> Self:
        """The same, said of that month."""
        said = self.say.format(period=period.label, next_period=period.following)
        return self.model_copy(update={"say": said})
