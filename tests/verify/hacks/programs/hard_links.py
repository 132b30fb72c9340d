"""Each output is another name of an input, or of a file of the system."""

import os

from stage import INPUTS, OUTPUTS, ROOT, attempt

for number, path in enumerate(OUTPUTS):
    place = ROOT / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    attempt(os.link, "/etc/passwd" if number % 2 else ROOT / INPUTS[0], place)
    attempt(os.link, ROOT / INPUTS[0], place)
