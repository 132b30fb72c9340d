"""join: bring two row files together on a shared column."""

import random
from collections.abc import Sequence
from dataclasses import replace

from synth.operations.base import Params, ParamsModel
from synth.values import Role, RowSet, Value


class JoinParams(ParamsModel):
    """An inner join: left rows without a partner are dropped."""

    on: str


class Join:
    """Left rows with the columns of their partner on the right."""

    name = "join"

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """The linking column, where both sides have it and nothing was joined yet."""
        left, right = _sides(inputs)
        shared = [name for name in left.names if name in right.names]
        if left.grouped or left.duplicated or len(shared) != 1:
            return None
        if left.field(shared[0]).role is not Role.LINK:
            return None
        params = JoinParams(on=shared[0]).model_dump(mode="json")
        return params if len(self.apply(params, inputs).rows) >= 4 else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """Columns of the left, then the other columns of the right."""
        left, right = _sides(inputs)
        on = JoinParams.model_validate(params).on
        place, partner_place = left.index(on), right.index(on)
        extra = [at for at in range(len(right.fields)) if at != partner_place]
        partners = {row[partner_place]: [row[at] for at in extra] for row in right.rows}
        rows = [(*row, *partners[row[place]]) for row in left.rows if row[place] in partners]
        fields = (*left.fields, *(right.fields[at] for at in extra))
        return replace(left, fields=fields).with_rows(rows)

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{on}` and `{added}`, the columns that come from the right."""
        _, right = _sides(inputs)
        on = JoinParams.model_validate(params).on
        added = ", ".join(f"`{name}`" for name in right.names if name != on)
        return {"on": f"`{on}`", "added": added}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The feed and the dimension."""
        return f"{base}_with_{stems[1]}"


def _sides(inputs: Sequence[Value]) -> tuple[RowSet, RowSet]:
    left, right = inputs
    assert isinstance(left, RowSet)
    assert isinstance(right, RowSet)
    return left, right
