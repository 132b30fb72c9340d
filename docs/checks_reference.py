"""Prints `docs/checks.md`: every type of check, from the models and from the tests' examples.

python docs/checks_reference.py > docs/checks.md
"""

import inspect
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.verify.examples import EXAMPLES, Example  # noqa: E402
from tests.verify.grader import judge  # noqa: E402
from verify.checks import BaseCheck, Check, PartialCheck  # noqa: E402

HEAD = """# Checks

What a verifier can compare. Made by `docs/checks_reference.py` from `verify/checks` and the
examples that the tests run.

A check stands in `tests/checks.json` with its `type` and parameters, and what all checks share:
`id`, `node` (the graph node that it hangs off, or null), `role`, `weight`, `requirement` (the
sentence of the instruction) and `expected`. A `gate` earns nothing, and where it fails its node,
or the whole task, earns nothing; a `core` check earns its weight. With `partial` the share of
parts that are right is earned, which stands in the evidence as `value`.

Every result says what was found and where. Whatever bytes an agent leaves are data: they never
stop the verifier, files over 2 MiB (32 MiB for binary formats) are refused, no link is followed,
and each check has five seconds of CPU. What the verifier itself lacks, such as a record of the
agent's calls, leaves the work ungraded; it is never a zero.

Agent-written code never runs beside the verifier. `CheckSet.programs` names what to run; each
runs in a box of its own on a copy of the finished workspace, and the `program_*`, `idempotent`
and `function_calls` checks compare the record of it. Expected values are not in that box. Other
harnesses than ClawGym's make no such record, so there these checks give no verdict.
"""


def reference() -> str:
    """The whole page."""
    parts = [HEAD]
    union, _ = get_args(Check)
    for model in get_args(union):
        parts += _describe(model)
    return "\n".join(parts)


def _describe(model: type[BaseCheck]) -> Iterator[str]:
    names = get_args(model.model_fields["type"].annotation)
    text = inspect.getdoc(model) or ""
    yield f"## {', '.join(names)}\n"
    yield text.partition("\n\nRaises:")[0] + "\n"
    inherited = {*BaseCheck.model_fields, "type", "partial"}
    own = [name for name in model.model_fields if name not in inherited]
    more = " Can be partial." if issubclass(model, PartialCheck) else ""
    yield f"Parameters: {', '.join(f'`{name}`' for name in own)}.{more}\n"
    yield "\n".join(f"    {_evidence(_example(name))}" for name in names) + "\n"


def _example(name: str) -> Example:
    return next(example for example in EXAMPLES if example.check.type == name)


def _evidence(example: Example) -> str:
    """What the check says of the first wrong answer."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch, "work")
        work.mkdir()
        files = next(iter(example.wrong.values()), example.right)
        logs = next(iter(example.wrong_logs.values()), example.logs)
        for folder, entries in ((work, files), (Path(scratch, "logs"), logs)):
            for name, content in entries.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        result = judge(work, example.check, Path(scratch, "logs"))
    return f"{result['found']} [{result['where']}]".replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(reference())
