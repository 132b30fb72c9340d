"""diagnose: find the failures in the output of a program and name where each comes from."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot, told_if
from synth.values import Field, Role, Row, RowSet, Use, Value, matter
from synth.world import Source, World
from synth.world.failures import Failure, RunLog, make_log, make_program

Way = Literal["causes", "each", "code"]
_EXCEPTION = Field("exception", ColumnType.TEXT, Role.CATEGORY)
_FILE = Field("file", ColumnType.TEXT, Role.CATEGORY)
_LINE = Field("line", ColumnType.INTEGER, Role.TEXT)
_FUNCTION = Field("function", ColumnType.TEXT, Role.TEXT)
_COUNT = Field("count", ColumnType.INTEGER, Role.MEASURE, better="high")  # the worst comes first
_LOG_LINE = Field("log_line", ColumnType.INTEGER, Role.ID)
_CODE = Field("code", ColumnType.TEXT, Role.TEXT)
_CAUSE = ("exception", "file", "line")

_CHAINED = "above exception"
"""Words that join the tracebacks of exceptions that led to each other."""


class DiagnoseParams(ParamsModel):
    """Each distinct cause with its count, each failure by itself, or each cause with its code.

    `root` is the folder (or the ends of paths) that is ours.
    """

    way: Way
    root: str


class Diagnose(GroundedOperation):
    """The root of a chained traceback is its first exception; the place is in our own code."""

    name = "diagnose"
    states_order = False
    kinds = (ArtifactKind.LOG, ArtifactKind.CODE)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """The output of a program by itself."""
        if kind is ArtifactKind.LOG:
            for slot in slots:
                if slot.kind is kind and slot.fresh and isinstance(slot.value, RunLog):
                    yield (slot.id,)

    def sources(self, rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source]:
        """The output of a worker; or a project with the log of one run."""
        mine = world.rng(f"failures-{kind}")
        if kind is ArtifactKind.LOG:
            return (Source(kind, world.input_path("worker", "log", "logs"), make_log(mine, world)),)
        tree, log, package = make_program(mine, world)
        return (
            Source(kind, world.input_path(package, "", "code"), tree),
            Source(ArtifactKind.LOG, world.input_path(f"{package}-run", "log", "code"), log),
        )

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """One of the ways that fit."""
        log = _log(inputs)
        root = log.failures[0].spot.file.partition("/")[0]
        way: Way = rng.choice(("causes", "causes", "each")) if len(inputs) == 1 else "code"
        return DiagnoseParams(way=way, root=root).model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The causes in the order of their first appearance, or the failures as they come."""
        return _listed(DiagnoseParams.model_validate(params).way, _log(inputs).failures)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """The last exception of a chain; the frame in the library; one failure overlooked."""
        way, failures = DiagnoseParams.model_validate(params).way, _log(inputs).failures
        truth = _listed(way, failures)
        others = (
            [replace(failure, exception=failure.last) for failure in failures],
            [replace(failure, spot=failure.library or failure.spot) for failure in failures],
            failures[1:] if way == "each" else [f for f in failures if f.spot != failures[0].spot],
        )
        for other in others:
            wrong = _listed(way, other)
            if wrong.rows != truth.rows and wrong.rows:
                yield wrong

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{root}` and the variant; `chained` says that an exception led to another."""
        wanted = DiagnoseParams.model_validate(params)
        chained = _CHAINED in _log(inputs).text
        return {
            "variant": wanted.way,
            "root": f"`{wanted.root}/`",
            "chained": told_if(chained),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The log's or the project's stem."""
        ends = {"causes": "causes", "each": "failures", "code": "causes"}
        return f"{stems[0]}_{ends[DiagnoseParams.model_validate(params).way]}"


def _log(inputs: Sequence[Value]) -> RunLog:
    log = inputs[-1]
    assert isinstance(log, RunLog)
    return log


def _listed(way: Way, failures: Sequence[Failure]) -> RowSet:
    if way == "each":
        rows: list[Row] = [(f.log_line, f.exception, f.spot.file, f.spot.line) for f in failures]
        fields = (_LOG_LINE, _EXCEPTION, _FILE, _LINE)
        return RowSet(
            fields,
            tuple(rows),
            key=("log_line",),
            topic="failures",
            use=Use.LISTING,
            subject=matter("failures"),
        )
    counts: dict[tuple[str, str, int], int] = {}
    spots = {(f.exception, f.spot.file, f.spot.line): f.spot for f in failures}
    for failure in failures:
        cause = (failure.exception, failure.spot.file, failure.spot.line)
        counts[cause] = counts.get(cause, 0) + 1
    if way == "causes":
        fields = (_EXCEPTION, _FILE, _LINE, _FUNCTION, _COUNT)
        rows = [(*cause, spots[cause].function, count) for cause, count in counts.items()]
    else:
        fields = (_EXCEPTION, _FILE, _LINE, _CODE, _COUNT)
        rows = [(*cause, spots[cause].code, count) for cause, count in counts.items()]
    return RowSet(
        fields, tuple(rows), key=_CAUSE, topic="causes", grouped=True, subject=matter("causes")
    )
