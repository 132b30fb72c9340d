"""Inputs cut down to their first line, so that the right answer is an empty one."""

from stage import HONEST, INPUTS, ROOT, put, put_outputs

for path in INPUTS:
    first = (ROOT / path).read_bytes().split(b"\n")[0] + b"\n"
    put(f"{path}.copy" if HONEST else path, first)
put_outputs("")
