from clawgym.artifact import Artifact, ArtifactKind
from clawgym.files import Files
from clawgym.graph import Node, TaskGraph
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName
from synth.dataset.profile import profile_of
from synth.dataset.shape import shape_of
from tests.synth.dataset.examples import chain, make_task


def fork(*, names: str = "abc", second: str = "filter") -> TaskGraph:
    """One file read by two nodes, whose results a third one joins."""
    a, b, c = names
    paths = {"s": "input/s.csv", a: "output/1.csv", b: "output/2.csv", c: "output/3.csv"}
    return TaskGraph(
        artifacts=tuple(
            Artifact(id=name, kind=ArtifactKind.TABLE, path=path) for name, path in paths.items()
        ),
        nodes=(
            Node(id=f"n{a}", operation="filter", inputs=("s",), output=a),
            Node(id=f"n{b}", operation=second, inputs=("s",), output=b),
            Node(id=f"n{c}", operation="join", inputs=(a, b), output=c),
        ),
    )


def test_the_figures_of_a_shape():
    shape = shape_of(fork())
    assert (shape.nodes, shape.depth, shape.sources) == (3, 2, 1)
    assert (shape.fan_in, shape.fan_out) == (2, 2)


def test_names_do_not_change_the_shape():
    assert shape_of(fork()) == shape_of(fork(names="zyx"))


def test_operations_change_the_plan_and_not_the_form():
    one, other = shape_of(fork()), shape_of(fork(second="sort"))
    assert one.form == other.form
    assert one.plan != other.plan


def test_a_chain_is_no_fork():
    assert shape_of(chain("filter", "filter", "join")).form != shape_of(fork()).form


def test_the_order_of_operations_changes_the_plan():
    one, other = (shape_of(chain(*names)) for names in (("filter", "join"), ("join", "filter")))
    assert one.form == other.form
    assert one.plan != other.plan


def test_what_a_profile_holds():
    task = make_task(
        "t",
        "Keep three rows.",
        operations=("filter", "aggregate", "report"),
        rubric=True,
        difficulty=4,
        scenario="office/invoices",
        supporting_skills=("report",),
        labels={"form": "repair"},
    )
    profile = profile_of(task)
    assert profile.operations == ("filter", "aggregate", "report")
    assert profile.pairs == ("filter > aggregate", "aggregate > report")
    assert (profile.artifacts_in, profile.artifacts_out[0]) == (("table",), "records")
    assert (profile.inputs, profile.outputs) == (("csv",), ("json", "csv", "json"))
    assert (profile.category, profile.subcategory) == ("office", "office/invoices")
    assert (profile.checks, profile.words, profile.rubric, profile.solution) == (2, 3, True, True)
    assert profile.skills == ("table", "report")
    assert profile.labels == {"form": "repair"}


def test_outputs_of_a_task_without_graph_are_those_of_its_checks():
    assert profile_of(make_task("t", operations=())).outputs == ("json", "csv")


def test_outputs_of_a_foreign_task_are_what_it_names_and_lacks():
    task = Task(
        id="t",
        instruction="Read `input/a.csv` (e.g. v1.2) and write output/a.json and output/notes.md.",
        config=TaskConfig(
            task=TaskName(name="x/t"),
            metadata=Metadata(clawgym=ClawGymMetadata(kind="import", suite="clawgym")),
        ),
        workspace=Files({"input/a.csv": "a\n"}),
    )
    profile = profile_of(task)
    assert (profile.outputs, profile.checks, profile.shape) == (("json", "md"), None, None)


def test_content_is_the_same_under_another_id():
    one, other = (profile_of(make_task(name, "Do it.", workspace="a\n")) for name in "ab")
    assert one.content == other.content
    assert one.content != profile_of(make_task("a", "Do that.", workspace="a\n")).content
