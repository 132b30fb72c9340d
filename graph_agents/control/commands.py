"""Shell commands, taken apart as far as that is certain.

A policy speaks of programs and their arguments. What a shell will run is only known for plain
commands: where a substitution, a here-document or a script in another file decides, the command is
opaque, and whoever judges it has to be told so.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ENDS = frozenset(";&|()\n")
_GROUPS = frozenset({"{", "}", "!"})
_KEYWORDS = frozenset({"if", "then", "else", "elif", "fi", "while", "until", "do", "done"})
_ASSIGNMENT = re.compile(r"\A[A-Za-z_]\w*\+?=")
_WRAPPERS = frozenset(
    {"command", "exec", "nice", "nohup", "env", "sudo", "doas", "xargs", "time", "timeout"}
)
_RUN_TEXT = frozenset({"eval", "source", ".", "bash", "sh", "dash", "zsh", "ksh", "fish", "trap"})
_EXPANSION = re.compile(r"[$`]|<\(|>\(|<<")
_DURATION = re.compile(r"\A\d+(?:\.\d+)?[smhd]?\Z")


@dataclass(frozen=True)
class Command:
    """One simple command: its words without assignments, wrappers and redirections.

    `writes` are the files that its output is redirected to.
    """

    words: tuple[str, ...]
    writes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The words with single blanks between, which is what patterns are held against."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Script:
    """What a shell is asked to run; `opaque` says why that is not certain, where it is not."""

    commands: tuple[Command, ...]
    opaque: str = ""


def read_script(text: str) -> Script:
    """Take a command line or a script apart."""
    lexer = shlex.shlex(text.replace("\\\n", " "), posix=True, punctuation_chars=";&|()<>\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    try:
        commands = tuple(_commands(_without_comments(lexer)))
    except ValueError as error:
        return Script((), f"it cannot be read ({str(error).lower()})")
    return Script(commands, _doubt(text, commands))


def _without_comments(tokens: Iterator[str]) -> Iterator[str]:
    for token in tokens:
        if token.startswith("#"):
            yield next((end for end in tokens if "\n" in end), "\n")
        else:
            yield token


def _commands(tokens: Iterator[str]) -> Iterator[Command]:
    words: list[str] = []
    writes: list[str] = []
    redirection = ""
    for token in (*tokens, ";"):
        if set(token) <= _ENDS or token in _GROUPS:
            command = Command(_bare(words), tuple(writes))
            if command != Command(()):
                yield command
            words, writes, redirection = [], [], ""
        elif set(token) <= set("<>&|"):
            if words and words[-1].isdigit():
                words.pop()  # the descriptor that is redirected
            redirection = token
        elif redirection:
            writes += _target(redirection, token)
            redirection = ""
        else:
            words.append(token)


def _target(operator: str, word: str) -> list[str]:
    """The file that output goes to; none for input and for other descriptors."""
    descriptor = "&" in operator and (word.isdigit() or word == "-")
    return [word] if ">" in operator and not descriptor else []


def _bare(words: Sequence[str]) -> tuple[str, ...]:
    """Without keywords, assignments and programs that only run another one."""
    rest = list(words)
    while rest and (rest[0] in _KEYWORDS or _ASSIGNMENT.match(rest[0])):
        rest.pop(0)
    while len(rest) > 1 and rest[0] in _WRAPPERS:
        rest.pop(0)
        while len(rest) > 1 and _is_for_a_wrapper(rest[0]):
            rest.pop(0)
    return tuple(rest)


def _is_for_a_wrapper(word: str) -> bool:
    return word.startswith("-") or bool(_ASSIGNMENT.match(word) or _DURATION.match(word))


def _doubt(text: str, commands: Sequence[Command]) -> str:
    if found := _EXPANSION.search(re.sub(r"\\.|'[^']*'", "", text, flags=re.DOTALL)):
        return f"the shell replaces what follows {found[0]!r} before it runs"
    for command in commands:
        program = command.words[0].rsplit("/", 1)[-1] if command.words else ""
        if program in _RUN_TEXT:
            return f"{program} runs whatever its text or file says"
    return ""
