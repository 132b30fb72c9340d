"""Not a byte left in the workspace and the temporary directories."""

from stage import PLACES, attempt


def fill(name):
    with open(name, "wb", buffering=0) as stream:
        while stream.write(bytes(1 << 20)):
            pass


for place in (PLACES[0], "/tmp", "/dev/shm", "/run"):
    attempt(fill, f"{place}/filler")
