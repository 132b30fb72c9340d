"""The image that boxes are made of, when the user has none: made without any registry."""

import os
import shutil
import subprocess
from pathlib import Path

from clawgym.errors import SandboxError, UsageError
from clawgym.sandbox.docker.api import connect, daemon_errors, default_socket

DEFAULT_IMAGE = "clawgym-sandbox"
DEFAULT_SUITE = "bookworm"
PACKAGES = ("bash", "ca-certificates", "coreutils", "procps", "python3")

_CHANGES = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "WORKDIR /workspace",
)


def build_image(rootfs_tar: Path, tag: str = DEFAULT_IMAGE, socket: str | None = None) -> str:
    """Make an image of a tar file of a root file system; return its identifier.

    Raises:
        UsageError: there is no such file.
        SandboxError: Docker does not take it.
    """
    if not rootfs_tar.is_file():
        raise UsageError(f"{rootfs_tar} is no file; give a tar file of a root file system")
    daemon = connect(socket or default_socket())
    repository, _, version = tag.partition(":")
    with daemon_errors("import the image", daemon.socket):
        said = daemon.api.import_image_from_file(
            os.fspath(rootfs_tar), repository=repository, tag=version or "latest", changes=_CHANGES
        )
    image = daemon.find(tag)
    if image is None:
        raise SandboxError(f"Docker did not take {rootfs_tar} as an image: {said.strip()[-500:]}")
    return image["Id"]


def debootstrap(target: Path, suite: str = DEFAULT_SUITE) -> None:
    """Write a tar file of a small Debian with Python, from the package sources of this machine.

    Raises:
        UsageError: `mmdebstrap` is not installed.
        SandboxError: it fails.
    """
    if shutil.which("mmdebstrap") is None:
        raise UsageError("mmdebstrap is not installed; `apt-get install mmdebstrap`, or --rootfs")
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}"]
    made = subprocess.run([*command, suite, target], capture_output=True, text=True, check=False)
    if made.returncode:
        raise SandboxError(f"mmdebstrap failed: {made.stderr.strip()[-1000:]}")


def how_to_get(image: str) -> str:
    """What to do when the daemon has no such image."""
    if image == DEFAULT_IMAGE:
        return "make it: `clawgym sandbox image build --mmdebstrap` (or `--rootfs TAR`)"
    return f"`docker pull {image}`, or `clawgym sandbox image build --rootfs TAR --tag {image}`"
