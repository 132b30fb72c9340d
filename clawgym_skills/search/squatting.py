"""Names that have to be earned: those of well-known products, and what is easily taken for one.

Rule: ClawHub's exact-match squat gate (openclaw/clawhub:specs/search-relevance.md). An exact match
alone is no authority; being vouched for, a checked source and use are hard to fake.
"""

from functools import cache
from importlib.resources import files

_LOOKALIKES = str.maketrans("0135$@аеорсух", "oles" + "saaeopcyx")  # noqa: RUF001 - that is the point
_SHORTEST_NEAR = 5


def resembled(slug: str) -> str | None:
    """The popular name that a slug is, looks like, or is one letter away from, if any."""
    if slug in _popular():
        return slug
    plain = slug.translate(_LOOKALIKES).replace("-", "")
    for name in sorted(_popular()):
        bare = name.replace("-", "")
        if plain == bare or (len(bare) >= _SHORTEST_NEAR and _one_edit_apart(plain, bare)):
            return name
    return None


def _one_edit_apart(left: str, right: str) -> bool:
    """Whether one insertion, deletion, exchange or swap of neighbours makes one the other."""
    if abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    one, other = left[start:], right[start:]
    swapped = one[1:2] + one[:1] + one[2:]
    return one[1:] == other or one == other[1:] or one[1:] == other[1:] or swapped == other


@cache
def _popular() -> frozenset[str]:
    text = files("clawgym_skills.search").joinpath("popular_names.txt").read_text("utf-8")
    return frozenset(text.split())
