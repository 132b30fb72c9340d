"""Passes on what a model says while it says it, without the values of secrets."""

from graph_agents.events import ReasoningDelta, TextDelta, emit
from graph_agents.parts import Redactor
from graph_agents.pieces import Pieces


class Heard:
    """A `clawgym.model.HearsReasoning` that emits events."""

    def __init__(self, redactor: Redactor | None) -> None:
        self._text = Pieces(redactor, lambda text: emit(TextDelta(text)))
        self._reasoning = Pieces(redactor, lambda text: emit(ReasoningDelta(text)))

    def __call__(self, text: str, /) -> None:
        """Take a piece of the reply."""
        self._text.take(text)

    def reasoning(self, text: str) -> None:
        """Take a piece of reasoning."""
        self._reasoning.take(text)

    def anew(self) -> None:
        """The reply broke off, and is asked for again."""
        self._reasoning.anew()
        self._text.anew()

    def end(self) -> None:
        """The reply is whole."""
        self._reasoning.end()
        self._text.end()
