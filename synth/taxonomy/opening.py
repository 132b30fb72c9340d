"""How requests begin and end: context around the work, in the tone of whoever asks.

The work itself, its rules and its results are said elsewhere (`synth.phrasing`); nothing here
names a result.
"""

import random
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import RootModel

from clawgym.artifact import ArtifactKind
from synth.taxonomy._toml import Data, read_toml, toml_names
from synth.taxonomy.persona import Tone
from synth.taxonomy.purpose import Purpose

if TYPE_CHECKING:
    from synth.taxonomy.setting import Setting

Style = Literal["brief", "spec"]

_WORK_WORDS = ("{role}", "{a_role}", "{organisation}")
_MONTH_WORDS = ("{month}", "{period}")
_GIVES_REASON = {"terse": 0.35, "plain": 0.7, "chatty": 0.9, "formal": 0.6}
_CLOSES, _CLOSES_DRAFTS = 0.25, 0.6
"""How many requests have a last word."""

_UNIQUE = ("head of", "managing director", "general manager", "treasurer", "town clerk")
"""What there is one of is said without an article: `I am head of operations`."""
_SPOKEN_LIKE_VOWELS = "AEFHILMNORSX"


class Lines(Data):
    """What people of one subcategory say first, by tone, and why they want it done."""

    terse: tuple[str, ...]
    chatty: tuple[str, ...]
    formal: tuple[str, ...]
    purposes: tuple[Purpose, ...]

    def of(self, tone: Tone) -> tuple[str, ...]:
        """The openings of a tone; whoever writes plainly may use any but a greeting."""
        if tone == "terse":
            return self.terse
        if tone == "chatty":
            return self.chatty
        if tone == "formal":
            return self.formal
        return tuple(line for line in self.all if not line.startswith("Hi"))

    @property
    def all(self) -> tuple[str, ...]:
        """Every opening."""
        return (*self.terse, *self.chatty, *self.formal)


class _OpeningFile(RootModel[dict[str, Lines]]):
    pass


class _Closings(Data):
    drafts: tuple[str, ...]
    terse: tuple[str, ...]
    plain: tuple[str, ...]
    chatty: tuple[str, ...]
    formal: tuple[str, ...]

    def of(self, tone: Tone) -> tuple[str, ...]:
        """The closings of a tone."""
        by_tone: dict[Tone, tuple[str, ...]] = {
            "terse": self.terse,
            "plain": self.plain,
            "chatty": self.chatty,
            "formal": self.formal,
        }
        return by_tone[tone]


@cache
def _lines() -> dict[str, Lines]:
    found: dict[str, Lines] = {}
    for name in toml_names("openings"):
        found |= read_toml(_OpeningFile, "openings", name).root
    return found


def lines_of(subcategory: str) -> Lines:
    """The lines of a subcategory; `KeyError` if there is none of that name."""
    return _lines()[subcategory]


def opening(
    rng: random.Random,
    setting: "Setting",
    style: Style,
    work: Collection[str] = (),
    *,
    reason: bool = True,
) -> str:
    """One to three sentences: what it is about and, often, why, unless no `reason` is wanted.

    The reason is one that operations of the names in `work` serve.

    A specification begins formally or plainly, whatever the persona's tone.
    """
    tone = setting.persona.tone
    if style == "spec" and tone in ("terse", "chatty"):
        tone = "plain"
    said = rng.choice(_openings(setting, tone)).format(**words_of(setting))
    if reason and rng.random() < _GIVES_REASON[tone]:
        said = f"{said} {_reason(rng, setting, work)}"
    return said


def _reason(rng: random.Random, setting: "Setting", work: Collection[str]) -> str:
    """The setting's purpose, or another one of the same people where the work does not serve it."""
    if setting.purpose.suits(work):
        return setting.purpose.say
    known = (*setting.domain.purposes, *lines_of(setting.subcategory).purposes)
    fitting = [purpose for purpose in known if purpose.suits(work)]
    return rng.choice(fitting).filled(setting.period).say


def closing(
    rng: random.Random, setting: "Setting", style: Style, *, with_drafts: bool = False
) -> str:
    """One sentence at the end or, mostly, nothing; about messages only where some are drafted."""
    tone = setting.persona.tone
    if with_drafts and rng.random() < _CLOSES_DRAFTS:
        return rng.choice(_closings().drafts)
    if rng.random() >= _CLOSES:
        return ""
    if style == "spec" and tone in ("terse", "chatty"):
        tone = "plain"
    return rng.choice(_closings().of(tone))


@cache
def _closings() -> _Closings:
    return read_toml(_Closings, "taxonomy", "closings.toml")


def _openings(setting: "Setting", tone: Tone) -> Sequence[str]:
    """What somebody may say; who asks for a household has no house to speak for."""
    lines = lines_of(setting.subcategory)
    fits = [line for line in lines.of(tone) if _is_true(setting, line)]
    return fits or [line for line in lines.all if _is_true(setting, line)] or lines.of(tone)


def _is_true(setting: "Setting", line: str) -> bool:
    """Whether somebody may say it; a log tells of two days, not of a whole month."""
    if setting.domain.entry == (ArtifactKind.LOG,) and any(word in line for word in _MONTH_WORDS):
        return False
    return is_private(line) or not setting.persona.private


def is_private(line: str) -> bool:
    """Whether somebody may say it who asks for a household."""
    return not any(word in line for word in _WORK_WORDS)


def words_of(setting: "Setting") -> dict[str, str]:
    """What lines say in braces."""
    plural, singular = setting.domain.plural, setting.domain.singular
    role = setting.persona.role
    return {
        "role": role,
        "a_role": role if role.startswith(_UNIQUE) else with_article(role),
        "organisation": setting.persona.organisation,
        "plural": plural,
        "Plural": plural[:1].upper() + plural[1:],
        "singular": singular,
        "a_singular": with_article(singular),
        "period": setting.period.label,
        "month": setting.period.month,
        "next_period": setting.period.following,
    }


def with_article(noun: str) -> str:
    """`a user`, `an order`, `an HR officer`."""
    first = noun.split(maxsplit=1)[0]
    if first.isupper():
        return f"{'an' if first[0] in _SPOKEN_LIKE_VOWELS else 'a'} {noun}"
    silent = first.lower().startswith(("uni", "use", "eu", "one"))
    return f"{'an' if first[0].lower() in 'aeiou' and not silent else 'a'} {noun}"
