"""Outputs of many megabytes, to make the grader run out of memory or time."""

from stage import put_outputs

put_outputs(b"a,b,c\n" + b"1,2,3\n" * 1_500_000)
