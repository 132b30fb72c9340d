"""Writing skills: start one from a template, lint and mend it, pack it into one file."""

from clawgym_skills.authoring.linting import Lint, LintFinding, lint_skill
from clawgym_skills.authoring.mending import mend
from clawgym_skills.authoring.packing import Packed, pack
from clawgym_skills.authoring.starting import start_skill

__all__ = ["Lint", "LintFinding", "Packed", "lint_skill", "mend", "pack", "start_skill"]
