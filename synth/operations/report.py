"""report: write a Markdown report with a table and totals."""

import math
import random
from collections.abc import Sequence

from synth.operations.base import Params, ParamsModel, listing, only_rows
from synth.values import Document, Role, Value

_MAX_ROWS, _MAX_COLUMNS = 30, 8
_TITLES = ("{} overview", "{} at a glance", "{} summary")


class ReportParams(ParamsModel):
    """The first line of the report, and the columns to total below the table."""

    title: str
    totals: tuple[str, ...]


class Report:
    """`# title`, all rows as a table, then a line `Total column: sum` for each total."""

    name = "report"

    def propose(self, rng: random.Random, inputs: Sequence[Value]) -> Params | None:
        """A report on rows that fit on a page and have something to add up."""
        rows = only_rows(inputs)
        measures = [
            field.name
            for field in rows.of_role(Role.MEASURE)
            if not field.name.startswith(("mean_", "min_", "max_"))
        ]
        fits = len(rows.rows) <= _MAX_ROWS and len(rows.fields) <= _MAX_COLUMNS
        if rows.duplicated or not fits or not measures:
            return None
        totals = rng.sample(measures, min(len(measures), rng.choice((1, 2))))
        grouped = f"{rows.topic} by {listing(rows.key)}".replace("_", " ")
        plain = rng.choice(_TITLES).format(rows.topic)
        title = (grouped if rows.grouped else plain).capitalize()
        return ReportParams(title=title, totals=tuple(totals)).model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> Document:
        """The table and its totals, rounded to two decimals."""
        rows = only_rows(inputs)
        wanted = ReportParams.model_validate(params)
        totals = [(f"Total {name}", _sum(rows.values(name))) for name in wanted.totals]
        return Document(wanted.title, rows, tuple(totals))

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{title}`, `{total_lines}` and `{totals}`."""
        wanted = ReportParams.model_validate(params)
        return {
            "title": wanted.title,
            "totals": listing([f"`{name}`" for name in wanted.totals]),
            "total_lines": listing([f"`Total {name}: …`" for name in wanted.totals]),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem."""
        return f"{stems[0]}_report"


def _sum(values: Sequence[str | int | float]) -> float:
    return round(math.fsum(value for value in values if not isinstance(value, str)), 2)
