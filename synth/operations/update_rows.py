"""Updates of rows: named ones get another value, or those of a category another figure."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from clawgym.artifact import ColumnType
from synth.operations.base import Params, ParamsModel, listing
from synth.taxonomy.domain import prices
from synth.values import Cell, Field, Role, RowSet
from synth.values.edited import EditedRows

_PERCENTS = (5, 8, 10, 12, -5, -10, -15)


class MarkParams(ParamsModel):
    """Set `column` to `value` in the rows with these `keys` in `key_column`."""

    mode: Literal["mark"] = "mark"
    key_column: str
    keys: tuple[str, ...]
    column: str
    value: str


class RaiseParams(ParamsModel):
    """Change `column` by `percent` where `where` is `value`; to two decimals."""

    mode: Literal["raise"] = "raise"
    column: str
    percent: int
    where: str
    value: str


def propose(rng: random.Random, rows: RowSet) -> Params | None:
    """Whichever the columns allow."""
    keys = [str(key) for key in rows.values(rows.key[0])] if len(rows.key) == 1 else []
    if rows.duplicated or rows.grouped or len(set(keys)) < len(rows.rows) or len(keys) < 6:
        return None
    categories = rows.of_role(Role.CATEGORY)
    figures = [
        field
        for field in rows.of_role(Role.MEASURE)
        if field.type is ColumnType.NUMBER
        and field.name in prices()
        and "" not in rows.values(field.name)
    ]
    if not categories:
        return None
    if figures and rng.random() < 0.5:
        return _raise(rng, rows, rng.choice(figures), rng.choice(categories))
    return _mark(rng, rows, rng.choice(categories))


def apply(params: Params, rows: RowSet) -> EditedRows:
    """The rows with the new values; a raised figure is not yet rounded, as halves go either way."""
    if params["mode"] == "mark":
        mark = MarkParams.model_validate(params)
        chosen = set(mark.keys)
        return _edited(rows, mark.key_column, chosen, mark.column, lambda _: mark.value)
    wanted = RaiseParams.model_validate(params)
    factor = 100 + wanted.percent
    return _edited(
        rows,
        wanted.where,
        {wanted.value},
        wanted.column,
        lambda cell: cell if isinstance(cell, str) else round(cell * factor / 100, 6),
    )


def mistakes(rng: random.Random, params: Params, rows: RowSet) -> Iterator[EditedRows]:
    """One row forgotten; all rows changed."""
    if params["mode"] == "mark":
        mark = MarkParams.model_validate(params)
        fewer = mark.model_copy(update={"keys": mark.keys[:-1]})
        yield apply(fewer.model_dump(mode="json"), rows)
        yield apply({**params, "keys": list(map(str, rows.values(mark.key_column)))}, rows)
        return
    wanted = RaiseParams.model_validate(params)
    yield apply({**params, "percent": -wanted.percent}, rows)
    others = {str(value) for value in rows.values(wanted.where)} - {wanted.value}
    for value in sorted(others)[:1]:
        yield apply({**params, "value": value}, rows)


def words(params: Params) -> Mapping[str, str]:
    """The change in words."""
    if params["mode"] == "mark":
        mark = MarkParams.model_validate(params)
        return {
            "variant": "mark",
            "keys": listing([f"`{key}`" for key in mark.keys]),
            "key": f"`{mark.key_column}`",
            "column": f"`{mark.column}`",
            "value": f"`{mark.value}`",
        }
    wanted = RaiseParams.model_validate(params)
    return {
        "variant": "raise",
        "column": f"`{wanted.column}`",
        "percent": f"{abs(wanted.percent)} %",
        "verb": "raise" if wanted.percent > 0 else "lower",
        "higher": "higher" if wanted.percent > 0 else "lower",
        "where": f"`{wanted.where}`",
        "value": f"`{wanted.value}`",
    }


def _mark(rng: random.Random, rows: RowSet, field: Field) -> Params | None:
    values = sorted({str(value) for value in rows.values(field.name)})
    value = rng.choice(values)
    place, at = rows.index(field.name), rows.index(rows.key[0])
    others = [str(row[at]) for row in rows.rows if row[place] != value]
    if len(values) < 2 or len(others) < 2:
        return None
    keys = tuple(sorted(rng.sample(others, min(len(others), rng.randint(2, 5)))))
    params = MarkParams(key_column=rows.key[0], keys=keys, column=field.name, value=value)
    return params.model_dump(mode="json")


def _raise(rng: random.Random, rows: RowSet, figure: Field, category: Field) -> Params | None:
    values = [str(value) for value in rows.values(category.name)]
    value = rng.choice(values)
    if values.count(value) == len(values):
        return None
    percent = rng.choice(_PERCENTS)
    params = RaiseParams(column=figure.name, percent=percent, where=category.name, value=value)
    proposed = params.model_dump(mode="json")
    return proposed if apply(proposed, rows).rows != rows else None


def _edited(
    rows: RowSet, where: str, chosen: set[str], column: str, change: Callable[[Cell], Cell]
) -> EditedRows:
    at, place = rows.index(where), rows.index(column)
    made = [
        (*row[:place], change(row[place]), *row[place + 1 :]) if str(row[at]) in chosen else row
        for row in rows.rows
    ]
    return EditedRows(rows.with_rows(made), column)
