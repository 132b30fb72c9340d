"""Whether a text that a model wrote is English."""

from clawgym_skills.annotate.language import language_of_text
from clawgym_skills.annotate.record import Language

_CERTAIN = 0.7


def is_english(text: str) -> bool:
    """Whether an instruction is English prose."""
    return language_of_text(text)[0] is Language.ENGLISH


def is_foreign(text: str) -> bool:
    """Whether a file is clearly in another language; data of no language is not."""
    language, certainty = language_of_text(text)
    if language in (Language.CHINESE, Language.MULTILINGUAL):
        return True
    return language is Language.OTHER and certainty >= _CERTAIN
