"""The core content: what a skill knows how to do, without products, secrets, links and code."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from clawgym_skills._text import one_line, shorten
from clawgym_skills.annotate.text import LineKind, SkillText

MAX_CHARS = 1_600

_PER_SECTION = 6
_MAX_SENTENCE = 220
_CREDENTIAL = re.compile(
    r"api[ _-]?key|\btokens?\b(?! count)|\bsecrets?\b|password|credential|oauth|\blog ?in\b|"
    r"sign in|密钥|令牌|登录",
    re.IGNORECASE,
)
_URL = re.compile(r"\(?https?://[^\s)]+\)?|\bwww\.\S+")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_VARIABLE = re.compile(r"\$\{?[A-Z_]\w*\}?|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")
_MARKUP = re.compile(
    r"\*\*|__|`+|[#>|]+|^\s*(?:[-*+]|\d+[.)])\s+|[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]"
)
_REPEATED = re.compile(r"\b(?:[Tt]he\s+)?(?:the service[\s/,&]*)+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])")
_LETTERS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CJK = re.compile(r"[\u4e00-\u9fff]")
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sections_left_out: tuple[str, ...]
    imperatives: frozenset[str]
    brands: tuple[str, ...]

    @property
    def dull_sections(self) -> re.Pattern[str]:
        """Headings of sections that are left out."""
        forms = (re.escape(form).replace(r"\*", r"\w*") for form in self.sections_left_out)
        return re.compile(rf"^\W*(?:\d+\W+)?(?:{'|'.join(forms)})\b", re.IGNORECASE)

    @property
    def brand_names(self) -> re.Pattern[str]:
        """The vendors, as whole words."""
        return re.compile(rf"\b(?:{'|'.join(map(re.escape, self.brands))})(?:'s)?\b", re.IGNORECASE)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], frozenset[str]]:
    text = files("clawgym_skills.annotate").joinpath("core_words.toml").read_text("utf-8")
    words = _Words.model_validate(tomllib.loads(text))
    return words.dull_sections, words.brand_names, words.imperatives


def core_content(text: SkillText) -> str:
    """The abstract seed of tasks: the description, headings and instructions, bounded.

    Sections on setting up, installing and the like are left out, and so is every sentence on
    credentials. Names of vendors and the skill's own name are replaced by `the service`.
    """
    own_name = _own_name(text)
    parts = [_cleaned(text.skill.description, own_name)]
    length = len(parts[0])
    for heading, sentences in _sections(text, own_name):
        block = "\n".join(([f"{heading}:"] if heading else []) + [f"- {s}" for s in sentences])
        if length + len(block) > MAX_CHARS:
            break
        parts.append(block)
        length += len(block) + 1
    joined = "\n".join(part for part in parts if part)
    return shorten(joined, MAX_CHARS) or text.skill.description or text.skill.name


def _own_name(text: SkillText) -> re.Pattern[str] | None:
    """The skill's name where it is a proper name: written with a capital inside the text."""
    words = [word for word in re.split(r"[-_ /]+", text.skill.name) if len(word) > 3]
    content = "\n".join(line for _, line in text.of(LineKind.PROSE))
    proper = [
        word
        for word in words
        if f" {word.capitalize()} " in content and f" {word.lower()} " not in content
    ]
    if not proper:
        return None
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, proper))})\b", re.IGNORECASE)


def _sections(text: SkillText, own_name: re.Pattern[str] | None) -> Iterator[tuple[str, list[str]]]:
    """Each section that tells something: its heading and its first instructions."""
    dull, _, _ = _patterns()
    heading, kept = "", list[str]()
    skipped_depth = 0
    for _, line in text.of(LineKind.HEADING, LineKind.PROSE):
        if not line.lstrip().startswith("#"):
            if not skipped_depth and len(kept) < _PER_SECTION:
                kept += _instructions(line, own_name)
            continue
        depth = len(line.lstrip()) - len(line.lstrip().lstrip("#"))
        if skipped_depth and depth > skipped_depth:
            continue
        if kept:
            yield heading, kept[:_PER_SECTION]
        title = line.strip().lstrip("#").strip()
        skipped_depth = depth if dull.match(title) else 0
        heading, kept = _cleaned(title, own_name), []
    if kept:
        yield heading, kept[:_PER_SECTION]


def _instructions(line: str, own_name: re.Pattern[str] | None) -> list[str]:
    """The sentences of a line that tell somebody to do something."""
    if not line.strip() or _CREDENTIAL.search(line):
        return []
    bullet = _BULLET.match(line) is not None
    parts = (part for part in _SENTENCE.split(line[:1_000]) if _instructs(part, bullet=bullet))
    sentences = (_cleaned(part, own_name) for part in parts)
    return [sentence for sentence in sentences if 12 <= len(sentence) <= _MAX_SENTENCE]


def _instructs(sentence: str, *, bullet: bool) -> bool:
    _, _, imperatives = _patterns()
    first = _LETTERS.search(sentence)
    if first is None:
        return False
    if first[0].lower() in imperatives:
        return True
    return bullet and (_CJK.search(sentence) is not None or len(sentence) > 30)


def _cleaned(text: str, own_name: re.Pattern[str] | None) -> str:
    """One line without marks, links, variables, vendors."""
    _, brands, _ = _patterns()
    plain = _LINK.sub(r"\1", text) if "](" in text else text
    if "http" in plain or "www." in plain:
        plain = _URL.sub("", plain)
    if "_" in plain or "$" in plain:
        plain = _VARIABLE.sub("", plain)
    plain = _MARKUP.sub("", plain)
    plain = brands.sub("the service", plain)
    if own_name:
        plain = own_name.sub("the service", plain)
    if "the service" in plain:
        plain = _REPEATED.sub("the service ", plain)
    return one_line(plain).strip(" :-\u2013\u2014")
