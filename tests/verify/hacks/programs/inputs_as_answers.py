"""Every output is an input as it is, whatever was asked about it."""

from stage import INPUTS, OUTPUTS, ROOT, put

for number, path in enumerate(OUTPUTS):
    put(path, (ROOT / INPUTS[number % len(INPUTS)]).read_bytes())
