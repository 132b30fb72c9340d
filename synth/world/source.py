"""What a task starts with."""

from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values import Value


@dataclass(frozen=True)
class Source:
    """A file or a tree that a task starts with.

    `path` is relative to the workspace. With `served` it is no part of the workspace: it is a
    site that is served inside the box.
    """

    kind: ArtifactKind
    path: str
    value: Value
    served: bool = False
