"""What a verifier says of the workspace as a task begins: no credit for what is there already.

Tasks about earlier work begin with files at the very places where results are wanted. A check that
holds there at the start becomes a gate: it must still hold, and earns nothing. The others share the
node's point, all or nothing.
"""

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import cast

from clawgym.files import Files
from clawgym.reward import CheckRole
from verify.checks import Check

_Run = Callable[[object, Mapping[str, object]], object]


def without_head_start(checks: Sequence[Check], workspace: Files) -> list[Check] | None:
    """The checks of one node with nothing to earn for what the workspace holds already.

    Returns:
        None where nothing would be left to earn.
    """
    if any(check.type.startswith("program") for check in checks):
        return None  # the files of a workspace are never run here
    held = _held(checks, workspace)
    left = sum(
        check.weight
        for check, holds in zip(checks, held, strict=True)
        if check.role is CheckRole.CORE and not holds
    )
    if left == 0:
        return None
    return [_anew(check, holds=holds, left=left) for check, holds in zip(checks, held, strict=True)]


def without_copies(
    checks: Sequence[Check], workspace: Files, path: str, earlier: Sequence[str]
) -> list[Check] | None:
    """The checks of one node with nothing to earn for a copy of an earlier result at its place.

    Args:
        checks: of the node.
        workspace: what is there as the task begins.
        path: where the node writes its file.
        earlier: the results of earlier work that lie in the workspace.

    Returns:
        None where nothing would be left to earn.
    """
    known: list[Check] = list(checks)
    if any(check.type.startswith("program") for check in checks):
        return known  # no file is a copy of what a program does
    for other in earlier:
        copied = Files({**workspace, path: workspace[other]})
        held = _held([check for check in known if check.role is CheckRole.CORE], copied)
        if any(held):
            anew = without_head_start(known, copied)
            if anew is None:
                return None
            known = anew
    return known


def _anew(check: Check, *, holds: bool, left: float) -> Check:
    if check.role is not CheckRole.CORE:
        return check
    if holds:
        return check.model_copy(update={"role": CheckRole.GATE, "weight": 0.0})
    whole = {"partial": False} if hasattr(check, "partial") else {}
    return check.model_copy(update={"weight": check.weight / left, **whole})


def _held(checks: Sequence[Check], workspace: Files) -> list[bool]:
    library, case_of, mismatch = _library()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "workspace")
        workspace.write_to(root)
        case = case_of(str(root))

        def holds(check: Check) -> bool:
            try:
                library[check.type](case, check.model_dump(mode="json"))
            except mismatch:
                return False
            return True

        return [holds(check) for check in checks]


@cache
def _library() -> tuple[Mapping[str, _Run], Callable[[str], object], type[Exception]]:
    """The checks that are shipped with tasks, and what they take and raise."""
    place = files("verify").joinpath("task_runtime", "grade.py")
    spec = importlib.util.spec_from_file_location("clawgym_grade", str(place))
    assert spec
    assert spec.loader
    grade = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(grade)
    library = cast("Mapping[str, _Run]", grade.open_library())
    case, verdict = sys.modules["checklib.case"], sys.modules["checklib.verdict"]
    return library, case.Case, verdict.Mismatch
