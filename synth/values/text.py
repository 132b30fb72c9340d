"""Texts that are compared as they stand, and folders of them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from verify.checks import Check, LineRule, LinesCheck, TextCheck, TreeCheck

_SHOWN = 30


@dataclass(frozen=True)
class TextFile(Value):
    """One file of text, whatever its kind."""

    text: str

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """The text in UTF-8."""
        return {path: self.text.encode()}

    def checks(self, step: Step) -> list[Check]:
        """Half for the lines that are new, half for the whole."""
        before = step.inputs[0]
        known = before.text.splitlines() if isinstance(before, TextFile) else []
        return text_checks(step, known, self.text)


def text_checks(step: Step, before: list[str], after: str) -> list[Check]:
    """Checks of a text that was made of another, or anew: its new lines in part, then all of it."""
    known = set(before)
    lines_said, whole_said = (
        (f"{step.path} has the lines that were to change", f"no other line of {step.path} differs")
        if known
        else (f"{step.path} has the right lines", f"{step.path} has these lines and nothing else")
    )
    fresh = [line for line in after.splitlines() if line not in known and line.strip()]
    if known and not fresh:
        whole_said = f"{step.path} has the lines that were to stay, in their order, and no others"
    whole = TextCheck(
        **step.core(
            "text",
            0.5 if fresh else 1.0,
            whole_said,
            f"{len(after.splitlines())} lines",
        ),
        path=step.path,
        text=after,
    )
    if not fresh:
        return [whole]
    rules = tuple(
        LineRule(pattern=rf"^{re.escape(line.strip())}\s*$", least=1)
        for line in dict.fromkeys(fresh)
        if len(line) < 400
    )
    head = step.core(
        "lines",
        0.5,
        lines_said,
        " / ".join(line.strip() for line in fresh[:3]),
    )
    lines = LinesCheck(**head, path=step.path, rules=rules[:_SHOWN], partial=True)
    return [lines, whole]


@dataclass(frozen=True)
class Tree(Value):
    """A folder: texts by their paths below it."""

    texts: Mapping[str, str]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """Each text as a file."""
        return {f"{path}/{name}": text.encode() for name, text in self.texts.items()}

    def checks(self, step: Step) -> list[Check]:
        """As a gate, that nothing else is there or different; then each text that is new."""
        before = step.inputs[0]
        known = before.texts if isinstance(before, Tree) else dict[str, str]()
        new = {name: text for name, text in self.texts.items() if known.get(name) != text}
        kept = {
            name: None if name in new else hashlib.sha256(text.encode()).hexdigest()
            for name, text in self.texts.items()
        }
        gate = step.gate(
            "rest",
            f"{step.path} has no other files (but for caches), and the others are as before",
            ", ".join(kept),
        )
        checks: list[Check] = [
            TreeCheck(**gate, root=step.path, files=kept, ignore=("*__pycache__*", "*.pyc"))
        ]
        for number, (name, text) in enumerate(new.items(), 1):
            head = step.core(
                f"file{number}",
                1 / len(new),
                f"{step.path}/{name} has the right text",
                f"{len(text.splitlines())} lines",
            )
            checks.append(TextCheck(**head, path=f"{step.path}/{name}", text=text))
        return checks
