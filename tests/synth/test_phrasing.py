"""Words: both styles say all that is needed, and none of what is to be found out."""

import json
import random
import re
from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from clawgym.artifact import ArtifactKind
from clawgym.graph import Node, TaskGraph
from clawgym.task import Task
from synth.checking import computed_figures
from synth.composing import Draft
from synth.phrasing import STYLES, Style, phrase
from synth.rendering import plain
from synth.values import Config, Document, RowSet
from tests.synth.examples import ORDERS

Drafts = list[tuple[str, Draft]]
NUMBER = re.compile(r"\d+(?:\.\d+)?")
UNSAID = {"op", "mode", "function"}  # these are told in other words


def told(draft: Draft, style: Style, seed: int = 0) -> str:
    rng = random.Random(seed)
    return phrase(rng, style, draft.graph, draft.values, draft.world.domain)


def leaves(value: JsonValue) -> Iterator[str]:
    """Every text and number in some parameters."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in UNSAID:
                yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, float):
        yield f"{value:g}"
    elif value:
        yield str(value)


@pytest.mark.parametrize("style", STYLES)
def test_every_file_is_named(drafts: Drafts, style: Style) -> None:
    for _, draft in drafts:
        text = told(draft, style)
        for node in draft.nodes:
            for end in (*node.inputs, node.output):
                assert f"`{draft.artifacts[end].path}`" in text


@pytest.mark.parametrize("style", STYLES)
def test_every_parameter_of_the_solution_is_stated(drafts: Drafts, style: Style) -> None:
    for _, draft in drafts:
        text = told(draft, style)
        for node in draft.nodes:
            for said in leaves(node.params):
                assert re.search(rf"(?<![\w.-]){re.escape(said)}(?!\w)", text), said


@pytest.mark.parametrize("style", STYLES)
def test_every_output_column_can_be_known(drafts: Drafts, style: Style) -> None:
    for _, draft in drafts:
        text = told(draft, style)
        given = {name for v in draft.values.values() if isinstance(v, RowSet) for name in v.names}
        for node in draft.nodes:
            value = draft.values[node.output]
            if isinstance(value, RowSet) and value.grouped:
                assert all(f"`{name}`" in text for name in value.names)
            if isinstance(value, Document):
                assert all(f"`{label}: …`" in text for label, _ in value.totals)
        assert given


@pytest.mark.parametrize("style", STYLES)
def test_no_brace_is_left_unfilled(drafts: Drafts, style: Style) -> None:
    for seed, (_, draft) in enumerate(drafts):
        assert not set("{}") & set(told(draft, style, seed))


def test_the_styles_differ_and_the_specification_numbers_its_steps(drafts: Drafts) -> None:
    for _, draft in drafts:
        brief, spec = told(draft, "brief"), told(draft, "spec")
        assert brief != spec
        steps = re.findall(r"(?m)^(\d+)\. ", spec)
        assert steps == [str(number) for number in range(1, len(draft.nodes) + 1)]
        assert brief.count("\n") == 1


def test_the_words_vary(drafts: Drafts) -> None:
    assert len({told(drafts[0][1], "brief", seed) for seed in range(30)}) > 5


def test_steps_are_told_after_those_that_they_need(drafts: Drafts) -> None:
    for _, draft in drafts:
        steps = told(draft, "spec").split("\n\n")[1].split("\n")
        order = [draft.artifacts[node.output].path for node in draft.graph.topological()]
        assert all(f"`{path}`" in step for path, step in zip(order, steps, strict=True))


def test_no_computed_figure_stands_in_an_instruction(tasks: list[Task]) -> None:
    for task in tasks:
        stated = set(NUMBER.findall(task.instruction))
        for check in json.loads(task.tests["checks.json"].data)["checks"]:
            if check["type"] == "document_figure":
                figures = {f"{check['value']:.2f}", f"{check['value']:g}"}
            elif check["type"] == "row_cells" and check["ordered"]:
                figures = {
                    plain(cell)
                    for row in check["rows"]
                    for cell, numeric in zip(row, check["numeric"], strict=True)
                    if numeric
                }
            else:
                continue
            assert not {figure for figure in figures if len(figure) > 2} & stated


def test_figures_that_must_not_leak_are_totals_and_group_figures_as_people_write_them() -> None:
    def artifact(number: int, kind: ArtifactKind) -> dict[str, object]:
        return {"id": f"a{number}", "kind": kind, "path": f"f{number}"}

    graph = TaskGraph.model_validate(
        {
            "artifacts": [
                artifact(1, ArtifactKind.TABLE),
                artifact(2, ArtifactKind.DOCUMENT),
                artifact(3, ArtifactKind.TABLE),
                artifact(4, ArtifactKind.CONFIG),
                artifact(5, ArtifactKind.CONFIG),
            ],
            "nodes": [
                Node(id="n1", operation="report", inputs=("a1",), output="a2"),
                Node(id="n2", operation="aggregate", inputs=("a1",), output="a3"),
                Node(id="n3", operation="update", inputs=("a4",), output="a5"),
            ],
        }
    )
    grouped = ORDERS.with_rows([("x", "2026-01-01", "y", "paid", 1200, 3.5)])
    values = {
        "a1": ORDERS,
        "a2": Document("t", ORDERS, (("Total units", 1600.0), ("Total amount", 110.05))),
        "a3": RowSet(grouped.fields, grouped.rows, ("id",), grouped=True),
        "a4": Config("", {}),
        "a5": Config("", {"api": {"timeout": "1234"}}),
    }
    assert computed_figures(graph, values) == {"1600.00", "1600", "110.05", "1200", "3.50"}
