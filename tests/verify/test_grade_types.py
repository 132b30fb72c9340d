"""Every type of check accepts the right answer and refuses what is almost right, with evidence."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from tests.verify.examples import EXAMPLES, Example
from tests.verify.grader import CHECKS, judge
from verify.checks import Check


def types() -> set[str]:
    union, _ = get_args(Check)
    return {
        name
        for model in get_args(union)
        for name in get_args(model.model_fields["type"].annotation)
    }


def fill(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def look(
    root: Path, example: Example, files: Mapping[str, str | bytes], logs: Mapping[str, str | bytes]
):
    (root / "workspace").mkdir()
    fill(root / "workspace", files)
    fill(root / "logs", logs)
    return judge(root / "workspace", example.check, root / "logs")


def name_of(example: Example) -> str:
    return f"{example.check.type}-{getattr(example.check, 'path', '')}"


WRONG = [
    pytest.param(example, files, logs, id=f"{name_of(example)}-{name}")
    for example in EXAMPLES
    for name, files, logs in [
        *((name, files, example.logs) for name, files in example.wrong.items()),
        *((name, example.right, logs) for name, logs in example.wrong_logs.items()),
    ]
]


def test_every_type_has_an_example_and_a_runtime() -> None:
    assert types() == {example.check.type for example in EXAMPLES} == set(CHECKS)


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_the_right_answer_holds(tmp_path: Path, example: Example) -> None:
    result = look(tmp_path, example, example.right, example.logs)
    assert result["passed"], result
    assert result["found"]


@pytest.mark.parametrize(("example", "files", "logs"), WRONG)
def test_what_is_almost_right_is_refused_with_evidence(
    tmp_path: Path, example, files, logs
) -> None:
    result = look(tmp_path, example, files, logs)
    assert not result["passed"], result
    assert result["found"]
    assert result["where"]
    assert not str(result["found"]).startswith("not checked")
