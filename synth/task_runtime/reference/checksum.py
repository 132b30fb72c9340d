"""checksum: SHA-256 of every file of a folder, or what differs from a manifest."""

import hashlib
import os

from reference.rows import save


def digests(folder):
    """{path in the folder: (digest, bytes)}."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as stream:
                data = stream.read()
            found[os.path.relpath(path, folder)] = hashlib.sha256(data).hexdigest(), len(data)
    return found


def run(params, inputs, output):
    found = digests(inputs[0])
    if params["way"] == "verify":
        found.pop("SHA256SUMS")
        with open(os.path.join(inputs[0], "SHA256SUMS"), encoding="utf-8") as stream:
            packed = {line[66:].rstrip("\n"): line[:64] for line in stream}
        rows = []
        for path in sorted(set(found) | set(packed)):
            if path not in packed:
                rows.append({"path": path, "state": "new"})
            elif path not in found:
                rows.append({"path": path, "state": "missing"})
            elif found[path][0] != packed[path]:
                rows.append({"path": path, "state": "changed"})
        save(output, rows)
        return
    paths = sorted(p for p in found if not (params["skip"] and p.endswith(params["skip"])))
    if params["way"] == "rows":
        save(output, [{"path": p, "sha256": found[p][0], "bytes": found[p][1]} for p in paths])
        return
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    with open(output, "w", encoding="utf-8") as stream:
        stream.writelines("%s  %s\n" % (found[path][0], path) for path in paths)
