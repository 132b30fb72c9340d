"""Invoices, settings and pages with mistakes in them, each mistake known by its making."""

import random
import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel

from clawgym.artifact import ArtifactKind, ColumnType
from synth.values import Cell, Field, Role, Row
from synth.values.faults import Fault, FaultyRows, FaultyText, Rule
from synth.world.cast import make_firms
from synth.world.patches import make_page, page_words
from synth.world.world import World

_STATES = ("open", "paid", "cancelled")
_INVOICES = (
    Field("invoice", ColumnType.TEXT, Role.ID),
    Field("customer", ColumnType.TEXT, Role.LINK),
    Field("issued", ColumnType.TEXT, Role.DATE),
    Field("due", ColumnType.TEXT, Role.DATE),
    Field("status", ColumnType.TEXT, Role.CATEGORY),
    Field("quantity", ColumnType.TEXT, Role.TEXT),
    Field("unit_price", ColumnType.TEXT, Role.TEXT),
    Field("total", ColumnType.TEXT, Role.TEXT),
)


class _Rules(BaseModel):
    rows: tuple[Rule, ...]
    settings: tuple[Rule, ...]
    page: tuple[Rule, ...]


@cache
def rules(place: Literal["rows", "settings", "page"]) -> tuple[Rule, ...]:
    """The rules for rows, for settings or for a page, of `data/words/rules.toml`."""
    text = files("synth").joinpath("data", "words", "rules.toml").read_text(encoding="utf-8")
    found = _Rules.model_validate(tomllib.loads(text))
    return {"rows": found.rows, "settings": found.settings, "page": found.page}[place]


def make_invoices(rng: random.Random, world: World) -> FaultyRows:
    """Invoices, some of which somebody got wrong."""
    firms, rows, faults = make_firms(rng, 7), list[Row](), list[Fault]()
    number = rng.randint(100, 400)
    kinds = rng.sample(list(_SPOILERS), min(len(_SPOILERS), 2 + world.knobs.level // 2))
    ages = [rng.randint(5, 120) for _ in range(rng.randint(*world.knobs.rows) + 3)]
    for row, age in enumerate(sorted(ages, reverse=True), 1):
        number += rng.randint(1, 3)
        issued = world.today - timedelta(days=age)
        cells, wrong = _invoice(rng, world, f"R-{number}", issued, firms, kinds)
        if rows and rng.random() < 0.06:
            cells["invoice"], wrong = rng.choice(rows)[0], [*wrong, ("invoice", "repeated")]
        rows.append(tuple(cells.values()))
        faults += [Fault((row, column), rule) for column, rule in wrong]
    return FaultyRows(
        _INVOICES,
        tuple(rows),
        key=("invoice",),
        topic="invoices",
        duplicated=True,
        rules=rules("rows"),
        faults=tuple(faults),
    )


def _invoice(
    rng: random.Random,
    world: World,
    number: str,
    issued: date,
    firms: list[str],
    kinds: Sequence[str],
) -> tuple[dict[str, Cell], list[tuple[str, str]]]:
    """A row and its faults, one or two at the most, of the `kinds` that people make here."""
    due = issued + timedelta(days=rng.choice((14, 30)))
    quantity, cents = rng.randint(1, 60), rng.randint(120, 9900)
    cells: dict[str, Cell] = {
        "invoice": number,
        "customer": rng.choice(firms),
        "issued": issued.isoformat(),
        "due": due.isoformat(),
        "status": rng.choice(_STATES),
        "quantity": str(quantity),
        "unit_price": f"{cents / 100:.2f}",
        "total": f"{quantity * cents / 100:.2f}",
    }
    wrong: list[tuple[str, str]] = []
    for spoil in rng.sample(list(kinds), 2):
        if rng.random() < 0.1 + world.knobs.mess / 5:
            wrong += _SPOILERS[spoil](rng, cells, issued, due) or []
            break
    return cells, wrong


def _blank(
    rng: random.Random, cells: dict[str, Cell], issued: date, due: date
) -> list[tuple[str, str]]:
    column = rng.choice(("customer", "due", "status"))
    cells[column] = ""
    return [(column, "missing")]


def _odd_status(
    rng: random.Random, cells: dict[str, Cell], issued: date, due: date
) -> list[tuple[str, str]]:
    cells["status"] = rng.choice(("Open", "payed", "pending", "paid?"))
    return [("status", "status")]


def _no_date(
    rng: random.Random, cells: dict[str, Cell], issued: date, due: date
) -> list[tuple[str, str]]:
    column = rng.choice(("issued", "due"))
    day = issued if column == "issued" else due
    cells[column] = rng.choice((f"{day:%d.%m.%Y}", f"{day:%Y-%m}-31x", f"{day:%Y-%m}-32"))
    return [(column, "date")]


def _too_early(
    rng: random.Random, cells: dict[str, Cell], issued: date, due: date
) -> list[tuple[str, str]]:
    cells["due"] = (issued - timedelta(days=rng.randint(1, 20))).isoformat()
    return [("due", "order")]


def _odd_quantity(
    rng: random.Random, cells: dict[str, Cell], issued: date, due: date
) -> list[tuple[str, str]]:
    odd = rng.choice(("0", "a dozen", str(-rng.randint(1, 9)), str(rng.randint(21, 60) * 10)))
    price = float(str(cells["unit_price"]))
    if odd != "a dozen":
        cells["total"] = f"{int(odd) * price:.2f}"
    cells["quantity"] = odd
    return [("quantity", "range")]


def _odd_total(
    rng: random.Random, cells: dict[str, Cell], issued: date, due: date
) -> list[tuple[str, str]]:
    cells["total"] = f"{float(str(cells['total'])) + rng.choice((-1, 1, 9, 90)) / 10:.2f}"
    return [("total", "total")]


_SPOILERS = {
    "blank": _blank,
    "status": _odd_status,
    "date": _no_date,
    "order": _too_early,
    "quantity": _odd_quantity,
    "total": _odd_total,
}


def make_settings(rng: random.Random, world: World) -> FaultyText:
    """An INI file with values that cannot be."""
    lines, faults, section = list[str](), list[Fault](), ""
    for line in make_page(rng, "settings").text.splitlines():
        key, equals, _ = line.partition(" = ")
        section = line[1:-1] if line.startswith("[") else section
        if not equals or rng.random() > 0.1 + world.knobs.mess / 5:
            lines.append(line)
            continue
        spoilt, rule = _spoilt(rng, key)
        fault = Fault((section, spoilt.partition(" =")[0]), rule)
        if rule == "unknown":
            lines.append(line)
        if fault not in faults:
            lines.append(spoilt)
            faults.append(fault)
    return FaultyText("\n".join(lines) + "\n", rules("settings"), tuple(faults))


def _spoilt(rng: random.Random, key: str) -> tuple[str, str]:
    """A line that cannot be in place of a setting, or below it, and the rule that it breaks."""
    if rng.random() < 0.25:
        return f"{key} =", "empty"
    ranges = rules("settings")[0].ranges
    if key in ranges:
        most = ranges[key][1]
        odd = ("4o", "-3", f"{most}0", str(most + 1), "ten", "2.5")
        return f"{key} = {rng.choice(odd)}", "number"
    if key in ("warm_up", "fuzzy"):
        return f"{key} = {rng.choice(('on', 'true', 'maybe'))}", "yes-no"
    return f"{rng.choice(('verbose', f'{key}_old', 'threads'))} = {rng.randint(1, 9)}", "unknown"


_ASIDES = (
    "Exceptions",
    "During the holidays",
    "New colleagues",
    "At weekends",
    "Questions",
    "Temporary staff",
)

_DOUBTS = ("ask Ines", "ask Hugo", "still true?", "check with the others")


def make_faulty_page(rng: random.Random, world: World) -> FaultyText:
    """House rules that are not ready to be published."""
    lines, faults = list[str](), list[Fault]()
    source = make_page(rng, "handbook", world.house).text.splitlines()
    here, gone = page_words("see"), page_words("gone")
    seen: list[str] = []
    asides = rng.sample(_ASIDES, len(_ASIDES))
    odds = 0.06 + world.knobs.mess / 8

    def put(line: str, rule: str = "") -> None:
        lines.append(line)
        if rule:
            faults.append(Fault((len(lines),), rule))

    for line in source:
        if line.startswith("## "):
            put(line)
            seen.append(line[3:])
        elif line.startswith("- ") and rng.random() < odds:
            put(f"{line} TODO: {rng.choice(_DOUBTS)}", "todo")
        elif line.startswith("- ") and rng.random() < odds:
            put(f"{line} See {_link(rng.choice(gone[seen[-1]]))}.", "dead-anchor")
        elif line.startswith("- ") and rng.random() < odds:
            put(f"{line} See {_link(rng.choice(here[seen[-1]]))}.")
        elif line == "" and seen and rng.random() < odds and lines[-1].startswith("- "):
            put("")
            if rng.random() < 0.5 or not asides:
                put(f"## {rng.choice(seen)}", "same-heading")
            else:
                put(f"#### {asides.pop()}", "skipped-level")
            put("")
            put("- To be written.")
            put("")
        else:
            put(line)
    return FaultyText("\n".join(lines) + "\n", rules("page"), tuple(faults))


def _link(heading: str) -> str:
    """A link to a section of the same page."""
    return f"[{heading}](#{heading.lower().replace(' ', '-')})"


MAKERS = {
    ArtifactKind.TABLE: make_invoices,
    ArtifactKind.RECORDS: make_invoices,
    ArtifactKind.CONFIG: make_settings,
    ArtifactKind.DOCUMENT: make_faulty_page,
}
STEMS = {
    ArtifactKind.TABLE: "invoices",
    ArtifactKind.RECORDS: "invoices",
    ArtifactKind.CONFIG: "intranet",
    ArtifactKind.DOCUMENT: "house-rules",
}
PLACES = {
    ArtifactKind.TABLE: "books",
    ArtifactKind.RECORDS: "books",
    ArtifactKind.CONFIG: "config",
    ArtifactKind.DOCUMENT: "house",
}
