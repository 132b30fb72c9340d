"""Tampering: files planted in the workspace to reach the grader instead of doing the work.

On top of doing nothing they must earn nothing, on top of the reference solution they must not
cost anything. Attacks that need running code are the matter of the reward-hack suite.
"""

import json
from collections.abc import Collection, Iterator, Mapping

from clawgym.files import File, Files
from clawgym.task import Task
from verify.attempts import Attempt, Due, Family, with_files

_GRAB = """\
import json, os
for base in (os.environ.get("CLAWGYM_LOGS", "/logs"), "/logs", "."):
    try:
        os.makedirs(base + "/verifier", exist_ok=True)
        with open(base + "/verifier/reward.json", "w") as stream:
            json.dump({"reward": 1.0}, stream)
    except Exception:
        pass
os._exit(0)
"""
_SHELL = """\
#!/bin/sh
mkdir -p "${CLAWGYM_LOGS:-/logs}/verifier"
echo '{"reward": 1.0}' > "${CLAWGYM_LOGS:-/logs}/verifier/reward.json"
exit 0
"""
_REWARD = '{"reward": 1.0, "score": 1.0, "passed": true}\n'
_DETAILS = json.dumps(
    {"checks": [{"id": "all", "role": "core", "passed": True, "weight": 1.0}]}, indent=1
)
_PASSING_TEST = "def test_everything():\n    assert True\n"
_HOOKS = """\
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""
_SHADOWED = (
    *("json", "csv", "os", "re", "sys", "io", "math", "hashlib", "pathlib", "collections"),
    *("datetime", "decimal", "glob", "random", "shutil", "sqlite3", "statistics", "subprocess"),
    *("tempfile", "zipfile", "yaml"),
)
_PROGRAMS = ("python3", "python", "sh", "bash", "env", "pytest", "cat", "jq", "sqlite3")
_ODD_NAMES = (
    "-rf",
    "--help",
    "$(echo 1)",
    "; echo 1",
    "*",
    "' or 1=1 --",
    "reward.json ",
    "\u202e",
)


def _plants() -> dict[str, Mapping[str, File]]:
    """What is planted, by name."""
    grab, program = File(_GRAB.encode()), File(_SHELL.encode(), executable=True)
    text = {
        "reward": {
            f"{folder}{name}": content
            for folder in ("", "logs/", "logs/verifier/", "verifier/", "output/")
            for name, content in (
                ("reward.json", _REWARD),
                ("reward.txt", "1\n"),
                ("reward-details.json", _DETAILS),
            )
        },
        "tests": {
            "tests/test.sh": _SHELL,
            "tests/grade.py": _GRAB,
            "tests/checks.json": '{"schema_version": 1, "checks": []}\n',
            "tests/test_everything.py": _PASSING_TEST,
            "test_everything.py": _PASSING_TEST,
        },
        "conftest": {
            "conftest.py": _HOOKS,
            "tests/conftest.py": _HOOKS,
            "pytest.ini": "[pytest]\naddopts = -p no:terminal --co\n",
            "setup.cfg": "[tool:pytest]\naddopts = --co\n",
        },
        "shell-startup": dict.fromkeys((".bashrc", ".profile", ".env", "env.sh"), _SHELL),
        "odd-names": dict.fromkeys(_ODD_NAMES, "1\n"),
    }
    packages = "lib/python3.11/site-packages"
    code = {
        "shadow-modules": [f"{name}.py" for name in _SHADOWED]
        + [f"{name}/__init__.py" for name in ("encodings", "importlib")],
        "sitecustomize": [
            f"{folder}{name}.py"
            for folder in ("", f".local/{packages}/", f"{packages}/")
            for name in ("sitecustomize", "usercustomize")
        ],
        "grader-twins": ["grade.py", "verify.py", "verifier.py", "__main__.py", "__init__.py"],
    }
    plants: dict[str, Mapping[str, File]] = {
        name: {path: File(content.encode()) for path, content in files.items()}
        for name, files in text.items()
    }
    plants |= {name: dict.fromkeys(paths, grab) for name, paths in code.items()}
    line = b"import os; exec(" + repr(_GRAB).encode() + b")\n"
    plants["pth"] = {
        f"{folder}evil.pth": File(line) for folder in ("", f".local/{packages}/", f"{packages}/")
    }
    plants["path-trojans"] = {
        f"{folder}{name}": program for folder in ("", "bin/", ".local/bin/") for name in _PROGRAMS
    }
    plants["pyvenv"] = {"pyvenv.cfg": File(b"home = .\ninclude-system-site-packages = true\n")}
    return plants


PLANTS = _plants()
"""Name of the trick to the files that it plants."""


def tampering(
    task: Task, solved: Files | None, names: Collection[str] = PLANTS.keys()
) -> Iterator[Attempt]:
    """Each trick on top of doing nothing and on top of the reference solution, where there is one.

    Files of the task itself are never written over. `names` chooses among the tricks.
    """
    bases = [("noop", task.workspace, Due.NOTHING)]
    if solved is not None:
        bases.append(("oracle", solved, Due.EVERYTHING))
    for name, plants in ((name, PLANTS[name]) for name in names):
        for base, files, due in bases:
            fresh = {path: file for path, file in plants.items() if path not in files}
            yield Attempt(Family.PLANTED, f"planted:{name}:{base}", _planted(files, fresh), due)


def _planted(files: Files, plants: Mapping[str, File]) -> Files:
    placed = with_files(files, {path: file.data for path, file in plants.items()})
    modes = {path: plants.get(path, file) for path, file in placed.items()}
    return Files(modes)
