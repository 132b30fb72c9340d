"""Passes on what a model says while it says it, without the values of secrets."""

from collections.abc import Callable

from graph_agents.events import ReasoningDelta, TextDelta, emit
from graph_agents.parts import Redactor

_HELD = 256
"""Characters of one word that are held back at most."""


class Heard:
    """A `clawgym.model.HearsReasoning` that emits events.

    A secret may come in pieces. Where secrets are looked for, a word is passed on when it is whole.
    """

    def __init__(self, redactor: Redactor | None) -> None:
        self._text = _Words(redactor, lambda text: emit(TextDelta(text)))
        self._reasoning = _Words(redactor, lambda text: emit(ReasoningDelta(text)))

    def __call__(self, text: str, /) -> None:
        """Take a piece of the reply."""
        self._text.take(text)

    def reasoning(self, text: str) -> None:
        """Take a piece of reasoning."""
        self._reasoning.take(text)

    def end(self) -> None:
        """The reply is whole."""
        self._reasoning.end()
        self._text.end()


class _Words:
    def __init__(self, redactor: Redactor | None, pass_on: Callable[[str], None]) -> None:
        self._redactor, self._pass_on = redactor, pass_on
        self._held = ""

    def take(self, text: str) -> None:
        if self._redactor is None:
            self._pass_on(text)
            return
        self._held += text
        whole = max(self._held.rfind(space) for space in " \n\t") + 1
        self._tell(whole if len(self._held) - whole <= _HELD else len(self._held))

    def end(self) -> None:
        self._tell(len(self._held))

    def _tell(self, length: int) -> None:
        told, self._held = self._held[:length], self._held[length:]
        if told and self._redactor:
            self._pass_on(self._redactor.redact(told))
