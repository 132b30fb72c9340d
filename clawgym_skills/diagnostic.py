"""Diagnostics: what the reader repaired, what it found odd, and why it refused a skill.

The codes are stable: `SK0xx` was repaired, `SK1xx` is read as written but worth knowing, `SK2xx`
means that the skill was refused. `Code` is the table; the stricter profiles have tables of their
own, `StrictRule` (SKS) and `OpenClawRule` (SKO).
"""

from collections import Counter
from dataclasses import dataclass
from enum import Enum, StrEnum

from clawgym.errors import SkillFormatError


class Severity(StrEnum):
    """What became of the skill that a diagnostic is about."""

    REPAIRED = "repaired"
    WARNING = "warning"
    REFUSED = "refused"
    VIOLATION = "violation"
    """The specification forbids it."""


class Rule(Enum):
    """A table of diagnostics: each has a stable code, and the sentence that a person reads."""

    def __init__(self, code: str, summary: str) -> None:
        self.code = code
        self.summary = summary

    @property
    def severity(self) -> Severity:
        """Given by the first digit of the code."""
        raise NotImplementedError


class Code(Rule):
    """What the lenient reader reports."""

    NO_FRONTMATTER = "SK001", "no frontmatter; name and description are derived from the text"
    LATE_FRONTMATTER = "SK002", "the frontmatter does not start at the first byte"
    UNCLOSED_FENCE = "SK003", "the frontmatter has no closing ---"
    QUOTED_VALUE = "SK004", "not valid YAML unless quoted; kept as text"
    KEPT_AS_TEXT = "SK005", "not valid YAML; its lines are kept as text"
    NEWLINES = "SK006", "byte order mark or CR line ends"
    NOT_UTF8 = "SK007", "not UTF-8; undecodable bytes are replaced"
    FILE_NAME = "SK008", "the file should be called SKILL.md"
    JSON_METADATA = "SK009", "metadata written as JSON inside a string"
    DUPLICATE_KEY = "SK010", "a key appears twice; the first one counts"
    YAML_ALIAS = "SK011", "YAML aliases are not expanded; kept as text"
    NO_FENCE = "SK012", "frontmatter without an opening ---"
    DERIVED_DESCRIPTION = "SK013", "no description; derived from the text"
    DERIVED_NAME = "SK014", "no name; derived from the directory"
    FIELD_TYPE = "SK015", "a field has an unexpected type; read as well as possible"

    NAME_FORM = "SK101", "the name is not 1-64 lowercase letters, digits and single hyphens"
    NAME_DIRECTORY = "SK102", "the name differs from the directory"
    LONG_DESCRIPTION = "SK103", "the description is longer than 1,024 characters"
    TOOLS_FORM = "SK104", "allowed-tools is not one space-separated string"
    HIDDEN_UNICODE = "SK105", "invisible or direction-changing characters"
    SPLIT_TRAP = "SK106", "a value holds '---'; readers that split on it cut the frontmatter"
    FENCE_AT_END = "SK107", "the file ends at the closing --- without a line end"
    UNKNOWN_OPERATION = "SK108", "clawgym-operations holds something that is no operation:kind"
    NOT_FOLLOWED = "SK109", "a link or special file is left out"
    FILE_LEFT_OUT = "SK110", "a file cannot be read or has an unsafe name, and is left out"
    META_JSON = "SK111", "_meta.json cannot be read"
    SAME_NAME = "SK112", "another skill in the catalogue has this name"

    UNREADABLE = "SK201", "SKILL.md cannot be read"
    TOO_LONG = "SK202", "SKILL.md is too long"
    NOTHING_USABLE = "SK203", "no name or description can be recovered"
    TOO_MANY_FILES = "SK204", "the skill has too many files"
    TOO_BIG = "SK205", "the skill's files are too big"

    @property
    def severity(self) -> Severity:
        """Given by the first digit of the code."""
        return (Severity.REPAIRED, Severity.WARNING, Severity.REFUSED)[int(self.code[2])]


@dataclass(frozen=True)
class Diagnostic:
    """One finding about one file; `line` counts from 1 and is None for the file as a whole."""

    code: str
    severity: Severity
    message: str
    path: str
    line: int | None = None

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.code} {self.severity}: {self.message}"


class Findings:
    """Collects the diagnostics of one file while it is read.

    Of each code the first `MOST_OF_A_CODE` are kept, and one more says how many there were.
    """

    MOST_OF_A_CODE = 20

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: list[Diagnostic] = []
        self._counts: Counter[Rule] = Counter()

    def add(self, code: Rule, line: int | None = None, detail: str = "", path: str = "") -> None:
        """Record one finding; `detail` says what in particular, `path` is another file."""
        self._counts[code] += 1
        if self._counts[code] <= self.MOST_OF_A_CODE:
            self._found.append(self.make(code, line, detail, path))

    def extend(self, other: "Findings") -> None:
        """Take over what another collector recorded."""
        self._found.extend(other.diagnostics)

    def make(
        self, code: Rule, line: int | None = None, detail: str = "", path: str = ""
    ) -> Diagnostic:
        """A diagnostic about this file, not recorded."""
        message = f"{code.summary} ({detail})" if detail else code.summary
        return Diagnostic(code.code, code.severity, message, path or self.path, line)

    def refuse(self, code: Rule, detail: str = "") -> "SkillRefusedError":
        """The error that refuses this skill; it carries what was found before."""
        return SkillRefusedError(self.make(code, detail=detail), self.diagnostics)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was recorded, in order."""
        many = [code for code, count in self._counts.items() if count > self.MOST_OF_A_CODE]
        more = (f"{self._counts[code]:,} of these in all" for code in many)
        return (
            *self._found,
            *(self.make(c, detail=text) for c, text in zip(many, more, strict=True)),
        )


class SkillRefusedError(SkillFormatError):
    """A skill that nothing usable could be read from; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic, before: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic
        self.diagnostics = (*before, diagnostic)
