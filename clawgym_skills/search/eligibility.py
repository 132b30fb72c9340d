"""Whether OpenClaw would load a skill on this machine, as a function that SQL can call."""

import json
from collections.abc import Callable

from pydantic import JsonValue

from clawgym_skills.metadata import metadata_of
from clawgym_skills.openclaw.gating import Machine, gate
from clawgym_skills.openclaw.manifest import BLOCK_KEYS, Manifest, manifest_of_block


def eligibility() -> Callable[[str, str], bool]:
    """A function of a skill's name and its frontmatter as JSON; the machine is looked at once."""
    machine = Machine.current()

    def is_eligible(name: str, frontmatter: str) -> bool:
        return gate(name, _manifest(json.loads(frontmatter)), machine).eligible

    return is_eligible


def _manifest(frontmatter: dict[str, JsonValue]) -> Manifest | None:
    metadata = metadata_of(frontmatter) or {}
    for key in BLOCK_KEYS:
        block = metadata.get(key)
        if isinstance(block, dict):
            return manifest_of_block(block)
    return None
