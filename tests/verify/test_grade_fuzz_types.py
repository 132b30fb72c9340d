"""Whatever an agent leaves behind, no type of check crashes, and none takes long."""

import json
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verify.examples import EXAMPLES, Example
from tests.verify.grader import CHECKS, GRADER, lib
from tests.verify.test_grade_types import fill, name_of

READERS = [example for example in EXAMPLES if example.right and not example.logs]
RUNS = [example for example in EXAMPLES if example.logs]
SECONDS = 3


def as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


@st.composite
def damaged(draw: st.DrawFn, example: Example) -> dict[str, bytes]:
    """The right answer with slices of its files replaced, or anything at all in their place."""
    files: dict[str, bytes] = {}
    for name, content in example.right.items():
        data = as_bytes(content)
        for _ in range(draw(st.integers(1, 3))):
            start = draw(st.integers(0, len(data)))
            end = draw(st.integers(start, min(len(data), start + 12)))
            data = data[:start] + draw(st.binary(max_size=8)) + data[end:]
        files[name] = draw(st.sampled_from([data, draw(st.binary(max_size=60))]))
    return files


def check_all(example: Example, files: dict[str, bytes], logs: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch, "workspace")
        workspace.mkdir()
        fill(workspace, files)
        fill(Path(scratch, "logs"), logs)
        case = lib("case").Case(str(workspace), str(Path(scratch, "logs")))
        started = time.process_time()
        result = GRADER.run_check(case, example.check.model_dump(mode="json"), CHECKS)
        assert time.process_time() - started < SECONDS
    json.dumps(result, ensure_ascii=False).encode()
    assert isinstance(result["passed"], bool)
    assert len(result["found"]) <= 500
    assert len(result["where"]) <= 500
    assert result.get("value") is None or 0 <= result["value"] < 1


@pytest.mark.parametrize("example", READERS, ids=name_of)
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_answers_are_data(example: Example, data: st.DataObject) -> None:
    check_all(example, data.draw(damaged(example)), {})


@pytest.mark.parametrize("example", RUNS, ids=name_of)
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(output=st.binary(max_size=80))
def test_whatever_a_program_prints_is_data(example: Example, output: bytes) -> None:
    logs = {name: as_bytes(content) for name, content in example.logs.items()}
    if "programs/p/stdout" in logs:
        logs["programs/p/stdout"] = output
    check_all(example, {}, logs)


NASTY = {
    "nul": b"\0" * 500_000,
    "open-brackets": b"[" * 500_000,
    "open-braces": b'{"a":' * 100_000,
    "blanks": b" " * 500_000,
    "lines": b"\n" * 500_000,
    "dashes": b"- " * 50_000,
    "quotes": b'"' * 300_000,
    "pipes": b"|" * 300_000 + b"\n" + b"|-" * 150_000,
    "stars": b"*" * 300_000,
    "backticks": b"` " * 150_000,
    "digits": b"1" * 400_000,
    "numbers": b"1, " * 200_000,
    "words": b"total revenue " * 40_000,
    "tags": b"<a>" * 100_000,
    "open-links": b"[a](" * 100_000,
    "brackets": b"[" * 1000 + b"a" * 400_000,
    "colons": b"a: " * 100_000,
    "events": b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Review\nUID:1\nEND:VEVENT\n" * 4000,
    "messages": b"From a\n\nx\n\n" * 20_000,
    "headers": b"From a\nSubject: " + b"=?utf-8?q?a?= " * 20_000 + b"\n\nx\n",
    "semicolons": b"DTSTART" + b";a=b" * 100_000,
    "months": b"1 March " * 60_000,
    "anchors": b"a: &x [1]\n" + b"b: *x\n" * 1000,
}


@pytest.mark.parametrize("nasty", NASTY)
def test_answers_made_to_be_slow_or_deep_are_refused_in_time(nasty: str) -> None:
    for example in READERS:
        if example.check.type not in ("exists", "absent", "mode"):
            name = next(iter(example.right))
            check_all(example, {name: NASTY[nasty]}, {})
