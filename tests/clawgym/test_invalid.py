"""What is wrong with a document, said in one line."""

import pytest
from pydantic import BaseModel, ValidationError

from clawgym.invalid import explain


class Point(BaseModel):
    x: int
    y: int


class Line(BaseModel):
    points: tuple[Point, ...]


def complaint(document: str) -> str:
    with pytest.raises(ValidationError) as caught:
        Line.model_validate_json(document)
    return explain(caught.value)


def test_each_problem_is_named_by_its_place() -> None:
    said = complaint('{"points": [{"x": 1}, {"x": 1.5, "y": 2}]}')
    assert said.startswith(
        "points.0.y: Field required; points.1.x: Input should be a valid integer"
    )


def test_a_document_that_is_wrong_as_a_whole_is_one_line() -> None:
    assert complaint("{").startswith("document: Invalid JSON")
    assert "\n" not in complaint("{")


def test_many_problems_are_counted() -> None:
    assert complaint('{"points": [{}, {}]}').endswith("points.1.x: Field required; and 1 more")
