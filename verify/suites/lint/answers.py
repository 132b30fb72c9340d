"""Answers that the instruction gives away."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import JsonValue

from clawgym.task import Task

_COMPUTED = ("figure", "number", "prose", "total")
_NUMBER = re.compile(r"(?<![\w.,-])-?\d[\d,]*(?:\.\d+)?(?![\w%]|[.,]\d)")
_SHOWN = 3


def about_answers(task: Task) -> Iterator[tuple[str, str]]:
    """A finding when numbers that a check computes stand in the instruction, but in no input.

    Numbers of fewer than three digits, and those that inputs hold, may stand there for another
    reason.
    """
    told = numbers(task.instruction)
    if not told:
        return
    given: set[float] = set()
    for file in task.workspace.values():
        given |= numbers(file.data.decode("utf-8", "ignore"))
    leaked = dict.fromkeys(
        value for value in expected_numbers(task) if value in told and value not in given
    )
    if leaked:
        shown = ", ".join(f"{value:g}" for value in list(leaked)[:_SHOWN])
        more = f" and {len(leaked) - _SHOWN} more" if len(leaked) > _SHOWN else ""
        yield "leaked-answer", f"{shown}{more}: expected by a check and told in the instruction"


def numbers(text: str) -> set[float]:
    """The numbers in a text that have three digits or more."""
    plain = (found.replace(",", "") for found in _NUMBER.findall(text))
    return {float(number) for number in plain if sum(map(str.isdigit, number)) >= 3}


def expected_numbers(task: Task) -> Iterator[float]:
    """What the checks of `tests/checks.json` expect to have been computed."""
    file = task.tests.get("checks.json")
    try:
        document: JsonValue = json.loads(file.data) if file else {}
    except ValueError:
        return  # `verify.lint` reports it
    checks = document.get("checks") if isinstance(document, dict) else None
    for check in checks if isinstance(checks, list) else []:
        if isinstance(check, dict):
            yield from _of_check(cast("Mapping[str, JsonValue]", check))


def _of_check(check: Mapping[str, JsonValue]) -> Iterator[float]:
    kind, value, rows = str(check.get("type")), check.get("value"), check.get("rows")
    if any(word in kind for word in _COMPUTED) and _is_number(value):
        yield float(cast("float", value))
    for row in rows if isinstance(rows, list) else []:
        for cell in row if isinstance(row, list) else []:
            if isinstance(cell, float) and not cell.is_integer():
                yield cell


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
