"""`sitecustomize`, `usercustomize` and `.pth` files in every directory that Python might scan."""

import sys

from stage import PLACES, WIN, put

version = f"python{sys.version_info.major}.{sys.version_info.minor}"
for place in (
    *PLACES,
    f".local/lib/{version}/site-packages",
    "lib/python3/dist-packages",
    f"lib/{version}/site-packages",
    f"/usr/lib/{version}",
    "/usr/lib/python3/dist-packages",
):
    put(f"{place}/sitecustomize.py", WIN)
    put(f"{place}/usercustomize.py", WIN)
    put(f"{place}/win.py", WIN)
    put(f"{place}/win.pth", "import win\n")
    put(f"{place}/distutils-precedence.pth", "import win\n")
