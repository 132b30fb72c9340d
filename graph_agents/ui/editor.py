"""One line of input that is being written, with the keys that people know from their shell."""

import re
from collections.abc import Callable, Sequence

from graph_agents.ui.keys import Key
from graph_agents.ui.printable import printable

Complete = Callable[[str], Sequence[str]]
"""From what was typed to what it may be meant to become."""

_WORD_BEFORE = re.compile(r"\w*\W*\Z")
_WORD_AFTER = re.compile(r"\W*\w*")


class LineEditor:
    """The text, where the cursor stands in it, and what was entered before."""

    def __init__(self, complete: Complete | None = None) -> None:
        self.text = ""
        self.cursor = 0
        self._complete = complete
        self._history: list[str] = []
        self._position = 0
        self._draft = ""

    def press(self, key: Key) -> str | None:
        """Take a key; returns the whole text when it was entered."""
        if key.name == "enter":
            return self._enter()
        if key.name in {"text", "paste"}:
            self._insert(printable(key.text))
        elif key.name == "newline":
            self._insert("\n")
        elif action := self._actions().get(key.name):
            action()
        return None

    def stash(self) -> str:
        """Take away what is half written, to put it back with `restore`."""
        text, self.text, self.cursor = self.text, "", 0
        return text

    def restore(self, text: str) -> None:
        """Put back what was taken away, unless something new was begun."""
        if not self.text:
            self._set(text)

    def remember(self, text: str) -> None:
        """Add a line to the history."""
        if text.strip() and self._history[-1:] != [text]:
            self._history.append(text)
        self._position = len(self._history)

    def _actions(self) -> dict[str, Callable[[], None]]:
        return {
            "backspace": lambda: self._cut(self.cursor - 1, self.cursor),
            "delete": lambda: self._cut(self.cursor, self.cursor + 1),
            "kill_line": lambda: self._cut(0, self.cursor),
            "kill_rest": lambda: self._cut(self.cursor, len(self.text)),
            "kill_word": lambda: self._cut(self._word_before(), self.cursor),
            "left": lambda: self._go(self.cursor - 1),
            "right": lambda: self._go(self.cursor + 1),
            "word_left": lambda: self._go(self._word_before()),
            "word_right": lambda: self._go(self._word_after()),
            "home": lambda: self._go(0),
            "end": lambda: self._go(len(self.text)),
            "up": lambda: self._recall(-1),
            "down": lambda: self._recall(1),
            "tab": self._finish_word,
        }

    def _enter(self) -> str:
        text = self.stash()
        self.remember(text)
        return text

    def _insert(self, text: str) -> None:
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def _cut(self, start: int, end: int) -> None:
        start = max(0, start)
        self.text = self.text[:start] + self.text[end:]
        self.cursor = min(start, len(self.text))

    def _go(self, to: int) -> None:
        self.cursor = max(0, min(len(self.text), to))

    def _word_before(self) -> int:
        found = _WORD_BEFORE.search(self.text[: self.cursor])
        return found.start() if found else 0

    def _word_after(self) -> int:
        found = _WORD_AFTER.match(self.text, self.cursor)
        return found.end() if found else len(self.text)

    def _set(self, text: str) -> None:
        self.text, self.cursor = text, len(text)

    def _recall(self, step: int) -> None:
        if self._position == len(self._history):
            self._draft = self.text
        position = self._position + step
        if 0 <= position <= len(self._history):
            self._position = position
            at_end = position == len(self._history)
            self._set(self._draft if at_end else self._history[position])

    def _finish_word(self) -> None:
        found = self._complete(self.text) if self._complete else ()
        if len(found) == 1:
            self._set(found[0])
