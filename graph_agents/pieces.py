"""Text that comes in pieces, passed on as it comes, without the values of secrets."""

from collections.abc import Callable

from graph_agents.parts import Redactor


class Pieces:
    """Passes on what is settled of a text; of a secret that comes in pieces nothing is shown.

    Args:
        redactor: says what is settled; without one every piece is passed on as it is.
        pass_on: gets the pieces, redacted, in order.
    """

    def __init__(self, redactor: Redactor | None, pass_on: Callable[[str], None]) -> None:
        self._redactor, self._pass_on = redactor, pass_on
        self._held = ""

    def take(self, text: str) -> None:
        """Take a piece of the text."""
        if self._redactor is None:
            self._pass_on(text)
            return
        self._held += text
        self._tell(self._redactor, self._redactor.settled(self._held))

    def end(self) -> None:
        """The text is whole: pass on what is left."""
        if self._redactor:
            self._tell(self._redactor, len(self._held))

    def anew(self) -> None:
        """The text begins again: what was held back of it is nobody's any more."""
        self._held = ""

    def _tell(self, redactor: Redactor, length: int) -> None:
        told, self._held = self._held[:length], self._held[length:]
        if told:
            self._pass_on(redactor.redact(told))
