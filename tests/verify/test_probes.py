"""Probes: runs whose score is known beforehand."""

import csv
import io
import json
import sqlite3
import tomllib
import xml.etree.ElementTree as ET
import zipfile

import pytest

from clawgym.errors import TaskFormatError
from clawgym.reward import Graded
from clawgym.sandbox import Backend
from clawgym.task import Task
from tests.verify.tasks import BLIND, HONEST, WEAK, task
from verify.panel import PANEL
from verify.probes import LAZY, NOOP, ORACLE, PROBES, finished_workspace, named_paths, run_probe


async def score(probe: str, one: Task, backend: Backend) -> float:
    verdict = await run_probe(PROBES[probe], one, backend)
    assert isinstance(verdict, Graded)
    return verdict.score


def test_named_paths_are_the_files_to_make() -> None:
    text = "Read `in.txt`; write output/a.b.csv, (notes.md) and x.tar.gz, e.g. not v1.2 or 3.50."
    assert named_paths(task(HONEST, instruction=text)) == [
        "output/a.b.csv",
        "notes.md",
        "x.tar.gz",
        "e.g",
    ]


def test_paths_outside_the_workspace_are_not_tried() -> None:
    text = "See /etc/hosts.conf, ../up.txt and https://host.example/page.html"
    assert named_paths(task(HONEST, instruction=text)) == []


def test_outputs_of_the_graph_are_tried_even_if_the_words_hide_them(generated: list[Task]) -> None:
    for one in generated:
        assert one.graph
        outputs = {one.graph.artifact(node.output).path for node in one.graph.nodes}
        assert outputs - set(one.workspace) <= set(named_paths(one))


async def test_probes_earn_what_they_must_at_an_honest_task(backend: Backend) -> None:
    scores = {name: await score(name, task(HONEST), backend) for name in PROBES}
    assert scores == {
        "oracle": 1.0,
        "noop": 0.0,
        "lazy:touch": 0.0,
        "lazy:echo": 0.0,
        "lazy:copy": 1.0,  # copying an input is what this task asks for
    }


async def test_a_weak_verifier_is_fooled_by_the_lazy_panel(backend: Backend) -> None:
    assert await score("lazy:echo", task(WEAK), backend) == 1.0
    assert await score("noop", task(WEAK), backend) == 0.0
    assert await score("noop", task(BLIND), backend) == 1.0


async def test_lazy_hands_write_where_they_can(backend: Backend) -> None:
    text = f"Write `in.txt/below.txt`, `{'d/' * 300}deep.txt`, `x.y` and then `x.y/z.txt`."
    left = await finished_workspace(PROBES["lazy:echo"], task(HONEST, instruction=text), backend)
    assert set(left) == {"in.txt", "x.y"}


async def test_doing_nothing_leaves_the_workspace_as_it_was(backend: Backend) -> None:
    one = task(HONEST)
    assert await finished_workspace(NOOP, one, backend) == one.workspace


@pytest.mark.parametrize(
    ("solution", "reason"),
    [
        (None, "has no solution/solve.sh"),
        ("echo cannot >&2; exit 4\n", "the reference solution of copy exited with 4: cannot"),
    ],
)
async def test_a_solution_that_does_not_work_is_the_authors_to_mend(
    backend: Backend, solution: str | None, reason: str
) -> None:
    with pytest.raises(TaskFormatError, match=reason):
        await run_probe(ORACLE, task(HONEST, solution=solution), backend)


async def test_lazy_probes_give_generated_tasks_something_to_refuse(generated: list[Task]) -> None:
    for probe in LAZY:
        assert probe.finished
        assert set(probe.finished(generated[0])) > set(generated[0].workspace)


async def test_what_a_lazy_probe_leaves_is_known_without_a_box(backend: Backend) -> None:
    text = f"Write `in.txt/below.txt`, `{'d/' * 300}deep.txt`, `x.y`, `x.y/z.txt` and `n/o.csv`."
    one = task(HONEST, instruction=text)
    for probe in LAZY:
        assert probe.finished
        assert await finished_workspace(probe, one, backend) == probe.finished(one), probe.name


def test_stubs_are_valid_documents_of_their_type() -> None:
    names = " ".join(f"`a{suffix}`" for suffix in (".json", ".csv", ".db", ".xlsx", ".toml"))
    filled = PANEL["stub"](task(HONEST, instruction=f"Write {names}."))
    assert json.loads(filled["a.json"]) == {}
    assert next(csv.reader(filled["a.csv"].decode().splitlines())) == ["id", "name", "value"]
    assert tomllib.loads(filled["a.toml"].decode()) == {}
    assert zipfile.ZipFile(io.BytesIO(filled["a.xlsx"])).testzip() is None
    connection = sqlite3.connect(":memory:")
    connection.deserialize(filled["a.db"])
    assert connection.execute("SELECT count(*) FROM main_table").fetchone() == (0,)


def test_keywords_are_words_and_numbers_in_the_format_of_the_file() -> None:
    filled = PANEL["keywords"](task(HONEST, instruction="Sum 3,50 and 17 in `a.json`, `b.md`."))
    assert {"Sum", "3,50", "17"} <= set(json.loads(filled["a.json"]))
    assert "- 17\n" in filled["b.md"].decode()


def test_a_list_of_texts_is_a_valid_file_of_every_type() -> None:
    suffixes = (".xml", ".html", ".xlsx", ".ics", ".vcf", ".db")
    names = " ".join(f"`a{suffix}`" for suffix in suffixes)
    filled = PANEL["headings"](task(HONEST, instruction=f"Sum & sort. Write {names}."))
    assert [item.tag for item in ET.fromstring(filled["a.xml"])][:1] == ["item"]
    assert b"<h2>Sum &amp; sort</h2>" in filled["a.html"]
    assert zipfile.ZipFile(io.BytesIO(filled["a.xlsx"])).testzip() is None
    assert filled["a.ics"].count(b"BEGIN:VEVENT") == filled["a.vcf"].count(b"BEGIN:VCARD") > 0
    connection = sqlite3.connect(":memory:")
    connection.deserialize(filled["a.db"])
    assert connection.execute('SELECT count(*) FROM "Sum & sort"').fetchone() == (0,)
