"""The page on checks is what the models and the runtime say."""

import re
import subprocess
import sys
from pathlib import Path

from tests.verify.test_grade_types import types

ROOT = Path(__file__).parents[2]


def test_every_type_of_check_is_documented() -> None:
    script = ROOT / "docs" / "checks_reference.py"
    made = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    page = (ROOT / "docs" / "checks.md").read_text()
    assert page == made.stdout, "run: python docs/checks_reference.py > docs/checks.md"
    named = {
        name for line in re.findall(r"^## (.*)$", page, re.MULTILINE) for name in line.split(", ")
    }
    assert named == types()
