"""What skills-ref and deepagents make of SKILL.md files; run by `skills_differential.py`.

It runs in the interpreter that has them installed and imports nothing of ours. Input: one path as
a JSON string a line; output: one JSON object a line.
"""

import json
import logging
import sys
from pathlib import Path

from deepagents.middleware.skills import _parse_skill_metadata
from skills_ref.validator import validate


def reference(path: Path) -> bool | None:
    """Whether the reference validator finds nothing; None for files that it does not look for."""
    if path.name not in ("SKILL.md", "skill.md"):
        return None
    try:
        return not validate(path.parent)
    except Exception:  # noqa: BLE001 (a foreign reader may raise anything; it means no)
        return False


def deep(path: Path) -> dict[str, str] | None:
    """Name and description by deepagents; None if it drops the skill."""
    try:
        text = path.read_bytes().decode("utf-8")
        found = _parse_skill_metadata(text, str(path), path.parent.name)
    except Exception:  # noqa: BLE001 (as above)
        return None
    return {"name": found["name"], "description": found["description"]} if found else None


def main() -> None:
    """Answer every path on standard input."""
    logging.disable()
    for line in sys.stdin:
        path = Path(json.loads(line))
        print(json.dumps({"valid": reference(path), "deepagents": deep(path)}))


if __name__ == "__main__":
    main()
