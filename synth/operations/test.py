"""test: run a project's tests and record each outcome."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot
from synth.values import Field, Role, Row, RowSet, Use, Value, matter
from synth.world import Source, World
from synth.world.project import Project, make_project

_TEST = Field("test", ColumnType.TEXT, Role.ID)
_OUTCOME = Field("outcome", ColumnType.TEXT, Role.CATEGORY)
_EXCEPTION = Field("exception", ColumnType.TEXT, Role.CATEGORY)
_LINE = Field("line", ColumnType.INTEGER, Role.TEXT)
_MODULE = Field("module", ColumnType.TEXT, Role.CATEGORY)
_COUNTS = ("passed", "failed", "error", "skipped")


Listing = Literal["every", "broken", "modules"]


class TestParams(ParamsModel):
    """Every test, only those that do not pass, or counts for each test module."""

    __test__ = False

    list: Listing


class Test(GroundedOperation):
    """One row a test, or one a module of tests."""

    __test__ = False
    name = "test"
    states_order = False
    kinds = (ArtifactKind.CODE,)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """A project with tests."""
        return ((s.id,) for s in slots if s.kind is kind and isinstance(s.value, Project))

    def sources(self, rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source]:
        """A small project, with one bug at least."""
        project = make_project(world.rng("project"), world.knobs.level)
        return (Source(kind, world.input_path(project.package, "", "code"), project),)

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """JSON, or a table."""
        return ((ArtifactKind.RECORDS, "json"), (ArtifactKind.TABLE, "csv"))

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """One of the three, where enough is broken to be listed."""
        cases = _project(inputs).cases
        broken = sum(case.outcome in ("failed", "error") for case in cases)
        ways: tuple[Listing, ...] = ("every", "modules")
        if broken >= 2:
            ways = (*ways, "broken", "broken")
        return TestParams(list=rng.choice(ways)).model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """What the tests come to."""
        cases = _project(inputs).cases
        match TestParams.model_validate(params).list:
            case "every":
                rows: list[Row] = [(case.id, case.outcome) for case in cases]
                return _rows((_TEST, _OUTCOME), rows, "test", "tests")
            case "broken":
                rows = [
                    (case.id, case.outcome, case.exception, case.line)
                    for case in cases
                    if case.outcome in ("failed", "error")
                ]
                return _rows((_TEST, _OUTCOME, _EXCEPTION, _LINE), rows, "test", "broken tests")
            case "modules":
                return _counted(_project(inputs))

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Errors taken for failures, skipped tests taken for passed, the first module alone."""
        project = _project(inputs)
        first = project.cases[0].id.split(".")[1]
        others: list[Project] = [
            replace(
                project,
                cases=tuple(
                    replace(c, outcome="failed" if c.outcome == "error" else c.outcome)
                    for c in project.cases
                ),
            ),
            replace(
                project,
                cases=tuple(
                    replace(c, outcome="passed" if c.outcome == "skipped" else c.outcome)
                    for c in project.cases
                ),
            ),
            replace(project, cases=tuple(c for c in project.cases if c.id.split(".")[1] == first)),
        ]
        truth = self.apply(params, inputs)
        if len(truth.rows) > 1:
            yield truth.with_rows(list(truth.rows[:-1]))
        for other in others:
            wrong = self.apply(params, [other])
            if wrong.rows != truth.rows and wrong.rows:
                yield wrong

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """The variant."""
        return {"variant": TestParams.model_validate(params).list}

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The project, and what is listed."""
        ends = {"every": "tests", "broken": "broken_tests", "modules": "test_counts"}
        return f"{stems[0]}_{ends[TestParams.model_validate(params).list]}"


def _project(inputs: Sequence[Value]) -> Project:
    assert isinstance(inputs[0], Project)
    return inputs[0]


def _rows(fields: tuple[Field, ...], rows: list[Row], key: str, about: str = "") -> RowSet:
    subject = matter(about) if about else None
    return RowSet(fields, tuple(rows), key=(key,), topic="tests", use=Use.LISTING, subject=subject)


def _counted(project: Project) -> RowSet:
    modules = dict.fromkeys(".".join(case.id.split(".")[:2]) for case in project.cases)
    rows: list[Row] = []
    for module in modules:
        ended = [case.outcome for case in project.cases if case.id.startswith(f"{module}.")]
        rows.append((module, *(ended.count(outcome) for outcome in _COUNTS)))
    fields = (_MODULE, *(Field(name, ColumnType.INTEGER, Role.MEASURE) for name in _COUNTS))
    return _rows(fields, rows, "module")
