"""Outputs that make a reader wait for ever."""

import os

from stage import OUTPUTS, ROOT

for path in OUTPUTS:
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / path).unlink(missing_ok=True)
    os.mkfifo(ROOT / path)
