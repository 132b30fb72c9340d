"""Outputs that claim to be enormous and hold nothing."""

import os

from stage import OUTPUTS, ROOT, attempt, put

for path in OUTPUTS:
    put(path, "[")
    attempt(os.truncate, ROOT / path, 1 << 30)
