"""The bare side of `grading_speed.py`: runs shipped reward scripts, inside a box.

    python3 bare.py SET WORKSPACE WORKERS TASK…

Prints one JSON object: the score of each task, wall and CPU seconds of the scripts.
"""

import concurrent.futures
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

EXPECTED = "/root/.openclaw/workspace"
"""Where a shipped script expects the workspace; here they stand side by side instead."""


def main(source: str, workspace: str, workers: str, names: list[str]) -> None:
    """Lay the workspaces out, run the scripts against the clock, clear away."""
    places = [Path(workspace, name) for name in names]
    for name, place in zip(names, places, strict=True):
        prepare(Path(source, name), place)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(int(workers)) as pool:
        scores = list(pool.map(run, places))
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    for place in places:
        shutil.rmtree(place)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"scores": scores, "wall": wall, "cpu": cpu}))


def prepare(task: Path, place: Path) -> None:
    """The inputs at the root and the reward folder beside them, as the trainer does it."""
    place.mkdir()
    for part, target in (("input_files", place), ("reward", place / "reward")):
        if (task / part).exists():
            words = ["cp", "-rT", "--no-preserve=mode", task / part, target]
            subprocess.run(words, check=True)
    script = place / "reward/reward.sh"
    script.write_text(script.read_text().replace(EXPECTED, str(place)))


def run(place: Path) -> float:
    """The last line that the script prints; whatever goes wrong is 0, as in the trainer."""
    ended = subprocess.run(
        ["bash", place / "reward/reward.sh"],
        cwd="/",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    lines = ended.stdout.decode(errors="replace").split()
    try:
        return float(lines[-1]) if ended.returncode == 0 else 0.0
    except (IndexError, ValueError):
        return 0.0


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
