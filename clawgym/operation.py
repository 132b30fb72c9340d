"""Operations: typed transformations of artifacts, and the capabilities that skills declare."""

import re
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from clawgym.artifact import ArtifactKind

_CAPABILITY = re.compile(r"(?P<operation>[a-z][a-z0-9-]*):(?P<kind>[a-z]+)")


class Operation(BaseModel):
    """One atomic operation: what it takes, what it makes, and the category it belongs to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    category: str
    accepts: tuple[ArtifactKind, ...]
    produces: tuple[ArtifactKind, ...]
    summary: str


@dataclass(frozen=True, order=True)
class Capability:
    """What a skill says it can do: one operation on one kind of artifact.

    Written `operation:kind`, for example `extract:log`. Skills list theirs, separated by spaces,
    under the string key `clawgym-operations` of their `metadata`.
    """

    operation: str
    kind: ArtifactKind

    @classmethod
    def parse(cls, text: str) -> "Capability":
        """Read `operation:kind`.

        Raises:
            ValueError: the text has another shape or names an unknown artifact kind.
        """
        found = _CAPABILITY.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not of the form operation:kind, such as filter:table")
        return cls(found["operation"], ArtifactKind(found["kind"]))

    def __str__(self) -> str:
        return f"{self.operation}:{self.kind}"
