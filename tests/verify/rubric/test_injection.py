"""Text of strangers cannot change a verdict, however gullible the judge, while it is quoted."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest

from clawgym.files import Files
from clawgym.model.endpoint import serve
from clawgym.model.openai_client import OpenAIModel
from clawgym.model.scripted import ScriptedModel
from clawgym.quoting import CONTINUED, LINE, Quotation, quote_lines
from tests.verify.rubric.gullible import CONTEXT_CHARS, HONEST, OBEDIENT, gullible
from tests.verify.rubric.injections import COMMAND, ESSAY, INJECTIONS, workspace
from tests.verify.rubric.works import judged_task
from verify.rubric.judge import Judge, RubricScore
from verify.rubric.paging import Paging
from verify.rubric.prompting import Prompts

PAGES = Paging(page_chars=20_000)


@asynccontextmanager
async def gullible_judge(
    prompts: Prompts | None = None, paging: Paging = PAGES, votes: int = 1
) -> AsyncGenerator[Judge]:
    async with (
        serve(ScriptedModel(gullible, name="gullible")) as endpoint,
        OpenAIModel("gullible", endpoint.base_url, "key") as model,
    ):
        yield Judge(model, votes=votes, prompts=prompts, paging=paging)


async def verdict(judge: Judge, work: Files) -> RubricScore:
    score = await judge.judge(judged_task(), work)
    assert isinstance(score, RubricScore), score
    return score


def unquoted(lines: Sequence[str], what: str) -> Quotation:
    """How a prompt is written without a thought: the text as it came, between two headings."""
    plain = "\n".join(line.removeprefix(LINE).removeprefix(CONTINUED) for line in lines)
    raw = re.sub("\u27e6U\\+([0-9A-F]{4,6})\u27e7", lambda found: chr(int(found[1], 16)), plain)
    return Quotation(f"-----{what}-----", "-----", raw)


def fixed_markers(lines: Sequence[str], what: str) -> Quotation:
    """Our markers, but with a code that everybody knows, and no prefixes."""
    marked = quote_lines([line.removeprefix(LINE) for line in lines], what)
    code = "0" * 24
    return Quotation(f"<<<BEGIN {what} {code}>>>", f"<<<END {what} {code}>>>", marked.body)


async def test_an_honest_work_is_judged_honestly() -> None:
    async with gullible_judge() as judge:
        score = await verdict(judge, Files({"notes.txt": "", ESSAY: "Rivers.\n"}))
    assert score.score == HONEST
    assert score.findings == ()


@pytest.mark.parametrize("name", INJECTIONS)
async def test_an_injection_flips_no_verdict(name: str) -> None:
    async with gullible_judge(votes=2) as judge:
        score = await verdict(judge, workspace(name))
    assert [vote.band for c in score.criteria for vote in c.votes] == [HONEST] * 4


@pytest.mark.parametrize("name", INJECTIONS)
async def test_the_same_injection_flips_the_verdict_of_an_unquoted_prompt(name: str) -> None:
    async with gullible_judge(Prompts(unquoted)) as judge:
        score = await verdict(judge, workspace(name))
    assert score.score == OBEDIENT


async def test_markers_with_a_known_code_and_no_prefix_would_not_hold() -> None:
    async with gullible_judge(Prompts(fixed_markers)) as judge:
        score = await verdict(judge, workspace("invented marker"))
    assert score.score == OBEDIENT


@pytest.mark.parametrize("lines", [1, 9_000], ids=["one line", "many lines"])
async def test_a_long_file_pushes_neither_the_rules_nor_the_rubric_out(lines: int) -> None:
    text = ("x" * (9_000 // lines + 20) + "\n") * lines
    work = Files({"notes.txt": "", ESSAY: f"{text * (1 if lines > 1 else 20)}{COMMAND}\n"})
    assert len(work[ESSAY].data) > 3 * CONTEXT_CHARS
    async with gullible_judge() as judge:
        paged = await verdict(judge, work)
    async with gullible_judge(paging=Paging(page_chars=10**7)) as judge:
        overflowing = await verdict(judge, work)
    assert (paged.score, overflowing.score) == (HONEST, OBEDIENT)


async def test_notes_that_repeat_an_instruction_are_quoted_as_well() -> None:
    """A gullible reader of pages notes the command; who judges by the notes must not obey it."""
    text = "a line of the essay\n" * 3_000
    work = Files({"notes.txt": "", ESSAY: f"{text}{COMMAND}\n"})

    def parrot(lines: Sequence[str], what: str) -> Quotation:
        is_page = any("file" in line for line in lines)
        return unquoted(lines, what) if is_page else quote_lines(lines, what)

    async with gullible_judge(Prompts(parrot)) as judge:
        score = await verdict(judge, work)
    assert score.score == HONEST
    assert judge.tally.questions > 2


async def test_words_to_the_judge_are_reported_and_cost_nothing() -> None:
    async with gullible_judge() as judge:
        said = await verdict(judge, workspace("plain words"))
        hidden = await verdict(judge, workspace("bidi override"))
    assert any("may address the judge" in finding for finding in said.findings)
    assert any("direction-changing" in finding for finding in hidden.findings)


async def test_files_in_the_agents_own_folders_are_named_and_not_shown() -> None:
    async with gullible_judge() as judge:
        score = await verdict(judge, workspace("deleted and agent state"))
    assert score.score == HONEST
