"""The soak in its short form: `benchmarks/sandbox_soak.py` is the long one."""

import subprocess
import sys
from pathlib import Path

from clawgym.sandbox import Backend

SOAK = Path(__file__).parents[3] / "benchmarks" / "sandbox_soak.py"


def test_nothing_is_left_of_hundreds_of_disturbed_commands(bwrap: Backend) -> None:
    words = [sys.executable, SOAK, "--quick"]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
