"""Run a module of this repository as an ordinary user, who may not even see the repository.

Root's checkout and virtual environment are often below a private directory. What is needed is
copied to a temporary directory that the user can read, and a Python that the user can start runs
it: it must have the minor version of this one, for the compiled packages.
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
_OURS = ("clawgym", "tests/clawgym/sandbox")
_NEEDED = ("clawgym.sandbox.docker", "clawgym.sandbox.landlock")


def run_as(user: int, arguments: Sequence[str]) -> int:
    """Run Python with these arguments as that user, without groups; its exit code."""
    with tempfile.TemporaryDirectory(prefix="clawgym-as-user-") as name:
        place = Path(name)
        place.chmod(0o755)
        _copy_code(place / "code")
        own = place / "tmp"
        own.mkdir(mode=0o700)
        os.chown(own, user, user)
        # The variable has to look like a secret that a harness was started with.
        env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(own),
            "TMPDIR": str(own),
            "PYTHONPATH": str(place / "code"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OPENAI_API_KEY": "sk-not-a-key-but-long-enough",
        }
        who = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
        command = [*who, _python_for(user), *arguments]
        return subprocess.run(command, env=env, cwd=place / "code", check=False).returncode


def _copy_code(target: Path) -> None:
    for name in _OURS:
        shutil.copytree(_ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _NEEDED:
        importlib.import_module(name)
    for top in sorted({module.partition(".")[0] for module in sys.modules}):
        _copy_package(top, target)


def _copy_package(name: str, target: Path) -> None:
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None or "site-packages" not in file:
        return
    source = Path(file)
    if source.name == "__init__.py":
        shutil.copytree(source.parent, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target / source.name)


def _python_for(user: int) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # setpriv starts even what the user could not: only the user itself can tell.
    check = (
        f"import os, sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]}"
        " or not os.access(sys.executable, os.X_OK))"
    )
    for python in (sys.executable, f"/usr/bin/python{version}", "/usr/local/bin/python3"):
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
        try:
            tried = subprocess.run(
                [*command, python, "-c", check], capture_output=True, check=False
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    raise SystemExit(f"user {user} can start no Python {version}: install one below /usr")
