"""checksum: record digests of files, or prove that none changed."""

import random
from collections.abc import Iterator, Sequence
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot
from synth.values import Field, Role, Row, RowSet, Use, Value, matter
from synth.values.text import TextFile
from synth.world import Source, World
from synth.world.delivery import Delivery, digest, make_delivery

Way = Literal["manifest", "rows", "verify"]
_PATH = Field("path", ColumnType.TEXT, Role.ID)
_DIGEST = Field("sha256", ColumnType.TEXT, Role.TEXT)
_BYTES = Field("bytes", ColumnType.INTEGER, Role.MEASURE)
_STATE = Field("state", ColumnType.TEXT, Role.CATEGORY)


class ChecksumParams(ParamsModel):
    """A manifest as `sha256sum` writes it, rows, or what differs from a manifest.

    `skip` is an ending: files with it do not count.
    """

    way: Way
    skip: str = ""


class Checksum(GroundedOperation):
    """Every file below the folder, by its path in it."""

    name = "checksum"
    states_order = False
    kinds = (ArtifactKind.ARCHIVE,)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """A folder with or without a manifest."""
        return ((s.id,) for s in slots if s.kind is kind and isinstance(s.value, Delivery))

    def sources(self, rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source]:
        """A folder that is about to be handed over, or has been."""
        packed = world.rng("packed").random() < 0.5
        value = make_delivery(world.rng("delivery"), world, packed=packed)
        return (
            Source(
                kind, world.input_path("handover" if packed else "delivery", "", "transfer"), value
            ),
        )

    def outputs(self, params: Params, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """Text for a manifest, rows for the rest."""
        if ChecksumParams.model_validate(params).way == "manifest":
            return ((ArtifactKind.DOCUMENT, "sha256"),)
        return ((ArtifactKind.RECORDS, "json"), (ArtifactKind.TABLE, "csv"))

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """To verify where there is a manifest, else to write one."""
        folder = _folder(inputs)
        if folder.manifest:
            return ChecksumParams(way="verify").model_dump(mode="json")
        way: Way = rng.choice(("manifest", "rows"))
        littered = any(path.endswith(".tmp") for path in folder.texts)
        return ChecksumParams(way=way, skip=".tmp" if littered else "").model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet | TextFile:
        """By path, in the order of the characters."""
        wanted, folder = ChecksumParams.model_validate(params), _folder(inputs)
        if wanted.way == "verify":
            return _differences(folder)
        paths = sorted(p for p in folder.texts if not (wanted.skip and p.endswith(wanted.skip)))
        return _recorded(folder, paths, wanted.way)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Only the top folder; everything; only what the manifest names."""
        wanted, folder = ChecksumParams.model_validate(params), _folder(inputs)
        truth = self.apply(params, inputs)
        if isinstance(truth, RowSet) and wanted.way == "verify":
            known = [row for row in truth.rows if row[1] != "new"]
            yield truth.with_rows(known)
            yield truth.with_rows([*truth.rows, (folder.manifest, "new")])
            return
        top = sorted(path for path in folder.texts if "/" not in path)
        yield _recorded(folder, top, wanted.way)
        stripped = {path: text.strip() for path, text in folder.texts.items()}
        paths = sorted(p for p in folder.texts if not (wanted.skip and p.endswith(wanted.skip)))
        yield _recorded(Delivery(stripped, {}), paths, wanted.way)
        if wanted.skip:
            yield _recorded(folder, sorted(folder.texts), wanted.way)

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{skip}` and the variant."""
        wanted = ChecksumParams.model_validate(params)
        skip = f" Files that end in `{wanted.skip}` don't count." if wanted.skip else ""
        return {"variant": wanted.way, "skip": skip, "manifest": f"`{_folder(inputs).manifest}`"}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The folder, and what is said about it."""
        ends = {"manifest": "", "rows": "_digests", "verify": "_changes"}
        return stems[0] + ends[ChecksumParams.model_validate(params).way]


def _folder(inputs: Sequence[Value]) -> Delivery:
    assert isinstance(inputs[0], Delivery)
    return inputs[0]


def _recorded(folder: Delivery, paths: Sequence[str], way: Way) -> RowSet | TextFile:
    if way == "manifest":
        return TextFile("".join(f"{digest(folder.texts[path])}  {path}\n" for path in paths))
    rows: list[Row] = [
        (path, digest(folder.texts[path]), len(folder.texts[path].encode())) for path in paths
    ]
    return RowSet(
        (_PATH, _DIGEST, _BYTES),
        tuple(rows),
        ("path",),
        "files",
        use=Use.LISTING,
        subject=matter("files of a delivery"),
    )


def _differences(folder: Delivery) -> RowSet:
    rows: list[Row] = []
    for path in sorted({*folder.texts, *folder.packed} - {folder.manifest}):
        if path not in folder.packed:
            rows.append((path, "new"))
        elif path not in folder.texts:
            rows.append((path, "missing"))
        elif digest(folder.texts[path]) != folder.packed[path]:
            rows.append((path, "changed"))
    return RowSet(
        (_PATH, _STATE),
        tuple(rows),
        ("path",),
        "changes",
        use=Use.LISTING,
        subject=matter("changes of a delivery"),
    )
