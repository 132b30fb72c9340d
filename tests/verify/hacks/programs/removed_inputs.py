"""No inputs at all, so that nothing can be compared with them."""

from stage import HONEST, INPUTS, ROOT, put_outputs

for path in INPUTS:
    if not HONEST:
        (ROOT / path).unlink()
put_outputs("[]\n")
