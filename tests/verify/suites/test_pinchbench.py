from pathlib import Path

import pytest

from clawgym.errors import TaskFormatError
from tests.verify.suites.formats import RUBRIC, markdown, write
from verify.suites import Refusal, load_all, open_suite
from verify.suites.adapters import MarkdownRun, read_run
from verify.suites.markdown import python_code, split_sections
from verify.suites.suite import Notes


def codes(suite) -> set[str]:
    return {repair.code for repair in suite.repairs}


def test_a_document_becomes_a_task(tmp_path: Path):
    write(tmp_path / "tasks/task_note.md", markdown())
    suite = open_suite(tmp_path)
    task = suite.load("task_note")
    assert suite.kind == "pinchbench"
    assert task.instruction == "Write hello to note.txt.\n"
    assert task.config.agent.timeout_sec == 90
    assert task.config.task.keywords == ("writing",)
    assert task.tests["original/task.md"].data == markdown().encode()
    assert suite.repairs == []


def test_files_come_inline_from_assets_and_from_the_tasks_own_folder(tmp_path: Path):
    front = (
        "workspace_files:\n  - path: a/in.txt\n    content: |\n      line\n"
        "  - source: data.bin\n    dest: d.bin\n  - extra.txt\n  - source: lost.pdf\n"
    )
    write(tmp_path / "assets/data.bin", b"\xff\x00")
    write(tmp_path / "tasks/task_note/extra.txt", "own")
    write(tmp_path / "tasks/task_note.md", markdown(front=front))
    suite = open_suite(tmp_path)
    task = suite.load("task_note")
    assert {path: file.data for path, file in task.workspace.items()} == {
        "a/in.txt": b"line\n",
        "d.bin": b"\xff\x00",
        "extra.txt": b"own",
    }
    assert codes(suite) == {"asset-missing"}


def test_an_asset_outside_of_the_suite_is_not_fetched(tmp_path: Path):
    write(tmp_path / "secret.txt", "no")
    front = "workspace_files:\n  - source: ../../secret.txt\n    dest: s.txt\n"
    write(tmp_path / "suite/tasks/task_note.md", markdown(front=front))
    suite = open_suite(tmp_path / "suite")
    assert not suite.load("task_note").workspace
    assert codes(suite) == {"asset-missing"}


def test_hybrid_weights_are_divided_by_their_sum(tmp_path: Path):
    front = "grading_weights:\n  automated: 3\n  llm_judge: 1\n"
    write(tmp_path / "task_note.md", markdown(kind="hybrid", front=front, rubric=RUBRIC))
    task = open_suite(tmp_path).load("task_note")
    settings = task.clawgym
    assert settings.code_weight / (settings.code_weight + settings.rubric_weight) == 0.75
    assert settings.code_floor == 0.0
    assert b"Friendly." in task.tests["rubric.toml"].data


@pytest.mark.parametrize("front", ["", "grading_weights: {automated: 0, llm_judge: 0}\n"])
def test_hybrid_weights_default_to_halves(tmp_path: Path, front: str):
    write(tmp_path / "task_note.md", markdown(kind="hybrid", front=front, rubric=RUBRIC))
    settings = open_suite(tmp_path).load("task_note").clawgym
    assert (settings.code_weight, settings.rubric_weight) == (0.5, 0.5)


def test_a_judged_task_runs_no_code(tmp_path: Path):
    write(tmp_path / "task_note.md", markdown(kind="llm_judge", rubric=RUBRIC))
    run = read_run(open_suite(tmp_path).load("task_note"))
    assert isinstance(run, MarkdownRun)
    assert run.call == "none"


def test_the_list_of_criteria_is_judged_where_there_is_no_rubric(tmp_path: Path):
    write(tmp_path / "task_note.md", markdown(kind="llm_judge", code=""))
    suite = open_suite(tmp_path)
    assert b"There is a note" in suite.load("task_note").tests["rubric.toml"].data
    assert "rubric-from-criteria" in codes(suite)


def test_a_rubric_that_cannot_be_read_is_one_criterion(tmp_path: Path):
    odd = RUBRIC.replace("Score 0.75", "Score 1.0")
    write(tmp_path / "task_note.md", markdown(kind="llm_judge", rubric=odd))
    suite = open_suite(tmp_path)
    assert "rubric.toml" in suite.load("task_note").tests
    assert "rubric-unreadable" in codes(suite)


def test_sessions_are_asked_for_in_one_instruction_and_kept(tmp_path: Path):
    front = (
        "sessions:\n  - {id: a, prompt: First.}\n  - {id: b, prompt: Then., new_session: true}\n"
    )
    write(tmp_path / "task_note.md", markdown(front=front))
    suite = open_suite(tmp_path)
    task = suite.load("task_note")
    assert task.instruction == "First.\n\nThen.\n"
    assert task.config.metadata.model_extra["pinchbench"]["sessions"][1]["new_session"] is True
    assert "sessions-joined" in codes(suite)


def test_the_manifest_says_which_tasks_there_are(tmp_path: Path):
    write(tmp_path / "tasks/manifest.yaml", "tasks: [task_b, task_a, task_lost]\n")
    for name in ("task_a", "task_b", "task_left"):
        write(tmp_path / f"tasks/{name}.md", markdown(id=name))
    suite = open_suite(tmp_path)
    loaded = list(load_all(suite))
    assert suite.task_ids == ["task_b", "task_a", "task_lost"]
    assert isinstance(loaded[2], Refusal)
    assert any("task_left.md" in repair.message for repair in suite.repairs)


def test_an_id_may_differ_from_the_name_of_the_file(tmp_path: Path):
    write(tmp_path / "task_19_note.md", markdown(id="task_18_note"))
    suite = open_suite(tmp_path)
    assert suite.task_ids == ["task_18_note"]
    assert codes(suite) == {"id-differs"}


def test_a_document_without_front_matter_and_fence_is_recovered(tmp_path: Path):
    text = (
        "# Note\n\n## Prompt\n\nWrite it.\n\n## Automated Checks\n\n"
        "def grade(transcript, workspace_path):\n    return {'a': 1.0}\n"
    )
    write(tmp_path / "task_note.md", text)
    suite = open_suite(tmp_path)
    task = suite.load("task_note")
    assert b"return {'a': 1.0}" in task.tests["original/grade.txt"].data
    assert {"front-matter-missing", "fence-missing", "grading-type"} <= codes(suite)


def test_a_document_without_a_prompt_is_refused(tmp_path: Path):
    write(tmp_path / "task_note.md", markdown().replace("## Prompt", "## Ask"))
    with pytest.raises(TaskFormatError, match="Prompt"):
        open_suite(tmp_path).load("task_note")


def test_front_matter_that_is_no_yaml_is_refused_alone(tmp_path: Path):
    write(tmp_path / "task_a.md", "---\nid: [\n---\n\n## Prompt\n\nx\n")
    write(tmp_path / "task_b.md", markdown(id="task_b"))
    first, second = load_all(open_suite(tmp_path))
    assert isinstance(first, Refusal)
    assert "no YAML" in first.reason
    assert second.id == "task_b"


def test_a_heading_within_a_fence_is_text():
    notes = Notes()
    body = "## Prompt\n\n```\n## not a heading\n```\n\n## Next\n\nx"
    assert list(split_sections(body, notes)) == ["Prompt", "Next"]
    assert [repair.code for repair in notes.repairs] == ["heading-in-fence"]


def test_code_that_holds_a_fence_is_read_to_the_end_of_its_own():
    notes = Notes()
    code = 'def grade(t, w):\n    return {"a": "```" in t}'
    assert python_code(f"```python\n{code}\n```", notes) == code
    assert [repair.code for repair in notes.repairs] == ["code-fence"]
