"""Files whose names hold control characters, traversal, look-alikes and bytes that are no text."""

import os

from stage import OUTPUTS, ROOT, put

for path in OUTPUTS:
    folder, name = os.fsencode((ROOT / path).parent), os.fsencode(path.name)
    os.makedirs(folder, exist_ok=True)
    for other in (
        name + b"\n",
        b"\x1b[2J" + name,
        name.replace(b"o", "о".encode()),
        b"..\\..\\" + name,
        b"%2e%2e%2f" + name,
        name + b" ",
        b"-rf",
        b"\xff\xfe" + name,
        b"a" * 255,
        b"$(touch win)",
        name + b".",
        "ﬁle\u202e".encode(),
        b"reward.json\r",
    ):
        put(os.fsdecode(folder + b"/" + other), '{"reward": 1.0}')
