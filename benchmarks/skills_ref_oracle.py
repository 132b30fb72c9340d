"""Run the reference package's own tests, unmodified, against our compatibility module.

    pip download --no-deps --no-binary :all: skills-ref && tar xzf skills_ref-*.tar.gz
    python benchmarks/skills_ref_oracle.py skills_ref-0.1.1/tests

The modules `skills_ref.*` are aliases of `clawgym_skills.skills_ref` while the tests run.
"""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from clawgym_skills import skills_ref

MODULES = ("errors", "models", "parser", "prompt", "validator")


def main() -> int:
    """Run the tests in the folder that is named; returns pytest's exit code."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print(__doc__)
        return 2
    package = ModuleType("skills_ref")
    package.__path__ = []
    sys.modules["skills_ref"] = package
    sys.modules |= {f"skills_ref.{name}": skills_ref for name in MODULES}
    return pytest.main(["-q", "-n", "0", "-p", "no:cacheprovider", "--noconftest", sys.argv[1]])


if __name__ == "__main__":
    sys.exit(main())
