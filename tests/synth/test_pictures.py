"""Pictures: well-formed, legible, the same every time."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.task import Task
from synth.pictures import described, graph_svg
from synth.scene import Scene

SVG = "{http://www.w3.org/2000/svg}"


def boxes(svg: str) -> list[tuple[int, int, int, int]]:
    found = [group.find(f"{SVG}rect") for group in ET.fromstring(svg).iter(f"{SVG}g")]
    sides = ("x", "y", "width", "height")
    return [tuple(int(rect.attrib[side]) for side in sides) for rect in found if rect is not None]


def test_every_artifact_and_step_has_a_box_of_its_own(scenes: list[Scene]) -> None:
    for scene in scenes[:60]:
        graph = scene.graph
        drawn = boxes(graph_svg(graph))
        assert len(drawn) == len(graph.artifacts) + len(graph.nodes)
        for number, (x, y, width, height) in enumerate(drawn):
            for left, top, _, _ in drawn[number + 1 :]:
                assert abs(left - x) >= width or abs(top - y) >= height


def test_steps_stand_right_of_what_they_take(scenes: list[Scene]) -> None:
    for scene in scenes[:60]:
        paths = [path.attrib for path in ET.fromstring(graph_svg(scene.graph)).iter(f"{SVG}path")]
        for attributes in (found for found in paths if "stroke" in found):
            start, end = attributes["d"].split("C")
            assert int(start[1:].split()[0]) < int(end.split()[-2])


def test_those_who_cannot_see_it_are_told(scenes: list[Scene]) -> None:
    root = ET.fromstring(graph_svg(scenes[0].graph, "a & b"))
    assert root.findtext(f"{SVG}title") == "a & b"
    assert root.findtext(f"{SVG}desc") == described(scenes[0].graph)
    assert root.attrib["role"] == "img"


def test_a_task_is_drawn_from_its_directory(tmp_path: Path, tasks: list[Task]) -> None:
    tasks[0].dump(tmp_path / "task")
    target = tmp_path / "graph.svg"
    ran = CliRunner().invoke(app, ["synth", "picture", str(tmp_path / "task"), "-o", str(target)])
    assert ran.exit_code == 0, ran.output
    assert tasks[0].id in target.read_text() or "task" in target.read_text()


@pytest.mark.parametrize("what", ["nowhere", "no graph"])
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, tasks: list[Task], what: str) -> None:
    place = tmp_path / "task"
    if what == "no graph":
        tasks[0].dump(place)
        (place / "graph.json").unlink()
    ran = CliRunner().invoke(app, ["synth", "picture", str(place), "-o", str(tmp_path / "g.svg")])
    assert ran.exit_code == 2
    assert not (tmp_path / "g.svg").exists()
