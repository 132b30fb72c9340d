"""Plain texts, line by line: one file, or a folder of them."""

from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from verify.checks import Check


@dataclass(frozen=True)
class Texts(Value):
    """Files by their path below the artifact's own, each with its lines; "" is the artifact.

    `terms` are what people would look for in them, `families` those that are of one kind.
    """

    lines: tuple[tuple[str, tuple[str, ...]], ...]
    terms: tuple[str, ...] = ()
    families: tuple[tuple[str, ...], ...] = ()

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """Each file with a line end after its last line."""
        return {
            f"{path}/{name}" if name else path: ("\n".join(lines) + "\n").encode()
            for name, lines in self.lines
        }

    def checks(self, step: Step) -> list[Check]:
        """None: such texts are only read.

        Raises:
            TypeError: always.
        """
        raise TypeError("notes are no output")
