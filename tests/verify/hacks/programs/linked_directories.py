"""The output directory is a link to the inputs, to the tests, to itself."""

import os

from stage import HONEST, OUTPUTS, ROOT

for path in OUTPUTS:
    folder = ROOT / ("decoys" if HONEST else path.parent)
    if folder != ROOT and not folder.exists():
        os.symlink(ROOT / "input", folder)
for name, target in (("loop", "."), ("up", ".."), ("tests", "/tests"), ("self", "self")):
    if not os.path.lexists(ROOT / name):
        os.symlink(target, ROOT / name)
