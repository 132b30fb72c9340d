"""Why a line may mean less than it says: warnings against it, bad examples, security teaching."""

from clawgym_skills.scan.document import Document
from clawgym_skills.scan.expressions import expression

_NEGATION = expression("context.negation")
_NOT_A_WARNING = expression("context.not_a_warning")
_BAD_MARK = expression("context.bad_mark")
_BAD_TITLE = expression("context.bad_title")
_BAD_INTRODUCTION = expression("context.bad_introduction")
_RISK_CELL = expression("context.risk_cell")
_QUOTED_NAMING = expression("context.quoted_naming")
_SAMPLE = expression("context.sample")
_TEST_PATH = expression("context.test_path")
_MARKER = expression("context.marker")
_LOOK_BACK = 8


def excuse(document: Document, number: int, column: int) -> str:
    """Why what stands at a place is not meant to be done; '' where nothing says so.

    Only Markdown and plain text are excused, and data below a folder of tests: a command in a
    script runs whatever is written around it.
    """
    if document.kind == "data" and _TEST_PATH.search(document.path):
        return "data for tests"
    if document.kind not in ("markdown", "text"):
        return ""
    line = document.line(number)
    before = line[max(0, column - 200) : column]
    if reason := _on_the_line(line, before):
        return reason
    if _BAD_INTRODUCTION.search(_introduction(document, number)[-300:]):
        return "the sentence before it introduces bad examples"
    if title := next((t for t in document.trail(number) if _BAD_TITLE.search(t)), ""):
        return f"under the heading {title.strip()[:60]!r}"
    return ""


def _on_the_line(line: str, before: str) -> str:
    negated = _NEGATION.search(before)
    if negated and not _NOT_A_WARNING.search(negated["between"]):
        return "the sentence warns against it"
    if _BAD_MARK.match(line[:80]):
        return "marked as a bad example"
    if line.lstrip().startswith("|") and _RISK_CELL.search(line[:600]):
        return "a row in a table of risks"
    if _QUOTED_NAMING.search(before) or _is_sample(line, before):
        return "quoted as an example"
    return ""


def _is_sample(line: str, before: str) -> bool:
    """Whether a place lies in a quotation that makes up the whole line or list item."""
    start = _SAMPLE.match(line[:200])
    if start is None or len(before) < start.end():
        return False
    mark = {"“": "”", "«": "»"}.get(line[start.end() - 1], line[start.end() - 1])
    inside = line[start.end() : start.end() + 400]
    return mark != "`" and mark in inside and mark not in before[start.end() :]


def _introduction(document: Document, number: int) -> str:
    """The line that introduces a list or a code block, '' where nothing does."""
    fenced = number in document.fenced
    for above in range(number - 1, max(0, number - _LOOK_BACK - 1), -1):
        line = document.line(above).strip()
        if fenced and above in document.fenced:
            if _BAD_MARK.match(line[:80]):
                return "bad:"
            continue
        if not line or _MARKER.match(line):
            fenced = False
            continue
        return line
    return ""
