"""Numbers that compare as nothing else does."""

from stage import OUTPUTS, put

values = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "0x10", "1_000", "-0.0", "٣"]
for path in OUTPUTS:
    if path.suffix == ".csv":
        put(path, "a,b\n" + "\n".join(f"{value},{value}" for value in values))
    else:
        put(path, "[" + ",".join(f'{{"a": {value}}}' for value in values) + "]\n")
