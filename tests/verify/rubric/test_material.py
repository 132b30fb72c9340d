"""From a finished workspace to quoted pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.files import Files
from clawgym.quoting import CONTINUED, LINE, as_quoted_lines, quote_lines, quote_name
from clawgym.trajectory import Agent, Step, Trajectory
from tests.verify.rubric.works import criterion, without_pypdf
from verify.rubric.deliverable import MESSAGES, deliverable
from verify.rubric.paging import Paging, Passage, paginate
from verify.rubric.rubric import Rubric

INITIAL = Files({"in.txt": "a", "keep.txt": "k", "gone.txt": "g"})
FINISHED = Files(
    {
        "in.txt": "b",
        "keep.txt": "k",
        "out/new.md": "n",
        "AGENTS.md": "state",
        ".git/HEAD": "ref",
        "docs/AGENTS.md": "work",
    }
)
ANY = Rubric(criteria=(criterion("any"),))


def states(found) -> dict[str, str]:
    return {document.path: document.state for document in found.documents}


def test_new_and_changed_files_are_the_deliverable() -> None:
    found = deliverable(INITIAL, FINISHED, ANY)
    assert states(found) == {"in.txt": "changed", "out/new.md": "new", "docs/AGENTS.md": "new"}
    assert found.deleted == ("gone.txt",)
    assert found.agent_state == (".git/HEAD", "AGENTS.md")
    assert found.not_covered == ()


def test_a_criterion_that_names_files_brings_them_in_and_leaves_the_others_out() -> None:
    named = Rubric(criteria=(criterion("a", target="keep.txt"), criterion("b", target="AGENTS.md")))
    found = deliverable(INITIAL, FINISHED, named)
    assert states(found) == {"keep.txt": "unchanged", "AGENTS.md": "new"}
    assert found.not_covered == ("docs/AGENTS.md", "in.txt", "out/new.md")
    assert not found.reaches(criterion("c", target="missing.md"))


def test_nothing_changed_is_an_empty_deliverable() -> None:
    assert deliverable(
        INITIAL, INITIAL, Rubric(criteria=(criterion("a", target="in.txt"),))
    ).is_empty
    assert not deliverable(INITIAL, Files({"in.txt": "a", "keep.txt": "k"}), ANY).is_empty


def test_what_the_agent_said_counts_where_the_rubric_says_so() -> None:
    steps = [
        Step(step_id=1, source="user", message="ask"),
        Step(step_id=2, source="agent", message="answer \u200b"),
    ]
    spoken = Trajectory(agent=Agent(name="a", version="1"), steps=steps)
    found = deliverable(INITIAL, INITIAL, ANY.model_copy(update={"include_messages": True}), spoken)
    assert [(d.path, d.state, d.text) for d in found.documents] == [
        (MESSAGES, "said", "answer \u27e6U+200B\u27e7")
    ]
    assert not found.is_empty


def test_inputs_are_shown_to_compare_with_where_the_rubric_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_pypdf(monkeypatch)
    given_files = Files({"source.txt": "facts", "paper.pdf": b"%PDF-1.4 facts"})
    comparing = ANY.model_copy(update={"include_inputs": True})
    found = deliverable(given_files, given_files | Files({"out.md": "x"}), comparing)
    assert states(found) == {"out.md": "new", "paper.pdf": "unchanged", "source.txt": "unchanged"}
    assert "pypdf" in found.documents[1].note
    assert deliverable(given_files, given_files, comparing).is_empty


lines = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)
texts = st.lists(lines, max_size=60).map("\n".join)


@given(texts)
def test_every_line_of_a_quotation_but_its_markers_is_prefixed(text: str) -> None:
    quoted = quote_lines(as_quoted_lines(text), "MATERIAL")
    first, *body, last = str(quoted).split("\n")
    assert (first, last) == (quoted.begin, quoted.end)
    assert all(line.startswith(LINE) for line in body)
    assert quoted.end not in quoted.body
    assert quote_lines(as_quoted_lines(text), "MATERIAL") == quoted


@given(texts, texts)
def test_the_code_of_a_quotation_depends_on_all_of_it(first: str, second: str) -> None:
    codes = [quote_lines(as_quoted_lines(text), "MATERIAL").end for text in (first, second)]
    assert (codes[0] == codes[1]) == (first == second)


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,9}", fullmatch=True), texts), max_size=5))
def test_pages_hold_everything_in_order(parts: list[tuple[str, str]]) -> None:
    passages = [Passage(heading, text * 40) for heading, text in parts]
    found = paginate(passages, Paging(page_chars=4_000, max_pages=10**6))
    shown: list[str] = []
    for page in found.pages:
        for line in page.lines:
            if line.startswith(CONTINUED):
                shown[-1] += line.removeprefix(CONTINUED)
            elif line.startswith(LINE):
                shown.append(line.removeprefix(LINE))
    assert shown == [line for passage in passages for line in passage.text.split("\n")]
    assert found.not_shown == ()
    assert all(sum(len(line) + 1 for line in page.lines) <= 4_000 for page in found.pages)


def test_a_long_line_goes_on_on_the_next_page() -> None:
    found = paginate([Passage("file", "x" * 9_000)], Paging(page_chars=4_000))
    assert len(found.pages) > 2
    assert found.pages[1].lines[0] == "file (continued)"
    assert all(line.startswith(CONTINUED) for page in found.pages[1:] for line in page.lines[1:])


def test_beyond_the_last_page_what_is_missing_is_said() -> None:
    parts = [Passage("one", "x\n" * 3_000), Passage("two", "y\n" * 3_000), Passage("three", "z")]
    found = paginate(parts, Paging(page_chars=4_000, max_pages=4))
    assert len(found.pages) == 4
    assert found.not_shown == ("two", "three")


def test_names_are_one_visible_line() -> None:
    assert quote_name('a"\n\u202eb') == '"a\\"\\n\u27e6U+202E\u27e7b"'
