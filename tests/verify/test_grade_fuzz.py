"""Whatever bytes an agent leaves behind, the verifier ends well with a reward."""

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.verify.grader import CHECKS, CSV, GRADER, INI, REPORT, every_check, lib

NAMES = sorted({check.path for check in every_check().checks if check.type != "unchanged"})
SEEDS = (CSV, INI, REPORT, CSV.replace(",", "\t"), '[{"id": "A-1", "customer": "x", "amount": 1}]')


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A right answer with one slice replaced, which gets further than noise does."""
    data = draw(st.sampled_from(SEEDS)).encode()
    start = draw(st.integers(0, len(data)))
    return data[:start] + draw(st.binary(max_size=12)) + data[draw(st.integers(start, len(data))) :]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
ROWS = st.lists(st.fixed_dictionaries({"id": JSON, "customer": JSON, "amount": JSON}), max_size=4)
ANSWERS = st.binary(max_size=200) | damaged() | (JSON | ROWS).map(lambda v: json.dumps(v).encode())


def grade(files: dict[str, bytes]) -> tuple[float, list[dict]]:
    with tempfile.TemporaryDirectory() as scratch:
        for name, data in files.items():
            Path(scratch, name).write_bytes(data)
        checks = every_check().model_dump(mode="json")["checks"]
        results = GRADER.run_checks(lib("case").Case(scratch), checks, CHECKS)
    json.dumps({"checks": results}, ensure_ascii=False).encode()
    return GRADER.reward_of(results), results


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.fixed_dictionaries(dict.fromkeys(NAMES, ANSWERS)))
@example(dict.fromkeys(NAMES, b""))
@example(dict.fromkeys(NAMES, b"\xef\xbb\xbf"))
@example(dict.fromkeys(NAMES, b"\0" * 50))
@example(dict.fromkeys(NAMES, b'[{"id": "\\ud800", "customer": "\\udfff", "amount": 1e400}]'))
@example(dict.fromkeys(NAMES, b'[{"id": ' + b"9" * 4200 + b', "customer": 1, "amount": -0.0}]'))
@example(dict.fromkeys(NAMES, b"|\n|-|\n|\\|\n\n# |\n"))
def test_arbitrary_answers_never_crash_the_grader(files: dict[str, bytes]) -> None:
    reward, results = grade(files)
    assert 0 <= reward <= 1
    for result in results:
        assert isinstance(result["passed"], bool)
        assert isinstance(result["found"], str)
        assert len(result["found"]) <= 500


def test_nesting_at_any_depth_is_an_answer_too() -> None:
    for depth in (*range(50, 1000, 50), *range(960, 1010), 5000):
        value = b"[" * depth + b"]" * depth
        rows = b'[{"id": ' + value + b', "customer": 1, "amount": 1}]'
        reward, _ = grade({"a.json": rows, "a.jsonl": rows[1:-1]})
        assert reward == 0
