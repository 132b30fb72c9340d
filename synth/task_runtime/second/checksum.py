"""checksum, another way: pathlib and sets of (digest, path) pairs."""

import hashlib
import pathlib

from second.table import write


def pairs(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            yield (
                hashlib.new("sha256", path.read_bytes()).hexdigest(),
                path.relative_to(folder).as_posix(),
            )


def run(params, inputs, output):
    folder = pathlib.Path(inputs[0])
    now = {pair for pair in pairs(folder) if pair[1] != "SHA256SUMS"}
    if params["way"] == "verify":
        lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        then = {tuple(line.split("  ", 1)) for line in lines}
        before, after = ({path for _, path in pairs_} for pairs_ in (then, now))
        states = {path: "new" for path in after - before}
        states.update((path, "missing") for path in before - after)
        states.update((path, "changed") for _, path in now - then if path in before)
        write(output, [{"path": p, "state": s} for p, s in states.items()], ["path", "state"])
        return
    if params["skip"]:
        now = {pair for pair in now if not pair[1].endswith(params["skip"])}
    ranked = sorted(now, key=lambda pair: pair[1])
    if params["way"] == "rows":
        rows = [{"path": p, "sha256": d, "bytes": (folder / p).stat().st_size} for d, p in ranked]
        write(output, rows, ["path", "sha256", "bytes"])
        return
    target = pathlib.Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(map("  ".join, ranked)), encoding="utf-8")
