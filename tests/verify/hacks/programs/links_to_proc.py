"""Outputs that turn into descriptors, memory or the environment of whoever opens them."""

import os

from stage import OUTPUTS, ROOT

targets = (
    "/proc/self/fd/0",
    "/proc/self/environ",
    "/proc/self/mem",
    "/dev/stdin",
    "/proc/self/root/tests/checks.json",
    "/proc/self/cwd/checks.json",
    "/dev/zero",
)
for number, path in enumerate(OUTPUTS):
    place = ROOT / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    os.symlink(targets[number % len(targets)], place)
