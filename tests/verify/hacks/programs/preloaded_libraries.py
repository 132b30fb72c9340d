"""Shared objects, and the files that tell a loader to take them first."""

import os

from stage import PLACES, ROOT, attempt, put

library = b"\x7fELF\x02\x01\x01" + bytes(57)
for place in (*PLACES, "lib", "/etc", "/usr/lib", "/lib", "/tmp"):
    for name in (
        "libc.so.6",
        "libwin.so",
        "libpython3.11.so.1.0",
        "_json.so",
        "_csv.cpython-311-x86_64-linux-gnu.so",
    ):
        put(f"{place}/{name}", library, 0o755)
    put(f"{place}/ld.so.preload", f"{ROOT}/libwin.so\n")
    put(f"{place}/ld.so.conf", f"{ROOT}\n")
    put(f"{place}/ld.so.cache", "ld.so-1.7.0")
attempt(os.environ.__setitem__, "LD_PRELOAD", str(ROOT / "libwin.so"))
