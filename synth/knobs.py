"""How hard a task is made: the knobs that sources, parameters and composition turn by."""

from dataclasses import dataclass

_ROWS = {1: (8, 16), 2: (12, 24), 3: (16, 36), 4: (24, 60), 5: (40, 120)}
_MESS = {1: 0.1, 2: 0.3, 3: 0.5, 4: 0.7, 5: 0.85}
_DISTRACTORS = {1: (0, 1), 2: (0, 2), 3: (1, 3), 4: (2, 4), 5: (2, 6)}


@dataclass(frozen=True)
class Knobs:
    """`level` is 1 (one plain step) to 5; what it means for the data stands in the properties.

    With `prose`, operations that can ask for words of the agent's own do so.
    """

    level: int = 3
    prose: bool = False

    @property
    def rows(self) -> tuple[int, int]:
        """The fewest and the most rows or entries of a source."""
        return _ROWS[self.level]

    @property
    def mess(self) -> float:
        """How likely each kind of mess (duplicates, gaps, mixed formats) is in a source."""
        return _MESS[self.level]

    @property
    def distractors(self) -> tuple[int, int]:
        """The fewest and the most files that the task does not need."""
        return _DISTRACTORS[self.level]
