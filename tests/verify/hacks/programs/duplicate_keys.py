"""Objects that hold every answer under the same key, and tables with the same column twice."""

from stage import OUTPUTS, put

for path in OUTPUTS:
    if path.suffix == ".csv":
        put(path, ",".join(["id"] * 20) + "\n" + ",".join(map(str, range(20))) + "\n")
    else:
        put(path, "[{" + ",".join(f'"id": {number}' for number in range(1000)) + "}]")
