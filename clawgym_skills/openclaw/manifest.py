"""What a skill tells OpenClaw about itself: the block `metadata.openclaw` and a few keys beside it.

Only this name and the former `clawdbot` count; OpenClaw ignores `clawdis` and `moltbot`, and a
block that was itself written as a JSON string.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clawgym_skills.metadata import Requirements
from clawgym_skills.openclaw._javascript import JsValue, text_of, trim
from clawgym_skills.openclaw._json5 import Json5Error, parse_json5
from clawgym_skills.openclaw.frontmatter import OpenClawFrontmatter

BLOCK_KEYS = ("openclaw", "clawdbot")
_TRUE = frozenset(("true", "1", "yes", "on"))
_FALSE = frozenset(("false", "0", "no", "off"))


@dataclass(frozen=True)
class Manifest:
    """The part of the block that decides whether a skill is eligible, and under which key.

    `requires.bins` must all be on PATH, of `requires.any_bins` one; `primary_env` is satisfied by
    an `apiKey` in the configuration. `skill_key` is the key under `skills.entries`; without one it
    is the skill's name.
    """

    always: bool = False
    os: tuple[str, ...] = ()
    requires: Requirements = field(default_factory=Requirements)
    primary_env: str | None = None
    skill_key: str | None = None
    emoji: str | None = None
    homepage: str | None = None


def manifest_of(frontmatter: OpenClawFrontmatter) -> Manifest | None:
    """The block of a skill, or None where OpenClaw finds none."""
    block = _block(frontmatter.get("metadata", ""))
    return None if block is None else manifest_of_block(block)


def manifest_of_block(block: Mapping[str, JsValue]) -> Manifest:
    """Read the block itself, wherever it was found."""
    requires = block.get("requires")
    return Manifest(
        always=block.get("always") is True,
        os=_words(block.get("os")),
        requires=_requirements(requires) if isinstance(requires, dict) else Requirements(),
        primary_env=_text(block.get("primaryEnv")),
        skill_key=_text(block.get("skillKey")) or None,
        emoji=_text(block.get("emoji")),
        homepage=_text(block.get("homepage")),
    )


def user_invocable(frontmatter: OpenClawFrontmatter) -> bool:
    """Whether a user may call the skill as a slash command."""
    return _flag(frontmatter.get("user-invocable"), default=True)


def model_invocable(frontmatter: OpenClawFrontmatter) -> bool:
    """Whether the skill is listed in the prompt."""
    return not _flag(frontmatter.get("disable-model-invocation"), default=False)


def _block(written: str) -> dict[str, JsValue] | None:
    if not written:
        return None
    try:
        metadata = parse_json5(written)
    except Json5Error:
        return None
    if not isinstance(metadata, dict):
        return None
    for key in BLOCK_KEYS:
        block = metadata.get(key)
        if isinstance(block, dict):
            return block
        if isinstance(block, list):
            return {}  # an array is an object too, one without these keys
    return None


def _requirements(value: dict[str, JsValue]) -> Requirements:
    return Requirements(
        bins=_words(value.get("bins")),
        any_bins=_words(value.get("anyBins")),
        env=_words(value.get("env")),
        config=_words(value.get("config")),
    )


def _words(value: JsValue) -> tuple[str, ...]:
    """A list, or text separated by commas."""
    if isinstance(value, str):
        return tuple(word for part in value.split(",") if (word := trim(part)))
    if isinstance(value, list):
        return tuple(word for item in value if (word := trim(text_of(item))))
    return ()


def _text(value: JsValue) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: str | None, *, default: bool) -> bool:
    word = trim(value or "").lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else default
