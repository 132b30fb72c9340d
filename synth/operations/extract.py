"""extract: turn entries of a log, a mailbox or a calendar into rows."""

import random
from collections.abc import Sequence

from synth.operations.base import Params, ParamsModel, only_rows
from synth.values import Role, RowSet, Value


class ExtractParams(ParamsModel):
    """The fields to extract, in the order of the output's columns."""

    fields: tuple[str, ...]


class Extract:
    """One row an entry."""

    name = "extract"

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """All fields but, sometimes, one or two that say little."""
        rows = only_rows(inputs)
        spare = [field.name for field in rows.of_role(Role.TEXT) if field.name not in rows.key]
        dropped = set(rng.sample(spare, min(len(spare), rng.choice((0, 1, 2)))))
        fields = tuple(name for name in rows.names if name not in dropped)
        return ExtractParams(fields=fields).model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The chosen columns of every entry."""
        return only_rows(inputs).select(ExtractParams.model_validate(params).fields)

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{fields}`."""
        fields = ExtractParams.model_validate(params).fields
        return {"fields": ", ".join(f"`{name}`" for name in fields)}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed."""
        return base
