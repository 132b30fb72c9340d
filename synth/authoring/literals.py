"""What a rewriting must keep, to the letter: what the deterministic instruction states."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from pydantic import JsonValue, TypeAdapter

from clawgym.graph import TaskGraph
from clawgym.task import Task
from synth.authoring.meaning import PATH, numbers_in_words, without_markers

_SPAN = re.compile(r"`[^`\n]+`")
_QUOTED = re.compile(r'"[^"\n]{1,200}"|\u201c[^\u201d\n]{1,200}\u201d')
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
_WORDS: TypeAdapter[dict[str, tuple[str, ...]]] = TypeAdapter(dict[str, tuple[str, ...]])
_LEAST = 2


@cache
def _meaning_words() -> tuple[str, ...]:
    text = files("synth.authoring").joinpath("meaning_words.toml").read_text("utf-8")
    lists = _WORDS.validate_python(tomllib.loads(text))
    return tuple(word for words in lists.values() for word in words)


def must_keep(task: Task) -> tuple[str, ...]:
    """Every literal that must stand in a rewriting: spans, quotations, numbers, params, words.

    Literals that stand inside others are left out: keeping the longer ones keeps them.
    """
    text = without_markers(task.instruction)
    found = [*_SPAN.findall(text), *_QUOTED.findall(text), *PATH.findall(text)]
    if task.graph:
        found += [value for value in _params(task.graph) if _stands(value, text)]
    found += _NUMBER.findall(text)
    found += [word for word in _meaning_words() if _stands(word, text, ignore_case=True)]
    return tuple(dict.fromkeys(found))


def literal_problems(task: Task, keep: tuple[str, ...], rewriting: str) -> list[str]:
    """Literals that a rewriting misses, and those that the instruction does not have."""
    words = set(_meaning_words())
    missing = [
        literal for literal in keep if not _stands(literal, rewriting, ignore_case=literal in words)
    ]
    problems = [f"missing: {literal}" for literal in missing]
    for what, pattern in (("literal", _SPAN), ("file", PATH), ("number", _NUMBER)):
        known = {_bare(span) for span in pattern.findall(task.instruction)}
        known |= numbers_in_words(task.instruction)
        # A path may be shown in back-ticks where the instruction has it bare, and the reverse.
        allowed = known | {_bare(literal) for literal in keep}
        problems += [
            f"the {what} {span} is not in the instruction"
            for span in dict.fromkeys(pattern.findall(without_markers(rewriting)))
            if _bare(span) not in allowed
        ]
    problems += [
        f"the word {word!r} is not in the instruction, and it changes what is asked"
        for word in _meaning_words()
        if word not in keep and _stands(word, rewriting, ignore_case=True)
    ]
    return problems


def _bare(span: str) -> str:
    return span.strip("`").replace(",", "") if span[:1] == "`" or span[:1].isdigit() else span


def _params(graph: TaskGraph) -> list[str]:
    return [
        leaf
        for node in graph.nodes
        for value in node.params.values()
        for leaf in _leaves(value)
        if len(leaf) >= _LEAST
    ]


def _leaves(value: JsonValue) -> list[str]:
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in (key, *_leaves(part))]
    if isinstance(value, list):
        return [leaf for part in value for leaf in _leaves(part)]
    return [value] if isinstance(value, str) else []


def _stands(literal: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether a literal stands in a text as a whole, not as a part of a longer word or number."""
    flags = re.IGNORECASE if ignore_case else 0
    before = r"(?<![\w.])" if literal[:1].isalnum() else ""
    after = r"(?![\w])(?!\.\d)" if literal[-1:].isalnum() else ""
    return re.search(before + re.escape(literal) + after, text, flags) is not None
