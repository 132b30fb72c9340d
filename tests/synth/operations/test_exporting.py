"""Rows for other programs: each form, over many seeds, against solutions, mutants and lazy work."""

import io
import json
import random
import re
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from datetime import date
from functools import cache

import pytest

from clawgym.artifact import ArtifactKind, ColumnType
from clawgym.files import File, Files
from synth.operations import OPERATIONS
from synth.operations.exporting import OUTPUTS, propose_export
from synth.values import ROW_KINDS, Field, Role, RowSet
from synth.values.exported import ExportedRows
from tests.synth.operations.one_node import (
    Made,
    explain,
    grade,
    lazy_scores,
    make,
    mistake_scores,
    solve,
)
from verify.mutants import breed

FORMS = ("xlsx", "html", "xml", "sqlite", "agenda", "contacts")
EACH = 5
of_each_form = pytest.mark.parametrize("form", FORMS)


@cache
def drawn(form: str) -> list[Made]:
    """Tasks of one form, of all levels, in both styles."""
    found = [made for made in _drawn() if made.node.params.get("form") == form]
    assert len(found) >= EACH
    return found[:EACH]


@cache
def _drawn() -> list[Made]:
    made = (
        make("convert", kind, seed, 1 + seed % 5, "brief" if seed % 2 else "spec")
        for seed in range(500, 600)
        for kind in ROW_KINDS
    )
    return [one for one in made if one]


def output(made: Made, files: Files) -> bytes:
    return files[made.scene.slots[made.node.output].path].data


@of_each_form
def test_both_solutions_and_the_truth_earn_everything(form: str) -> None:
    for made in drawn(form):
        truth = made.scene.slots[made.node.output].value
        assert grade(made.task, made.with_output(truth)) == 1.0
        for way in ("reference", "second"):
            results, reward = explain(made.task, solve(made, way))
            assert reward == 1.0, (way, made.node.params, results)


@of_each_form
def test_mistakes_do_not_earn_everything(form: str) -> None:
    for made in drawn(form):
        scores = mistake_scores(made)
        assert len(scores) >= 3
        assert max(scores) < 1.0


@of_each_form
def test_a_solution_with_one_mistake_in_its_file_does_not_earn_everything(form: str) -> None:
    for made in drawn(form)[:3]:
        solved = solve(made)
        brood = breed(made.task, solved, limit=24)
        assert not brood.opaque
        for mutant in brood.mutants:
            spoilt: dict[str, File | bytes | str] = {**solved}
            spoilt.pop(mutant.path)
            if mutant.data is not None:
                spoilt[mutant.path] = mutant.data
            assert grade(made.task, Files(spoilt)) < 1.0, mutant.name


@of_each_form
def test_lazy_work_earns_nothing(form: str) -> None:
    for made in drawn(form)[:2]:
        assert set(lazy_scores(made.task).values()) == {0.0}


@of_each_form
def test_the_instruction_names_all_that_the_checks_want(form: str) -> None:
    for made in drawn(form):
        params = made.node.params
        names = [params.get(key) for key in ("name", "item", "day", "start", "end")]
        properties = params.get("properties", {})
        assert isinstance(properties, dict)
        for name in filter(None, [*names, *properties.values()]):
            assert f"`{name}`" in made.task.instruction or f"`<{name}>`" in made.task.instruction


def test_figures_are_numbers_where_a_form_knows_them() -> None:
    for made in drawn("sqlite"):
        connection = sqlite3.connect(":memory:")
        connection.deserialize(output(made, solve(made)))
        [rows] = made.inputs
        assert isinstance(rows, RowSet)
        numeric = [field.name for field in rows.fields if field.numeric]
        for name in numeric:
            query = f'SELECT DISTINCT typeof("{name}") FROM "{made.node.params["name"]}"'
            types = {kind for (kind,) in connection.execute(query)}
            assert types <= {"integer", "real", "null"}


def test_figures_as_text_lose_only_what_they_are_worth() -> None:
    for form in ("xlsx", "sqlite"):
        for made in drawn(form):
            operation, inputs = OPERATIONS["convert"], made.inputs
            wrong = operation.mistakes(random.Random(1), made.node.params, inputs)
            worded = [one for one in wrong if isinstance(one, ExportedRows) and one.worded]
            [rows] = inputs
            assert isinstance(rows, RowSet)
            assert len(worded) == any(field.numeric for field in rows.fields)
            for one in worded:
                assert grade(made.task, made.with_output(one)) == pytest.approx(0.8)


def test_rows_that_are_only_called_contacts_are_no_address_book() -> None:
    fields = (
        Field("id", ColumnType.TEXT, Role.ID),
        Field("amount", ColumnType.INTEGER, Role.MEASURE),
    )
    rows = RowSet(fields, (("a", 1), ("b", 2)), ("id",), topic="contacts")
    asked = propose_export(random.Random(1), rows)
    assert asked is not None
    assert asked.form != "contacts"


def test_dates_of_a_workbook_may_be_dates() -> None:
    made = next(one for one in drawn("xlsx") if _dates_in(output(one, solve(one))))
    solved = solve(made)
    spoilt = _with_dates(output(made, solved))
    assert not _dates_in(spoilt)
    path = made.scene.slots[made.node.output].path
    assert grade(made.task, Files({**solved, path: spoilt})) == 1.0


def _dates_in(book: bytes) -> int:
    """How many cells are days in text."""
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = [archive.read(name) for name in archive.namelist() if "worksheets/" in name]
    return sum(len(re.findall(rb">\d{4}-\d\d-\d\d<", part)) for part in parts)


def _with_dates(book: bytes) -> bytes:
    """The workbook with its ISO dates as day numbers in a date style."""
    main = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    [name] = [name for name in parts if name.startswith("xl/worksheets/")]
    root = ET.fromstring(parts[name])
    for cell in root.iter(f"{main}c"):
        text = "".join(cell.itertext())
        if len(text) == 10 and text[4] == text[7] == "-":
            for part in list(cell):
                cell.remove(part)
            cell.attrib.pop("t", None)
            cell.set("s", "1")
            days = (date.fromisoformat(text) - date(1899, 12, 30)).days
            ET.SubElement(cell, f"{main}v").text = str(days)
    parts[name] = ET.tostring(root)
    parts["xl/styles.xml"] = (
        f'<styleSheet xmlns="{main[1:-1]}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>"
    ).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_each_form_has_its_extension() -> None:
    for form in FORMS:
        for made in drawn(form):
            slot = made.scene.slots[made.node.output]
            assert (slot.kind, slot.path.rpartition(".")[2]) in OUTPUTS[form]


def test_row_formats_are_still_asked_for() -> None:
    plain = [made for made in _drawn() if not made.node.params]
    kinds = {made.scene.slots[made.node.output].kind for made in plain}
    assert kinds == {ArtifactKind.TABLE, ArtifactKind.RECORDS}


def test_the_parameters_say_nothing_that_is_left_at_its_default() -> None:
    for made in _drawn():
        assert all(json.loads(json.dumps(made.node.params)).values())
