"""Attempts made without a box: damaged outputs and planted files."""

from hypothesis import given
from hypothesis import strategies as st

from clawgym.files import Files
from tests.verify.bad_verifiers import SOUND, task_with
from verify.attempts import Due, produced, with_files, without
from verify.fuzz import HUGE, fuzz
from verify.tampering import PLANTS, tampering

TASK = task_with(SOUND)
SOLVED = TASK.workspace | Files({"out/totals.csv": "city,total\nBonn,6\n"})


def test_every_output_is_damaged_in_every_way_and_nothing_else_is() -> None:
    attempts = {attempt.name: attempt for attempt in fuzz(TASK, SOLVED)}
    assert {attempt.path for attempt in attempts.values()} == {"out/totals.csv"}
    assert all(attempt.due is Due.LESS for attempt in attempts.values())
    assert all("sales.csv" in attempt.files for attempt in attempts.values())
    assert "out/totals.csv" not in attempts["fuzz:link:out/totals.csv"].files
    assert "out/totals.csv/totals.csv" in attempts["fuzz:directory:out/totals.csv"].files
    huge = attempts["fuzz:huge:out/totals.csv"].files["out/totals.csv"]
    assert len(huge.data) >= HUGE
    assert len(attempts) == 12


def test_without_a_solution_stubs_are_damaged_and_any_grade_will_do() -> None:
    attempts = list(fuzz(TASK, None))
    assert {attempt.path for attempt in attempts} == {"totals.csv"}
    assert {attempt.due for attempt in attempts} == {Due.GRADE}


def test_tricks_are_planted_on_both_bases_and_never_over_a_file_of_the_task() -> None:
    attempts = list(tampering(TASK, SOLVED))
    assert len(attempts) == 2 * len(PLANTS)
    for attempt in attempts:
        base = SOLVED if attempt.due is Due.EVERYTHING else TASK.workspace
        assert all(attempt.files[path] == base[path] for path in base)
        assert len(attempt.files) > len(base)
    names = {path for attempt in attempts for path in attempt.files}
    assert {"sitecustomize.py", "conftest.py", "json.py", "reward.json", "bin/python3"} <= names
    assert any(f.executable for a in attempts for p, f in a.files.items() if p == "bin/python3")


def test_what_was_made_or_changed_is_produced() -> None:
    assert set(produced(TASK, SOLVED)) == {"out/totals.csv"}
    edited = SOLVED | Files({"sales.csv": "x"})
    assert set(produced(TASK, edited)) == {"out/totals.csv", "sales.csv"}
    assert "sales.csv" not in without(SOLVED, "sales.csv")


_PATHS = st.from_regex(r"[ab](/[ab]){0,2}", fullmatch=True)


@given(st.dictionaries(_PATHS, st.binary(max_size=2), max_size=6))
def test_contents_are_placed_as_far_as_they_fit(contents: dict[str, bytes]) -> None:
    base = Files({"a/a": "old", "c": "kept"})
    placed = with_files(base, contents)
    assert set(placed) >= {"c"}
    assert placed["a/a"].data == contents.get("a/a", b"old")
    assert set(placed) <= {*base, *contents}
