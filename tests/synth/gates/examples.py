"""Small tasks of one kind, sound or spoilt in one way, and a source that draws them."""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from clawgym.artifact import Artifact, ArtifactKind
from clawgym.files import File, Files
from clawgym.graph import Node, TaskGraph
from clawgym.reward import CheckRole
from clawgym.seeds import derive_random
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName
from synth.gates import Candidate, Lost
from verify.checks import CheckSet, RowsCheck, UnchangedCheck, verifier_files

REGIONS = ("North", "South", "East", "West", "Centre")
PEOPLE = ("Ana", "Bo", "Cy", "Dee", "Eli", "Fay", "Gus", "Hal")
WOODS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "iris")
SCRIPT = '#!/bin/sh\nset -eu\nexec python3 -I -S "$(cd "$(dirname "$0")" && pwd)/solve.py"\n'
SOLVE = """\
import csv, os
with open("input/orders.csv", encoding="utf-8", newline="") as stream:
    rows = list(csv.DictReader(stream))
totals = {}
for row in rows:
    totals[row["region"]] = totals.get(row["region"], 0) + int(row["units"])
os.makedirs("output", exist_ok=True)
with open("output/totals.csv", "w", encoding="utf-8", newline="") as stream:
    writer = csv.writer(stream, lineterminator="\\n")
    writer.writerow(["region", "units"])
    writer.writerows(sorted(totals.items()))
"""
SECOND = SOLVE.replace("int(row[", "round(float(row[").replace('"])\nos', '"]))\nos')


def _rows(index: int) -> list[tuple[str, str, int]]:
    rng = derive_random(7, "orders", index)
    return [(rng.choice(PEOPLE), rng.choice(REGIONS), rng.randrange(100, 900)) for _ in range(14)]


def _table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def totals(index: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, region, units in _rows(index):
        found[region] = found.get(region, 0) + units
    return dict(sorted(found.items()))


def checks(index: int, workspace: Files) -> CheckSet:
    rows = tuple((region, units) for region, units in totals(index).items())
    made = []
    for name, kind, role, weight in (
        ("parse", "rows_parse", CheckRole.GATE, 0.0),
        ("keys", "row_keys", CheckRole.CORE, 0.4),
        ("cells", "row_cells", CheckRole.CORE, 0.6),
    ):
        made.append(
            RowsCheck(
                id=f"n1.{name}",
                node="n1",
                role=role,
                weight=weight,
                requirement=f"the {name} of output/totals.csv are right",
                expected="one row a region",
                path="output/totals.csv",
                columns=("region", "units"),
                numeric=(False, True),
                key=("region",),
                rows=rows,
                ordered=False,
                type=kind,
            )
        )
    made.append(
        UnchangedCheck(
            id="inputs",
            node=None,
            role=CheckRole.GATE,
            weight=0.0,
            requirement="the inputs are left alone",
            expected="as they were",
            digests={
                path: hashlib.sha256(file.data).hexdigest() for path, file in workspace.items()
            },
        )
    )
    return CheckSet(checks=tuple(made))


def instruction(index: int) -> str:
    rng = derive_random(7, "words", index)
    words = " ".join(rng.sample(WOODS, 6))
    return (
        f"In `input/orders.csv` are the orders that {rng.choice(PEOPLE)} collected for {words}. "
        "Add up `units` for each `region` and write `output/totals.csv` with the columns "
        f"`region` and `units`. {rng.choice(PEOPLE)} needs it for {words[::-1]}."
    )


def task(index: int = 0, *, second: bool = True, **parts: object) -> Task:
    """A sound task; `parts` replace fields of it."""
    workspace = Files({"input/orders.csv": _table(("person", "region", "units"), _rows(index))})
    solution: dict[str, File | bytes | str] = {
        "solve.sh": File(SCRIPT.encode(), executable=True),
        "solve.py": SOLVE,
    }
    if second:
        solution["alternative.sh"] = File(
            SCRIPT.replace("solve.py", "second.py").encode(), executable=True
        )
        solution["second.py"] = SECOND
    graph = TaskGraph(
        artifacts=(
            Artifact(id="a", kind=ArtifactKind.TABLE, path="input/orders.csv"),
            Artifact(id="b", kind=ArtifactKind.TABLE, path="output/totals.csv"),
        ),
        nodes=(Node(id="n1", operation="aggregate", inputs=("a",), output="b"),),
    )
    made = Task(
        id=f"orders-{index:04d}",
        instruction=instruction(index),
        config=TaskConfig(
            task=TaskName(name=f"clawgym/orders-{index:04d}"),
            metadata=Metadata(clawgym=ClawGymMetadata(kind="procedural", seed=7)),
        ),
        workspace=workspace,
        tests=verifier_files(checks(index, workspace)),
        solution=Files(solution),
        graph=graph,
    )
    return replace(made, **parts)


def with_solution(task: Task, **programs: str) -> Task:
    """The task with other programs; `solve__py` is `solve.py`."""
    named = {name.replace("__", "."): text for name, text in programs.items()}
    return replace(task, solution=task.solution | Files(named))


def with_tests(task: Task, tests: Mapping[str, File | bytes | str]) -> Task:
    return replace(task, tests=task.tests | Files(tests))


@dataclass(frozen=True)
class Orders:
    """A source of such tasks. Some indices are barren, some lost a draw.

    `repeats` are those of the index before, `echoes` say nearly the same as that one.
    """

    seed: int = 7
    generator: str = "orders/1"
    settings: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    fingerprint: str = "orders"
    repeats: frozenset[int] = frozenset()
    echoes: frozenset[int] = frozenset()

    def draw(self, index: int) -> Candidate:
        if index % 7 == 3:
            return Candidate(index, None, (Lost("composition", "none"),) * 2)
        of = index - 1 if index in self.repeats else index
        made = replace(task(of), id=f"orders-{index:04d}")
        if index in self.echoes:
            made = replace(made, instruction=instruction(index - 1) + " Thank you.")
        lost = (Lost("composition", "unlucky"),) if index % 5 == 0 else ()
        labels = {"team": PEOPLE[index % 3]}
        return Candidate(index, made, lost, labels=labels)
