"""Endings: what the files are called that an operation takes or makes in tasks.

A skill may be for some formats of a kind only: Word files are documents, and so are printouts.
"""

from collections.abc import Mapping
from functools import cache

from clawgym.artifact import ArtifactKind
from clawgym.operation import Capability
from synth.formats import among
from synth.operations import OPERATIONS

_OF_KIND: Mapping[ArtifactKind, tuple[str, ...]] = {
    ArtifactKind.TABLE: (".csv", ".tsv"),
    ArtifactKind.RECORDS: (".json", ".jsonl"),
    ArtifactKind.DOCUMENT: (".md",),
    ArtifactKind.LOG: (".log",),
    ArtifactKind.CONFIG: (".ini",),
    ArtifactKind.MAILBOX: (".mbox",),
    ArtifactKind.CALENDAR: (".ics",),
    ArtifactKind.ARCHIVE: (".zip",),
    ArtifactKind.CODE: (),
}
"""Of what an operation takes first; folders have none."""

_OF_CAPABILITY: Mapping[Capability, tuple[str, ...]] = {
    Capability("extract", ArtifactKind.TABLE): (".xlsx",),
    Capability("extract", ArtifactKind.DOCUMENT): (".md", ".txt"),
    Capability("fetch", ArtifactKind.DOCUMENT): (".html",),
    Capability("schedule", ArtifactKind.CONFIG): ("crontab.txt",),
}
"""Where an operation brings other files than those that are usual for the kind."""


def endings_taken(capability: Capability) -> tuple[str, ...]:
    """What the names of the files end in that come first."""
    return _OF_CAPABILITY.get(capability, _OF_KIND[capability.kind])


@cache
def comes_in(capability: Capability, formats: tuple[str, ...]) -> bool:
    """Whether tasks have the operation take or make a file of these formats, or there are none."""
    if not formats or any(taken.endswith(formats) for taken in endings_taken(capability)):
        return True
    operation = OPERATIONS[capability.operation]
    made = () if operation.same_format else operation.makes(capability.kind)
    return bool(among(made, formats))
