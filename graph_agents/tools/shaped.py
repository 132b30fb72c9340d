"""Answers of children that have to be JSON of a given shape."""

# jsonschema leaves its validators half typed:
# pyright: reportUnknownMemberType=false

import json
import re
from importlib.resources import files
from string import Template
from typing import cast

from jsonschema import Draft202012Validator, SchemaError
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable

from clawgym.errors import UsageError

JsonObject = dict[str, JsonValue]

CORRECTIONS = 2
"""How often an answer that does not fit is sent back."""

_SHOWN = 5
_FENCE = re.compile(r"\A```(?:json)?[ \t]*\n(?P<inside>.*?)\n?```\Z", re.DOTALL)


class MisfitError(ValueError):
    """An answer is no JSON, or not of its shape; says why."""


class Shape:
    """A JSON Schema (draft 2020-12) that an answer has to fit. References lead nowhere outside it.

    Raises:
        UsageError: it is no schema.
    """

    def __init__(self, schema: JsonObject) -> None:
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            raise UsageError(f"outputSchema is no JSON Schema: {error.message}") from error
        self.schema = schema
        self._validator = Draft202012Validator(schema, registry=Registry())

    def read(self, answer: str) -> JsonValue:
        """The value of an answer, which may stand in a code fence.

        Raises:
            MisfitError: there is none, or it does not fit.
        """
        text = answer.strip()
        fenced = _FENCE.match(text)
        try:
            inside = fenced["inside"] if fenced else text
            value = cast("JsonValue", json.loads(inside, parse_constant=_refused))
            problems = [
                f"{error.json_path}: {error.message[:200]}"
                for error in self._validator.iter_errors(value)
            ]
        except Unresolvable as error:
            raise MisfitError(f"outputSchema refers to what it does not hold: {error}") from error
        except (ValueError, RecursionError) as error:
            raise MisfitError(f"it is no JSON: {error}") from error
        if problems:
            more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
            raise MisfitError("; ".join([*problems[:_SHOWN], *more]))
        return value

    def asked(self, task: str) -> str:
        """The task, with the shape that its answer has to have."""
        schema = json.dumps(self.schema, ensure_ascii=False, indent=1)
        return f"{task.strip()}\n\n{_text('schema').substitute(schema=schema).strip()}"


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} stands in it")


def correction(problem: MisfitError) -> str:
    """What a child is told whose answer does not fit."""
    return _text("correction").substitute(problem=problem).strip()


def _text(name: str) -> Template:
    place = files("graph_agents.tools").joinpath("texts", f"{name}.md")
    return Template(place.read_text("utf-8"))
