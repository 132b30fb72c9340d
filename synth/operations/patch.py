"""patch: apply a change given as a diff, wholly or not at all."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot
from synth.values import Value
from synth.values.patches import Mode, PatchSet
from synth.values.text import TextFile, Tree
from synth.world import Source, World
from synth.world.patches import patch_page, patch_project

_LIST = "SKIPPED.txt"


class PatchParams(ParamsModel):
    """Whether one diff is applied or taken back, or a series of them is gone through.

    `skipped` names the file in the project that lists those which do not fit.
    """

    mode: Mode
    skipped: str = ""


class Patch(GroundedOperation):
    """The project or the file as it is with the diffs that fit."""

    name = "patch"
    kinds = (ArtifactKind.CODE, ArtifactKind.CONFIG, ArtifactKind.DOCUMENT)
    in_place = True

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """Nothing at hand: a diff is made for its target."""
        return iter(())

    def sources(self, rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source]:
        """What is to be patched, and the diffs."""
        level, mine = world.knobs.level, world.rng(f"patch-{kind}")
        if kind is ArtifactKind.CODE:
            job = patch_project(mine, level)
            place, path = "code", world.input_path(job.name, "", "code")
        else:
            place = "house" if kind is ArtifactKind.DOCUMENT else "config"
            what = "handbook" if kind is ArtifactKind.DOCUMENT else "settings"
            job = patch_page(mine, level, what, world.house)
            stem, _, extension = job.name.partition(".")
            path = world.input_path(stem, extension, place)
        if job.patches.mode == "series":
            diffs = Source(
                ArtifactKind.ARCHIVE, world.input_path("patches", "", place), job.patches
            )
        else:
            at = world.input_path("changes", "patch", place)
            diffs = Source(ArtifactKind.DOCUMENT, at, job.patches)
        return (Source(kind, path, job.target), diffs)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """What the diffs are for."""
        patches = _patches(inputs)
        if dict(patches.after) == _texts(inputs):
            return None
        listed = patches.mode == "series" and isinstance(inputs[0], Tree)
        params = PatchParams(mode=patches.mode, skipped=_LIST if listed else "")
        return params.model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> TextFile | Tree:
        """The target afterwards."""
        patches = _patches(inputs)
        if isinstance(inputs[0], TextFile):
            return TextFile(patches.after[""])
        texts = dict(patches.after)
        whole = patches.project or Tree(texts)
        if name := PatchParams.model_validate(params).skipped:
            texts[name] = "".join(f"{patch}\n" for patch in patches.skipped) or "none\n"
        return replace(whole, texts=texts)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """What is left over by `patch`; one file forgotten; the list forgotten."""
        truth = self.apply(params, inputs)
        if isinstance(truth, TextFile):
            old, new = _texts(inputs)[""].splitlines(), truth.text.splitlines()
            changed = [at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b]
            half = list(new)
            half[changed[-1]] = old[changed[-1]]
            yield TextFile("\n".join(half) + "\n")
            yield TextFile("\n".join(new[:-1][: len(new) // 2]) + "\n")
            return
        before = _texts(inputs)
        changed = [path for path, text in truth.texts.items() if before.get(path) != text]
        yield replace(truth, texts={**truth.texts, f"{changed[0]}.orig": "old\n"})
        yield replace(truth, texts={p: t for p, t in truth.texts.items() if p != changed[-1]})
        yield replace(truth, texts={**truth.texts, changed[0]: before.get(changed[0], "?\n")})

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{list}` and the variant."""
        wanted = PatchParams.model_validate(params)
        alone = "" if isinstance(inputs[0], Tree) else "_file"
        return {"variant": wanted.mode + alone, "list": wanted.skipped}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The target's own."""
        return stems[0]


def _patches(inputs: Sequence[Value]) -> PatchSet:
    assert isinstance(inputs[1], PatchSet)
    return inputs[1]


def _texts(inputs: Sequence[Value]) -> dict[str, str]:
    target = inputs[0]
    assert isinstance(target, (TextFile, Tree))
    return {"": target.text} if isinstance(target, TextFile) else dict(target.texts)
