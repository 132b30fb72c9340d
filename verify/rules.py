"""The rules that a verifier is held to: their codes, and the choice among them."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from pydantic import BaseModel, ConfigDict

from clawgym.errors import UsageError

RULES = {
    "V101": ("grader-syntax", "A Python file of the verifier does not parse."),
    "V102": ("network", "The verifier reaches for the network, which its box does not have."),
    "V103": ("third-party", "The verifier imports what is not in the standard library."),
    "V104": ("writes-outside", "The verifier writes or deletes outside its log directory."),
    "V105": ("clock-or-random", "The score can depend on the clock or on unseeded chance."),
    "V106": ("host-path", "The verifier names an absolute path of somebody's machine."),
    "V107": ("no-timeout", "The verifier waits for a program without a time limit."),
    "V108": ("runs-workspace-code", "The verifier may run the agent's code in its own process."),
    "V109": ("swallowed-exception", "An exception of any kind is passed over in silence."),
    "V110": ("always-passes", "The outcome cannot depend on the workspace."),
    "V201": ("checks-format", "`tests/checks.json` cannot be read."),
    "V202": ("no-requirement", "A check does not say which requirement it enforces."),
    "V203": ("weightless", "A core check carries no weight."),
    "V204": ("gates-only", "No core check carries weight, so that nothing can be earned."),
    "V205": ("node-ungraded", "A node of the task graph has no core check with weight."),
    "V206": ("unknown-node", "A check hangs off a node that the graph lacks."),
    "V207": ("requirement-unsaid", "A check wants a file that the instruction never names."),
    "V208": ("inert-check", "A core check held in every attempt, even in the worst."),
    "V301": ("task-format", "The task cannot be read."),
    "V302": ("ungraded", "The verifier broke its contract: there is no score."),
    "V303": ("no-solution", "There is no reference solution to prove the task by."),
    "V304": ("oracle-fails", "The reference solution does not run to its end."),
    "V305": ("oracle-below-one", "The reference solution does not earn everything."),
    "V306": ("oracle-unsteady", "Time zone, locale, hash seed or directory change the verdict."),
    "V307": ("alternative-rejected", "The second solution earns less than 0.95."),
    "V308": ("noop-earns", "Doing nothing earns something."),
    "V309": ("lazy-mean", "The lazy panel earns more than 0.02 on average over the dataset."),
    "V310": ("lazy-earns", "Work-shaped nothing earns something at this task."),
    "V401": ("fuzz-crash", "A damaged output leaves the work ungraded instead of failing it."),
    "V402": ("fuzz-survives", "A destroyed output still earns everything."),
    "V403": ("fuzz-slow", "A damaged output takes more than a fifth of the verifier's time."),
    "V404": ("mutant-survives", "An output with one mistake still earns everything."),
    "V405": ("tampering-earns", "Planted files raise the score of doing nothing."),
    "V406": ("tampering-breaks", "Planted files take the reference solution its score."),
}
"""Code to name and meaning: V1 the source, V2 the checks, V3 the probes, V4 the robustness."""

_CODES = {name: code for code, (name, _) in RULES.items()}


class Finding(BaseModel):
    """Something wrong with a task, or with the dataset when `task_id` is empty.

    `rule` is a rule's name; `code` its code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str
    rule: str
    message: str

    @property
    def code(self) -> str:
        """The stable code of the rule, such as `V308`."""
        return _CODES[self.rule]

    def __str__(self) -> str:
        return f"{self.task_id or 'dataset'}: {self.code} {self.rule}: {self.message}"


class Selection:
    """Which rules count. A rule is named by its code, the beginning of one, or its name.

    Raises:
        UsageError: a name is unknown, with the nearest known one.
    """

    def __init__(self, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> None:
        chosen = _named(select) if select else set(_CODES)
        self._rules = frozenset(chosen - _named(ignore))

    def __contains__(self, finding: Finding) -> bool:
        return finding.rule in self._rules

    def of(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those findings whose rule counts."""
        return [finding for finding in findings if finding in self]


def _named(names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for name in (part.strip() for text in names for part in text.split(",")):
        matching = {rule for rule, code in _CODES.items() if rule == name or _begins(code, name)}
        if not matching:
            near = get_close_matches(name, [*_CODES, *RULES], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"unknown rule {name!r}{hint} (docs/verifier_cards.md lists them)")
        found |= matching
    return found


def _begins(code: str, name: str) -> bool:
    return len(name) > 1 and code.startswith(name.upper())


EVERY_RULE = Selection()
