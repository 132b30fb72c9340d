"""Shell text to pipelines of commands: enough of the grammar to see what is fed into what.

Quotes, escapes, comments, `$(…)`, backticks and `<(…)` are understood; nothing is expanded, and
whatever is malformed is taken as words. One pass over the text, whatever it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_DEPTH = 6
MAX_SCRIPT = 200_000
"""Characters of one script that are parsed."""

_BLANK = " \t\r"
_WRAPPERS = frozenset(
    {
        "sudo",
        "env",
        "nohup",
        "exec",
        "command",
        "time",
        "then",
        "do",
        "else",
        "doas",
        "if",
        "!",
        "{",
    }
)
_MAX_SUBSTITUTION = 8_000
_MAX_QUOTED_LINES = 40
_MAX_HEREDOCS = 8


@dataclass
class Word:
    """One word, quotes removed; `inner` are the pipelines of the substitutions in it."""

    text: str = ""
    inner: list["Pipeline"] = field(default_factory=list["Pipeline"])
    quoted: bool = False


@dataclass
class Command:
    """A command with its words, and the files that its output is redirected to."""

    words: list[Word] = field(default_factory=list[Word])
    writes: list[str] = field(default_factory=list[str])
    reads: list[str] = field(default_factory=list[str])

    @property
    def arguments(self) -> list[str]:
        """The words from the name of the program on, without wrappers and assignments."""
        texts = [word.text for word in self.words]
        start = 0
        options = False  # those of sudo and env
        while start < len(texts):
            text = texts[start]
            if text in _WRAPPERS:
                options = True
            elif not _is_assignment(text) and not (options and text.startswith("-")):
                break
            start += 1
        return texts[start:]

    @property
    def name(self) -> str:
        """The program's name without its directory, '' for an assignment."""
        arguments = self.arguments
        return arguments[0].rpartition("/")[2].lower() if arguments else ""

    @property
    def inner(self) -> list["Pipeline"]:
        """The pipelines in all substitutions of this command."""
        return [pipeline for word in self.words for pipeline in word.inner]


@dataclass
class Pipeline:
    """Commands joined by `|`; `line` counts from 0 within the text."""

    commands: list[Command]
    line: int

    def everything(self) -> Iterator["Pipeline"]:
        """This pipeline and those inside it."""
        yield self
        for command in self.commands:
            for pipeline in command.inner:
                yield from pipeline.everything()


def _is_assignment(text: str) -> bool:
    name, equals, _ = text.partition("=")
    return bool(equals) and name.isidentifier()


def parse_shell(text: str, depth: int = 0) -> list[Pipeline]:
    """The pipelines of a script, in order; those in substitutions hang off their words."""
    return _Parser(text[:MAX_SCRIPT], depth).pipelines()


class _Parser:
    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.at = 0
        self.line = 0
        self.depth = depth
        self.done: list[Pipeline] = []
        self.commands: list[Command] = []
        self.command = Command()
        self.word: Word | None = None
        self.redirect = ""
        self.heredocs: list[str] = []
        self.unended: set[str] = set()
        self.closing = _parentheses(text)

    def pipelines(self) -> list[Pipeline]:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        self._end_pipeline()
        return self.done

    def _step(self, character: str) -> None:
        if character in _BLANK:
            self._end_word()
            self.at += 1
        elif character == "\n":
            self._end_pipeline()
            self.at += 1
            self.line += 1
            self._skip_heredocs()
        elif character == "\\":
            self._escape()
        elif character in "'\"":
            self._quote(character)
        elif character == "#" and self.word is None:
            self._skip_comment()
        else:
            self._operator_or_text(character)

    def _operator_or_text(self, character: str) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if character == "`" or (character in "$<>" and following == "("):
            self._substitution(character)
        elif character == "|" and following != "|":
            self._end_command()
            self.at += 2 if following == "&" else 1
        elif character in ";|&":
            self._separator(character, following)
        elif character in "<>":
            self._redirection()
        elif character in "()" and self.word is None:
            self._end_pipeline()
            self.at += 1
        else:
            self._append(character)
            self.at += 1

    def _separator(self, character: str, following: str) -> None:
        if character == "&" and following == ">":
            self.at += 1
            self._redirection()
            return
        self._end_pipeline()
        self.at += 2 if following == character else 1

    def _append(self, text: str) -> None:
        if self.word is None:
            self.word = Word()
        self.word.text += text

    def _escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        self.at += 2
        if following == "\n":
            self.line += 1
            self._end_word()
        elif following:
            self._append(following)

    def _quote(self, mark: str) -> None:
        start = self.at + 1
        end = self._closing(mark, start)
        if end < 0:  # an apostrophe, not a quote
            self._append(mark)
            self.at = start
            return
        content = self.text[start:end]
        self._append("")
        if self.word is not None:
            self.word.quoted = True
        if mark == '"' and ("$(" in content or "`" in content):
            self._inside_double_quotes(start, end)
        else:
            self._append(content)
            self.line += content.count("\n")
        self.at = end + 1

    def _closing(self, mark: str, start: int) -> int:
        """Where a quote ends; one that runs over twenty lines is taken for an apostrophe."""
        if mark == "'":
            end = self.text.find("'", start)
            lines = self.text.count("\n", start, end) if end >= 0 else 0
            return end if lines <= _MAX_QUOTED_LINES else -1
        at, lines = start, 0
        while at < len(self.text) and lines <= _MAX_QUOTED_LINES:
            if self.text.startswith("$(", at):
                at = self.closing.get(at + 1, at + 1) + 1
                continue
            character = self.text[at]
            if character == mark:
                return at
            lines += character == "\n"
            at += 2 if character == "\\" else 1
        return -1

    def _inside_double_quotes(self, start: int, end: int) -> None:
        self.at = start
        while self.at < end:
            character = self.text[self.at]
            if character == "`" or self.text.startswith("$(", self.at):
                self._substitution(character)
            else:
                self._append(character)
                self.line += character == "\n"
                self.at += 1

    def _substitution(self, character: str) -> None:
        if character == "`":
            start = self.at + 1
            end = self.text.find("`", start, start + _MAX_SUBSTITUTION)
        else:
            start = self.at + 2
            end = self.closing.get(self.at + 1, -1)
        if end < 0 or self.depth >= MAX_DEPTH:
            self._append(character)
            self.at += 1
            return
        self._append("")
        content = self.text[start:end]
        if self.word is not None:
            self.word.inner += self._inner(content)
        self.line += content.count("\n")
        self.at = end + 1

    def _inner(self, content: str) -> list[Pipeline]:
        pipelines = parse_shell(content, self.depth + 1)
        for pipeline in pipelines:
            pipeline.line += self.line
        return pipelines

    def _redirection(self) -> None:
        if self.word is not None and self.word.text.isdigit() and not self.word.quoted:
            self.word = None  # a file descriptor
        self._end_word()
        end = self.at
        while end < len(self.text) and self.text[end] in "<>":
            end += 1
        if self.text.startswith("&", end):
            end += 1  # as in 2>&1
        self.redirect = self.text[self.at : end]
        self.at = end
        if self.redirect == "<<" and self.text.startswith("-", end):
            self.at += 1

    def _end_word(self) -> None:
        if self.word is None:
            return
        word, self.word = self.word, None
        redirect, self.redirect = self.redirect, ""
        if redirect == "<<":
            self.heredocs.append(word.text)
        elif redirect.startswith("<"):
            self.command.reads.append(word.text)
            if word.inner or redirect == "<<<":
                self.command.words.append(word)
        elif redirect:
            self.command.writes.append(word.text)
        else:
            self.command.words.append(word)

    def _end_command(self) -> None:
        self._end_word()
        self.redirect = ""
        if self.command.words or self.command.writes:
            self.commands.append(self.command)
        self.command = Command()

    def _end_pipeline(self) -> None:
        self._end_command()
        if self.commands:
            self.done.append(Pipeline(self.commands, self.line))
        self.commands = []

    def _skip_comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _skip_heredocs(self) -> None:
        """Skip the text of here-documents: it is input, not commands."""
        for mark in self.heredocs[:_MAX_HEREDOCS]:
            end = -1 if mark in self.unended else self.text.find(f"\n{mark}", self.at - 1)
            if end < 0:
                self.unended.add(mark)
                continue
            end += len(mark) + 1
            self.line += self.text.count("\n", self.at, end)
            self.at = end
        self.heredocs = []


def _parentheses(text: str) -> dict[int, int]:
    """Each opening parenthesis to the one that closes it, where that is not too far."""
    pairs: dict[int, int] = {}
    open_ones: list[int] = []
    for found in re.finditer(r"[()]", text):
        if found[0] == "(":
            open_ones.append(found.start())
        elif open_ones:
            start = open_ones.pop()
            if found.start() - start <= _MAX_SUBSTITUTION:
                pairs[start] = found.start()
    return pairs
