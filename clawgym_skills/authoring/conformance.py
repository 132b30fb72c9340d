"""The specification's side of the linter: the strict profile, and what the reader adds to it."""

from collections.abc import Iterator

from clawgym_skills.diagnostic import Code, Diagnostic
from clawgym_skills.skill import Skill
from clawgym_skills.strict import check_document

_BEYOND = (
    Code.HIDDEN_UNICODE,
    Code.NOT_FOLLOWED,
    Code.FILE_LEFT_OUT,
    Code.UNKNOWN_OPERATION,
    Code.FENCE_AT_END,
    Code.NEWLINES,
    Code.META_JSON,
)
"""What the reader finds that the specification has no rule for."""


def violations(skill: Skill) -> Iterator[Diagnostic]:
    """Every violation of the Agent Skills specification, its advice, and what trips other hosts."""
    path = skill.path / skill.file_name
    yield from check_document(skill.files[skill.file_name].data, skill.path.name, str(path))
    if skill.file_name != "SKILL.md":
        yield from (found for found in skill.diagnostics if found.code == Code.FILE_NAME.code)
    wanted = {code.code for code in _BEYOND}
    yield from (found for found in skill.diagnostics if found.code in wanted)
