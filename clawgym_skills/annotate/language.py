"""Which language a text is in: by script, then by the share of common words."""

import re
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from clawgym_skills.annotate.record import Language
from clawgym_skills.annotate.text import LineKind, SkillText

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_OTHER_SCRIPT = re.compile(r"[\u0370-\u06ff\u0900-\u109f\uac00-\ud7af]")
_WORD = re.compile(r"[a-zà-öø-ÿ]+")
_INLINE_CODE = re.compile(r"`[^`\n]*`|https?://\S+")

_HAN_PER_WORD = 1.7
_MAX_CHARS = 6_000
_CHINESE, _MIXED = 0.6, 0.15
_ENOUGH_WORDS = 6
_MANY_WORDS = 20
_LEAST_STOPWORDS = 0.08

_WORDS: TypeAdapter[dict[str, frozenset[str]]] = TypeAdapter(dict[str, frozenset[str]])


@cache
def _stopwords() -> dict[str, tuple[str, ...]]:
    """Each common word with its languages."""
    text = files("clawgym_skills.annotate").joinpath("languages.toml").read_text("utf-8")
    lists = _WORDS.validate_python(tomllib.loads(text)["stopwords"])
    words = sorted(set[str]().union(*lists.values()))
    return {word: tuple(name for name in lists if word in lists[name]) for word in words}


def language_of(text: SkillText) -> tuple[Language, float]:
    """The language of the prose, and how certain that is, in [0, 1].

    Headings count only where there is little else: authors of any language write them in English.
    Code is left out.
    """
    prose = "\n".join(line for _, line in text.of(LineKind.PROSE, LineKind.TABLE))
    description = text.skill.description
    content = f"{description}\n{prose}"
    if len(content) < 200:
        content = "\n".join((content, *text.headings))
    return language_of_text(content)


def language_of_text(content: str) -> tuple[Language, float]:
    """The language of a plain text, and how certain that is."""
    content = _INLINE_CODE.sub(" ", content[:_MAX_CHARS]).lower()
    if content.isascii():
        return _latin(_WORD.findall(content))
    han, kana, other = (len(pattern.findall(content)) for pattern in (_HAN, _KANA, _OTHER_SCRIPT))
    words = _WORD.findall(content)
    foreign = (han + kana + other) / _HAN_PER_WORD
    total = foreign + len(words)
    if not total or foreign / total < _MIXED:
        return _latin(words)
    share = foreign / total
    certainty = 0.6 + 0.4 * min(1.0, abs(share - _CHINESE) / 0.3)
    if other > han or kana > 0.1 * (han + kana):
        return Language.OTHER, certainty
    return (Language.CHINESE if share >= _CHINESE else Language.MULTILINGUAL), certainty


def _latin(words: list[str]) -> tuple[Language, float]:
    if len(words) < _ENOUGH_WORDS:
        return Language.UNKNOWN, 0.5
    stopwords = _stopwords()
    counts = Counter(name for word in words for name in stopwords.get(word, ()))
    if not counts:
        return (Language.ENGLISH, 0.6) if len(words) > _MANY_WORDS else (Language.UNKNOWN, 0.5)
    shares = {name: count / len(words) for name, count in counts.items()}
    best = max(shares, key=lambda name: shares[name])
    if shares[best] < _LEAST_STOPWORDS:
        return (Language.ENGLISH, 0.6) if len(words) > _MANY_WORDS else (Language.UNKNOWN, 0.5)
    margin = shares[best] - max((s for n, s in shares.items() if n != best), default=0.0)
    certainty = min(1.0, 0.6 + 4 * margin)
    return (Language.ENGLISH if best == "english" else Language.OTHER), certainty
