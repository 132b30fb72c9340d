"""Formats: what a result is written as, by who takes it.

JSON is for programs and for those who write them. Who plans lessons, runs a club or keeps the
books opens a table, even if what they were given is an export in JSON.
"""

from collections.abc import Sequence

from clawgym.artifact import ArtifactKind
from synth.taxonomy.domain import TECHNICAL_FUNCTIONS
from synth.taxonomy.persona import Persona

_FOR_PROGRAMS = (ArtifactKind.CODE, ArtifactKind.CONFIG)

Format = tuple[ArtifactKind, str]
"""A kind of file with its extension."""

_PLAIN_ROWS: Sequence[Format] = ((ArtifactKind.TABLE, "csv"), (ArtifactKind.RECORDS, "json"))
"""What findings are written as, whatever they are about."""

_PLAIN = frozenset({"", "csv", "tsv", "json", "jsonl", "md", "txt"})
"""What anybody writes: rows, text and folders."""


def among(
    made: Sequence[Format], endings: tuple[str, ...], *, taken: bool = False
) -> Sequence[Format]:
    """Of the formats that a result may have, those that a skill for such files can write.

    Args:
        made: the formats.
        endings: what the names of the files end in that the skill is for.
        taken: whether it takes such a file already; then plain ones will do as well. Otherwise
            findings about something else, written as plain rows, are no work for it.
    """
    if not taken and tuple(made) == _PLAIN_ROWS:
        return ()
    return tuple(
        one for one in made if f".{one[1]}".endswith(endings) or (taken and one[1] in _PLAIN)
    )


def suiting(persona: Persona, first: ArtifactKind, made: Sequence[Format]) -> Sequence[Format]:
    """Of the formats that a result may have, those that suit who asks for it.

    Args:
        persona: who asks.
        first: the kind of file that the result is made of.
        made: what the operation can write, with the file's extension.

    Returns:
        Some of `made`, or all of them where it offers nothing but files for programs.
    """
    tables = [one for one in made if one[0] is not ArtifactKind.RECORDS]
    if not tables or first in _FOR_PROGRAMS:
        return made
    if persona.function not in TECHNICAL_FUNCTIONS:
        return tables
    return made if first is ArtifactKind.RECORDS else (*made, *tables)
