"""update: change values of a configuration file and nothing else."""

import math
import random
import re
from collections.abc import Sequence
from typing import Literal

from synth.operations.base import Params, ParamsModel
from synth.values import Config, Role, RowSet, Value

_KEY = re.compile(r"[A-Za-z][\w-]*")


class ScaleParams(ParamsModel):
    """Multiply every value of one key, in all sections; halves round up to whole numbers."""

    mode: Literal["scale"] = "scale"
    key: str
    factor: float


class SetParams(ParamsModel):
    """Set `section.<row[key_column]> = row[value_column]` for every row, adding missing keys."""

    mode: Literal["set-from"] = "set-from"
    section: str
    key_column: str
    value_column: str


class Update:
    """Without rows, scale a key; with rows, copy figures into a section."""

    name = "update"

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """What the inputs allow."""
        if len(inputs) == 1:
            key = rng.choice(("timeout", "batch_size"))
            factor = rng.choice((1.5, 2.5, 1.25, 0.5))
            return ScaleParams(key=key, factor=factor).model_dump(mode="json")
        rows = inputs[1]
        assert isinstance(rows, RowSet)
        if not rows.grouped or len(rows.key) != 1:
            return None
        if not all(_KEY.fullmatch(str(value)) for value in rows.values(rows.key[0])):
            return None
        value_column = rng.choice(rows.of_role(Role.MEASURE)).name
        params = SetParams(section="limits", key_column=rows.key[0], value_column=value_column)
        proposed = params.model_dump(mode="json")
        return proposed if self.apply(proposed, inputs) != inputs[0] else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Config:
        """The sections afterwards; the text is that of the input, for its comments."""
        config = inputs[0]
        assert isinstance(config, Config)
        sections = {name: dict(values) for name, values in config.sections.items()}
        if params["mode"] == "scale":
            scale = ScaleParams.model_validate(params)
            for values in sections.values():
                if scale.key in values:
                    values[scale.key] = str(math.floor(int(values[scale.key]) * scale.factor + 0.5))
        else:
            wanted, rows = SetParams.model_validate(params), inputs[1]
            assert isinstance(rows, RowSet)
            pairs = zip(
                rows.values(wanted.key_column), rows.values(wanted.value_column), strict=True
            )
            sections[wanted.section] |= {str(key): str(value) for key, value in pairs}
        return Config(config.text, sections)

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{change}`: the whole change in words."""
        if params["mode"] == "scale":
            scale = ScaleParams.model_validate(params)
            return {
                "change": f"multiply every `{scale.key}` by {scale.factor:g}, in all sections "
                "(whole numbers, halves rounded up)"
            }
        wanted = SetParams.model_validate(params)
        return {
            "change": f"in section `[{wanted.section}]`, set the key named by each "
            f"`{wanted.key_column}` to its `{wanted.value_column}`, adding missing keys"
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The file is edited in place."""
        return stems[0]
