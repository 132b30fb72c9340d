"""Collects findings while a skill is scanned, and lowers those that the text itself excuses."""

from collections import Counter

from clawgym_skills._text import one_line, shorten
from clawgym_skills.scan.context import excuse
from clawgym_skills.scan.document import Document
from clawgym_skills.scan.finding import Finding, Severity
from clawgym_skills.scan.rule import rules

MOST_OF_A_RULE = 10
"""Of each rule in one file the first so many findings are kept."""


class Collector:
    """The findings of one skill, each place once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int | None], Finding] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(
        self, rule_id: str, path: str, line: int | None = None, detail: str = "", context: str = ""
    ) -> None:
        """Record that a file breaks a rule; `detail` is a line of it that shows how."""
        rule = rules()[rule_id]
        severity = Severity.INFO if context and rule.quotable else rule.severity
        excerpt = shorten(one_line(detail[:2_000]), 160)
        reason = context if rule.quotable else ""
        self._keep(Finding(rule_id, severity, rule.message, path, line, excerpt, reason))

    def add_in(
        self, rule_id: str, document: Document, number: int, column: int = 0, detail: str = ""
    ) -> None:
        """Record a finding in a text, lowered where the text around it warns against it."""
        line = document.line(number)
        context = excuse(document, number, column)
        self.add(rule_id, document.path, number, detail or line[max(0, column - 40) :], context)

    def _keep(self, finding: Finding) -> None:
        place = (finding.rule, finding.path, finding.line)
        known = self._found.get(place)
        if known is None:
            self._counts[finding.rule, finding.path] += 1
            if self._counts[finding.rule, finding.path] > MOST_OF_A_RULE:
                self._keep_worse(finding)
                return
        elif known.severity.rank >= finding.severity.rank:
            return
        self._found[place] = finding

    def _keep_worse(self, finding: Finding) -> None:
        """Beyond the limit a finding still replaces one that the text excuses."""
        for place, known in self._found.items():
            same = (known.rule, known.path) == (finding.rule, finding.path)
            if same and known.severity.rank < finding.severity.rank:
                del self._found[place]
                self._found[finding.rule, finding.path, finding.line] = finding
                return

    def has(self, rule_id: str, path: str) -> bool:
        """Whether a file breaks a rule already."""
        return (rule_id, path) in self._counts

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, the worst first, then by path and line."""
        return tuple(
            sorted(
                self._found.values(),
                key=lambda f: (-f.severity.rank, f.path, f.line or 0, f.rule),
            )
        )
