"""Killed at random moments, the agent neither loses nor repeats what it did."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "agent_crashes.py"


def test_sigkill_at_any_moment_loses_and_repeats_nothing_unmarked():
    command = [sys.executable, str(BENCHMARK), "--kills", "12", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    report = json.loads(done.stdout)
    assert report["problems"] == []
    assert report["kills"] >= 12
    assert report["marked"] <= report["kills"]
