"""Updates of rows: named ones get another value, or those of a category another figure."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from clawgym.artifact import ColumnType
from synth.operations.base import Params, ParamsModel, listing, told_if
from synth.taxonomy.domain import ColumnMaker, domains, prices
from synth.values import Cell, Field, Role, RowSet
from synth.values.edited import EditedRows
from synth.world.columns import is_free

_PERCENTS = (5, 8, 10, 12, -5, -10, -15)


class MarkParams(ParamsModel):
    """Set `column` to `value` in the rows with these `keys` in `key_column`.

    `moved` tells that they came to it since; otherwise they were entered wrongly.
    """

    mode: Literal["mark"] = "mark"
    key_column: str
    keys: tuple[str, ...]
    column: str
    value: str
    moved: bool = False


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
    if not categories:
        return None
    tariffs = list(_tariffs(rows, categories))
    if tariffs and rng.random() < 0.5:
        return _raise(rng, rows, *rng.choice(tariffs))
    return _moved(rng, rows) or _mark(rng, rows, categories)


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


def words(params: Params, rows: RowSet) -> Mapping[str, str]:
    """The change in words; `rounds` says that figures come out with more decimals than two."""
    if params["mode"] == "mark":
        mark = MarkParams.model_validate(params)
        return {
            "variant": "move" if mark.moved else "mark",
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
        "rounds": told_if(any(map(_is_long, apply(params, rows).rows.values(wanted.column)))),
    }


def _is_long(cell: Cell) -> bool:
    return isinstance(cell, float) and round(cell, 2) != cell


def _moved(rng: random.Random, rows: RowSet) -> Params | None:
    """Entries that are a step further in their lives than the file says, if they have such."""
    for maker in _makers(rows):
        if len(maker.moves) > 1 and maker.name in rows.names:
            step = rng.randrange(1, len(maker.moves))
            before = (maker.moves[step - 1],)
            return _marked(rng, rows, maker.name, maker.moves[step], before, moved=True)
    return None


def _mark(rng: random.Random, rows: RowSet, categories: Sequence[Field]) -> Params | None:
    """Entries with a wrong value in a column that no other hangs on."""
    makers = _makers(rows)
    free = {maker.name for maker in makers if is_free(maker, makers) and not maker.by}
    fields = [field for field in categories if not makers or field.name in free]
    if not fields:
        return None
    name = rng.choice(fields).name
    values = sorted({str(value) for value in rows.values(name)})
    value = rng.choice(values)
    return _marked(rng, rows, name, value, [other for other in values if other != value])


def _marked(
    rng: random.Random,
    rows: RowSet,
    name: str,
    value: str,
    before: Sequence[str],
    *,
    moved: bool = False,
) -> Params | None:
    place, at = rows.index(name), rows.index(rows.key[0])
    others = [str(row[at]) for row in rows.rows if row[place] in before]
    if len(others) < 2:
        return None
    keys = tuple(sorted(rng.sample(others, min(len(others), rng.randint(2, 5)))))
    params = MarkParams(key_column=rows.key[0], keys=keys, column=name, value=value, moved=moved)
    return params.model_dump(mode="json")


def _makers(rows: RowSet) -> Sequence[ColumnMaker]:
    """The makers of the columns of a domain's feed; none where the rows are something else."""
    name = rows.subject.domain if rows.subject else ""
    return next((domain.columns for domain in domains() if domain.name == name), ())


def _tariffs(rows: RowSet, categories: Sequence[Field]) -> Iterator[tuple[Field, Field]]:
    """Prices of one's own with the categories that they are set by, so far as that is known."""
    makers = {maker.name: maker for maker in _makers(rows)}
    for figure in rows.of_role(Role.MEASURE):
        if figure.type is not ColumnType.NUMBER or figure.name not in prices():
            continue
        if "" in rows.values(figure.name):
            continue
        maker = makers.get(figure.name)
        for category in categories:
            if not maker or (category.name == maker.by and not maker.better):
                yield figure, category


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
