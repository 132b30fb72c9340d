"""What OpenClaw 2026.9 makes of a skill: would it load, and would it be eligible here?

frontmatter  the parser: text to string values, or the reason why the skill is skipped
manifest     the block `metadata.openclaw`: requirements, platforms, keys
config       `openclaw.json`, as far as skills are concerned
gating       whether a loaded skill may be used on this machine, and why not
sources      the roots that OpenClaw searches, their precedence, limits and link rules

The behaviour was read from the npm package (`dist/`) and its documentation, and is compared with
that parser by `benchmarks/skills_differential.py`.
"""

from clawgym_skills.openclaw.config import OpenClawConfig, SkillEntry
from clawgym_skills.openclaw.frontmatter import OpenClawSkippedError, parse_frontmatter
from clawgym_skills.openclaw.gating import Machine, Verdict, gate
from clawgym_skills.openclaw.manifest import Manifest, manifest_of

__all__ = [
    "Machine",
    "Manifest",
    "OpenClawConfig",
    "OpenClawSkippedError",
    "SkillEntry",
    "Verdict",
    "gate",
    "manifest_of",
    "parse_frontmatter",
]
