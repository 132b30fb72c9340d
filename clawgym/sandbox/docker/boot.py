"""How process 1 of a container comes by its program: a loader in its command line reads the rest.

So nothing has to be installed in an image, and nothing of ours can be read in a command line.
"""

from functools import cache
from importlib.resources import files

from clawgym.sandbox import _seccomp

COMMAND = ("python3", "-X", "utf8", "-I", "-S", "-u", "-c")
"""`-I` and `-S`: nothing but the standard library of the image has a say."""

LOADER = """\
import os
def take(size):
    data = b""
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data
exec(take(int.from_bytes(take(4), "big")))
"""

MODULES = (
    *("wire", "files", "trees"),
    *("kernel", "commands", "service", "agent"),
)
"""What is sent, each before those that import it; written for Python 3.8."""


def program(uid: int, gid: int) -> bytes:
    """The text that the loader executes: our modules, and the call of the last one's `main`."""
    seccomp = _seccomp.program("box") if _seccomp.is_supported() else b""
    return f"{_definitions()}\nmodule.main({uid}, {gid}, {seccomp!r})\n".encode()


@cache
def _definitions() -> str:
    package = files("clawgym.sandbox.docker")
    sources = [
        (name, package.joinpath(f"{name}.py").read_text(encoding="utf-8")) for name in MODULES
    ]
    return "\n".join(
        (
            "import sys, types",
            "package = sys.modules['clawgym.sandbox.docker'] = types.ModuleType('docker')",
            f"for name, source in {sources!r}:",
            "    module = sys.modules['clawgym.sandbox.docker.' + name] = types.ModuleType(name)",
            "    setattr(package, name, module)",
            "    exec(compile(source, name, 'exec'), module.__dict__)",
        )
    )
