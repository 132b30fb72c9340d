import re
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bench.leaderboard import rank
from bench.report import gaps, render_report, signed, summary, text_limit, write_report
from bench.task_page import task_anchor, trial_anchor
from clawgym.dataset import Dataset
from clawgym.errors import UsageError
from clawgym.reward import Cause, Graded, Ungraded
from clawgym.run import RunDirectory, TrialKey
from clawgym.trajectory import Step
from tests.bench.factory import (
    SYSTEM,
    graded,
    make_dataset,
    make_run,
    plan,
    task,
    trajectory,
    trial,
    work_steps,
)

VOID = {"meta", "input", "br"}
HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% for x in y %}",
    "</pre></details></title><style>*{display:none}</style>",
    "\x00\x1b[31m\u202e\x85 bell\x07",
    "<!--",
    "<![CDATA[",
    "&lt;b&gt;",
)
ATTACK = " ".join(HOSTILE)


class Page(HTMLParser):
    """Reads a document and insists that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    def values(self, attribute: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == attribute]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, Dataset]:
    return make_run(tmp_path_factory.mktemp("sample"), tasks=8, attempts=2)


@pytest.fixture(scope="module")
def html(sample: tuple[RunDirectory, Dataset]) -> str:
    return render_report(*sample)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def one_trial_run(
    path: Path, steps: list[Step] | None = None, reward: Graded | Ungraded | None = None
) -> tuple[RunDirectory, Dataset]:
    of = task("only", steps=2)
    dataset = make_dataset(path / "dataset", [of])
    run = RunDirectory.create_or_resume(path / "run", plan(dataset, ["expert"]))
    assert of.graph
    key = TrialKey("expert", "only", 1)
    row = trial(key, reward or graded(1.0, of.graph), of.digest)
    run.record(row, trajectory(steps) if steps else None)
    return run, dataset


def test_the_report_is_well_formed_with_unique_ids(page: Page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert page.tags["html"] == 1
    assert not any(" " in name for name in ids)


def test_every_task_check_and_piece_of_evidence_is_there(
    sample: tuple[RunDirectory, Dataset], page: Page
):
    run, _ = sample
    ids = set(page.values("id"))
    checks = 0
    for row in run.trials():
        assert task_anchor(row.task_id) in ids
        assert trial_anchor(row) in ids
        for check in row.reward.checks if isinstance(row.reward, Graded) else ():
            checks += 1
            for words in (check.id, check.requirement, check.expected, check.found, check.where):
                assert words in page.text
    assert page.text.count("weight 1") + page.text.count("· gate") == checks


def test_every_link_leads_to_a_place_in_the_page(page: Page):
    ids = set(page.values("id"))
    links = page.values("href")
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)


def test_the_report_asks_nothing_of_the_network(html: str, page: Page):
    names = {name for _, name, _ in page.attributes}
    assert not names & {"src", "srcset", "action", "poster", "data", "background", "xlink:href"}
    assert not page.tags.keys() & {"link", "img", "iframe", "object", "base", "form"}
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


def test_no_attribute_runs_script(page: Page):
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert page.tags["script"] == 1


def test_the_policy_allows_the_script_of_the_page_and_no_other(html: str):
    script = re.search(r"<script>(.*)</script>", html, re.DOTALL)
    assert script
    digest = b64encode(sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in html


def test_the_same_run_gives_the_same_bytes(
    sample: tuple[RunDirectory, Dataset], html: str, tmp_path: Path
):
    write_report(*sample, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_bytes() == html.encode()


def test_ungraded_trials_say_why(page: Page):
    assert "No score: sandbox." in page.text
    assert "bwrap: no space left on device" in page.text
    assert any("ungraded, sandbox: bwrap: no space" in title for title in page.values("title"))


def test_gaps_are_counted_by_cause(sample: tuple[RunDirectory, Dataset], page: Page):
    run, _ = sample
    found = gaps(run.trials(), planned=len(run.plan.trial_keys()))
    assert re.fullmatch(r"Of 80 planned trials, \d ungraded \(sandbox\) and 1 not run yet\.", found)
    assert found in page.text


def test_a_complete_run_has_no_gaps(tmp_path: Path):
    run, _ = one_trial_run(tmp_path)
    assert gaps(run.trials(), planned=1) == ""


def test_the_instruction_and_the_first_lines_of_the_files_are_there(page: Page):
    assert "Keep those that were paid" in page.text
    assert "1,Ada,NO" in page.text
    assert "Not a text file." in page.text
    assert "21 more lines" in page.text


def test_the_timeline_shows_calls_answers_and_tokens(tmp_path: Path):
    run, dataset = one_trial_run(tmp_path, work_steps(task("only", steps=2)))
    text = Page(render_report(run, dataset)).text
    assert "7 steps by langgraph 0.1.0 · scripted" in text
    assert "I look at input/orders.csv first." in text
    assert "wrote work/paid.csv" in text
    assert "900 in, 60 out" in text
    assert "The amounts have to be summed by country." in text


def test_a_system_prompt_shared_by_all_trials_is_printed_once(page: Page):
    assert page.text.count(SYSTEM) == 1


def test_a_long_answer_is_bounded_and_says_so(tmp_path: Path):
    steps = [Step(step_id=1, source="user", message="x" * 10_000)]
    run, dataset = one_trial_run(tmp_path, steps)
    text = Page(render_report(run, dataset)).text
    assert "6,000 more characters are not in this report." in text
    assert "x" * 4_001 not in text


def test_a_long_trajectory_shows_both_ends_and_says_what_is_missing(tmp_path: Path):
    steps = [Step(step_id=n, source="agent", message=f"word-{n}-end") for n in range(1, 101)]
    run, dataset = one_trial_run(tmp_path, steps)
    text = Page(render_report(run, dataset)).text
    assert "40 steps are not in this report." in text
    assert "word-50-end" in text
    assert "word-51-end" not in text
    assert "word-91-end" in text


def hostile_run(path: Path) -> tuple[RunDirectory, Dataset]:
    of = task("only", steps=2, instruction=ATTACK)
    dataset = make_dataset(path / "dataset", [of])
    run = RunDirectory.create_or_resume(path / "run", plan(dataset, [ATTACK, "noop"]))
    assert of.graph
    good = graded(0.5, of.graph)
    checks = tuple(
        check.model_copy(
            update=dict.fromkeys(("id", "requirement", "expected", "found", "where"), ATTACK)
        )
        for check in good.checks
    )
    steps = [
        step.model_copy(update={"message": ATTACK, "model_name": None}) for step in work_steps(of)
    ]
    for step in steps:
        for call in step.tool_calls or []:
            call.function_name = ATTACK
            call.arguments = {ATTACK: ATTACK, "nested": {ATTACK: [ATTACK]}}
        for result in step.observation.results if step.observation else ():
            result.content = ATTACK
    keys = run.plan.trial_keys()
    for key in keys:
        reward = good.model_copy(update={"checks": checks})
        broken = Ungraded(cause=Cause.SANDBOX, reason=ATTACK)
        noop = key.harness == "noop"
        run.record(
            trial(key, broken if noop else reward, of.digest),
            None if noop else trajectory(steps, name=ATTACK),
        )
    return run, dataset


def test_hostile_text_is_shown_and_never_obeyed(tmp_path: Path):
    html = render_report(*hostile_run(tmp_path))
    page = Page(html)
    assert page.tags["script"] == 1
    assert page.tags["style"] == 1
    assert not page.tags.keys() & {"img", "b"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert all(link.startswith("#") for link in page.values("href"))
    for words in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[3], HOSTILE[8]):
        assert words in page.text


def test_hostile_text_leaves_no_control_character(tmp_path: Path):
    html = render_report(*hostile_run(tmp_path))
    assert not re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", html)
    assert "␀␛[31m⟨U+202E⟩" in html


def test_another_dataset_is_refused(sample: tuple[RunDirectory, Dataset], tmp_path: Path):
    run, _ = sample
    others = [task(name, instruction="Another one.") for name in run.plan.task_ids]
    with pytest.raises(UsageError, match="not the task that was run"):
        render_report(run, make_dataset(tmp_path / "other", others))


def test_an_imported_task_without_graph_or_checks_has_a_page(tmp_path: Path):
    run, dataset = one_trial_run(tmp_path, reward=Graded(score=0.5, code=0.4, rubric=0.8))
    text = Page(render_report(run, dataset)).text
    assert "Score 0.500 = code 0.400, rubric 0.800." in text
    assert "The verifier reported no single checks." in text
    assert "This harness leaves no trajectory." in text


def test_an_empty_run_has_a_report(tmp_path: Path):
    dataset = make_dataset(tmp_path / "dataset", [task("only")])
    run = RunDirectory.create_or_resume(tmp_path / "run", plan(dataset, ["expert"]))
    text = Page(render_report(run, dataset)).text
    assert "No trial has a score yet" in text
    assert "None has run yet." in text


def test_forty_tasks_and_five_harnesses_stay_small(tmp_path: Path):
    run, dataset = make_run(tmp_path, tasks=40)
    assert len(render_report(run, dataset).encode()) < 2_000_000


def test_the_more_there_is_to_show_the_shorter_each_text():
    row = trial(TrialKey("x", "a", 1), Graded(score=1, code=1), "digest", turns=10, tool_calls=10)
    assert text_limit([row]) == 4_000
    assert text_limit([row] * 50) == 1_666
    assert text_limit([row] * 5_000) == 400


def test_the_summary_says_what_cannot_be_told_apart(sample: tuple[RunDirectory, Dataset]):
    run, dataset = sample
    assert "This run cannot tell it apart from expert." in summary(
        rank(run.trials(), dataset, run.plan)
    )


def test_a_difference_that_rounds_to_zero_has_no_sign():
    assert [signed(value) for value in (-0.001, 0.0, 0.126, -0.5)] == [
        "0.00",
        "0.00",
        "+0.13",
        "\N{MINUS SIGN}0.50",
    ]
