"""How the tests call the scripts of the bundled skills: as an agent does, in a process each."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import clawgym_skills

BUNDLED = Path(clawgym_skills.__file__).parent / "bundled"
SKILLS = sorted(path.parent for path in BUNDLED.glob("*/SKILL.md"))
SCRIPTS = sorted(BUNDLED.glob("*/scripts/*.py"))


@dataclass(frozen=True)
class Outcome:
    """What a script left behind: exit status, standard output, standard error."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Workspace:
    """A folder in which one skill's script runs."""

    root: Path
    script: Path

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def run(self, *arguments: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, str(self.script), *arguments],
            cwd=self.root,
            capture_output=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in outcome.err, outcome.err
        return outcome

    def ok(self, *arguments: str) -> str:
        """Run, expect success, and return what was printed."""
        outcome = self.run(*arguments)
        assert outcome.status == 0, outcome
        return outcome.out

    def refused(self, *arguments: str) -> str:
        """Run, expect a usage error, and return its message."""
        outcome = self.run(*arguments)
        assert outcome.status == 2, outcome
        return outcome.err


def script_of(skill: str) -> Path:
    (script,) = (BUNDLED / skill / "scripts").glob("*.py")
    return script


def load(skill: str) -> ModuleType:
    """The script as a module, for properties that need thousands of calls.

    Unlike an import this writes no byte code into the skill's folder.
    """
    script = script_of(skill)
    module = ModuleType(f"bundled_{skill.replace('-', '_')}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(compile(script.read_text(), str(script), "exec"), module.__dict__)
    return module
