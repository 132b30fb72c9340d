"""Boxes of root on a file system that cannot translate owners: here, an overlay."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root's boxes translate owners")

SETUP = """
set -e
cd "$1"
mkdir lower upper work merged
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged
exec "$2" -c "$3" merged
"""

PROGRAM = """
import asyncio, sys
from pathlib import Path
from clawgym.errors import SandboxError
from clawgym.sandbox import BoxSpec, box, open_backend

async def main(top):
    backend = open_backend("bwrap")
    for name in ("mount", "logs", "base", "own"):
        (top / name).mkdir()
    (top / "mount" / "f").write_text("to be read")
    (top / "own" / "f").write_text("mine")
    for number in range(3000):
        (top / "base" / str(number)).write_text("x" * 100)

    spec = BoxSpec(mounts={"mount": top / "mount"}, writable={"logs": top / "logs"})
    async with box(backend, spec) as sandbox:
        ran = await sandbox.exec(["sh", "-c", "cat /mount/f > /logs/copy && ! touch /mount/new"])
        assert ran.exit_code == 0, ran
    assert (top / "logs" / "copy").read_text() == "to be read"

    async with box(backend, BoxSpec(base=top / "base")) as sandbox:
        ran = await sandbox.exec(["sh", "-c", "ls | wc -l; echo new > 5 && cat 5"])
        assert ran.stdout == b"3000\\nnew\\n", ran
    assert (top / "base" / "5").read_text() == "x" * 100

    try:
        async with box(backend, BoxSpec(workspace_dir=top / "own")):
            raise AssertionError("a box that cannot write to its workspace was made")
    except SandboxError as error:
        assert "cannot translate owners" in str(error) and "ext4" in str(error), error
    assert (top / "own").stat().st_uid == 0

asyncio.run(main(Path(sys.argv[1]).absolute()))
"""


def test_mounts_bases_and_an_honest_refusal(tmp_path: Path, bwrap: object) -> None:
    del bwrap  # skipped where there is none
    command = ["unshare", "--mount", "sh", "-c", SETUP, "sh", tmp_path, sys.executable, PROGRAM]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "mount:" in ran.stderr or "unshare:" in ran.stderr:
        pytest.skip(f"no overlay can be mounted here: {ran.stderr.strip()}")
    assert ran.returncode == 0, ran.stderr
