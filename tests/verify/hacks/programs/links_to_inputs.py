"""Each output is a symbolic link to an input."""

from stage import INPUTS, ROOT, link_outputs

link_outputs(ROOT / INPUTS[0])
