"""Folders and ZIP archives: files of any content, by their paths."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Head, Step, Value
from verify.checks import ArchiveCheck, Check, TreeCheck

_LONG_AGO = (2026, 1, 1, 0, 0, 0)
MADE_HERE = ("*__pycache__*", "*.pyc")


@dataclass(frozen=True)
class Folder(Value):
    """Files by their paths below a folder, or in an archive where the path ends in `.zip`."""

    contents: Mapping[str, bytes]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """Every file below `path`, or one archive of them."""
        if path.endswith(".zip"):
            return {path: _zipped(self.contents)}
        return {f"{path}/{name}": data for name, data in self.contents.items()}

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file."""
        return {name: hashlib.sha256(data).hexdigest() for name, data in self.contents.items()}

    def checks(self, step: Step) -> list[Check]:
        """Every file at its place with its content, and nothing else."""
        said = f"{len(self.contents)} files such as {next(iter(self.contents), '')}"
        places = step.core(
            "places", 0.5, f"{step.path} has the right files in the right places", said
        )
        whole = step.core(
            "whole",
            0.5,
            f"{step.path} has no file too many or too few, and their contents are unchanged",
            said,
        )
        return [self._check(places, step, partial=True), self._check(whole, step, partial=False)]

    def _check(self, head: Head, step: Step, *, partial: bool) -> Check:
        digests: dict[str, str | None] = {**self.digests}
        if step.path.endswith(".zip"):
            return ArchiveCheck(**head, path=step.path, members=digests, partial=partial)
        return TreeCheck(**head, root=step.path, files=digests, ignore=MADE_HERE, partial=partial)


def _zipped(contents: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
