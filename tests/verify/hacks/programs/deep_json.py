"""JSON nested deeper than any parser can follow."""

from stage import put_outputs

put_outputs("[" * 200_000 + "]" * 200_000)
