"""The instruction itself, as every output."""

from stage import INSTRUCTION, put_outputs

put_outputs(INSTRUCTION)
