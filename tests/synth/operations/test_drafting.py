"""Drafted mails: amounts may be written as people write them, to the cent."""

import re

from clawgym.artifact import ArtifactKind
from clawgym.files import Files
from synth.values.drafts import Drafts
from tests.synth.operations.one_node import Made, explain, make

_AMOUNT = re.compile(r"\d+\.\d\d\b")


def reminders() -> list[tuple[Made, str, str]]:
    """Tasks that ask for reminders, with the path and the text of the right mailbox."""
    found: list[tuple[Made, str, str]] = []
    for seed in range(6):
        made = make("draft", ArtifactKind.TABLE, seed)
        if made:
            slot = made.scene.slots[made.node.output]
            assert isinstance(slot.value, Drafts)
            text = slot.value.files(slot.kind, slot.path)[slot.path].decode()
            found.append((made, slot.path, text))
    return found


def graded(made: Made, path: str, text: str) -> float:
    return explain(made.task, Files({**made.task.workspace, path: text}))[1]


def test_amounts_may_have_their_thousands_set_apart() -> None:
    found = reminders()
    assert any(len(amount) > 6 for *_, text in found for amount in _AMOUNT.findall(text))
    for made, path, text in found:
        grouped = _AMOUNT.sub(lambda match: f"{float(match[0]):,.2f}", text)
        assert graded(made, path, grouped) == 1.0


def test_amounts_that_are_rounded_or_too_large_are_wrong() -> None:
    for made, path, text in reminders():
        assert graded(made, path, _AMOUNT.sub(lambda m: m[0][:-1], text)) < 1.0
        assert graded(made, path, _AMOUNT.sub(lambda m: f"1{m[0]}", text)) < 1.0
        assert graded(made, path, _AMOUNT.sub(lambda m: f"1,{m[0]:>010}", text)) < 1.0
