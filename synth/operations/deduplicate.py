"""deduplicate: keep one row for each key."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from synth.operations.base import Params, ParamsModel, only_rows
from synth.values import Role, RowSet, Value


class DeduplicateParams(ParamsModel):
    """Rows with the same key, letter case and outer blanks aside, are one."""

    key: str
    keep: Literal["first", "last"]


class Deduplicate:
    """Keep the first or the last row of each key, unchanged."""

    name = "deduplicate"

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """The id column, where ids do repeat."""
        rows = only_rows(inputs)
        if not rows.duplicated:
            return None
        key = rows.of_role(Role.ID)[0].name
        return DeduplicateParams(key=key, keep=rng.choice(("first", "last"))).model_dump(
            mode="json"
        )

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """One row a key."""
        rows = only_rows(inputs)
        wanted = DeduplicateParams.model_validate(params)
        place = rows.index(wanted.key)
        numbered = list(enumerate(rows.rows))
        kept: dict[str, int] = {}
        for number, row in numbered if wanted.keep == "first" else reversed(numbered):
            kept.setdefault(str(row[place]).strip().casefold(), number)
        unique = replace(rows, duplicated=False)
        return unique.with_rows([rows.rows[number] for number in sorted(kept.values())])

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{key}` and `{keep}`."""
        wanted = DeduplicateParams.model_validate(params)
        return {"key": f"`{wanted.key}`", "keep": wanted.keep}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed, marked as unique."""
        return f"{base}_unique"
