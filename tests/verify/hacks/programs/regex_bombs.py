"""Lines that make careless regular expressions take for ever."""

from stage import put_outputs

put_outputs(
    "# "
    + "a" * 100_000
    + "!\n"
    + "|" * 100_000
    + "\n"
    + "|-" * 50_000
    + "\n"
    + "*" * 100_000
    + "\n"
    + " " * 200_000
    + "x\n"
    + "1," * 100_000
)
