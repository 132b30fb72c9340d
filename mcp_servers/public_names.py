"""The names that clients know skills by: slugs, and no two the same."""

from collections.abc import Iterable, Iterator

from clawgym_skills.publication import slug

MAX_NAME = 64


def public_names(ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each id with its public name, a slug that no other has.

    That is the slug of the skill's own name; where another skill has it, `owner-name`; where even
    that is taken, with a number.
    """
    taken: set[str] = set()
    for skill_id in ids:
        name = slug(skill_id.rpartition("/")[2])
        if name in taken:
            name = slug(skill_id)
        base, number = name, 1
        while name in taken:
            number += 1
            name = f"{base[: MAX_NAME - 1 - len(str(number))].rstrip('-')}-{number}"
        taken.add(name)
        yield skill_id, name
