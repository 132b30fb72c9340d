"""convert: write the same rows in another format."""

import random
from collections.abc import Sequence

from synth.operations.base import Params, only_rows
from synth.values import RowSet, Value


class Convert:
    """The same rows; numbers become JSON numbers. The output's extension says it all."""

    name = "convert"

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """Always possible, but dull on rows that still hold duplicates."""
        return None if only_rows(inputs).duplicated else {}

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The input itself."""
        return only_rows(inputs)

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """Nothing besides the paths."""
        return {}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem."""
        return stems[0]
