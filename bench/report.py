"""The report: one HTML file that holds a whole run and opens anywhere, without a network.

Whatever an agent, a task or a skill wrote is untrusted. Every value passes `excerpt.visible` and
then Jinja's escaping; no value becomes a URL; and a content security policy allows the one script
of the page by its hash, and no request at all.
"""

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import cast

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.excerpt import clip, visible
from bench.heatmap import cell, heatmap
from bench.leaderboard import Leaderboard, rank
from bench.statistics import Verdict, expected_half_width
from bench.task_page import TaskPage, TaskPages
from clawgym.atomic import write_atomic
from clawgym.dataset import Dataset
from clawgym.errors import UsageError
from clawgym.reward import Ungraded
from clawgym.run import RunDirectory, Trial

_TEXT_BUDGET = 2_500_000
_TEXT_LIMITS = (400, 4_000)


@dataclass(frozen=True)
class Fact:
    """One line of the header; `code` for what one copies: digests, seeds, versions."""

    label: str
    value: str
    code: bool = False


def write_report(run: RunDirectory, dataset: Dataset, path: Path) -> None:
    """Write the report of a run to `path`, whole or not at all.

    The same run and dataset give the same bytes.

    Raises:
        TaskFormatError: a task or a trajectory cannot be read.
        UsageError: the dataset is not the one that was run, or `path` cannot be written to.
    """
    write_atomic(path, render_report(run, dataset).encode())


def render_report(run: RunDirectory, dataset: Dataset) -> str:
    """The report of a run as one HTML document.

    Raises:
        TaskFormatError: a task or a trajectory cannot be read.
        UsageError: the dataset is not the one that was run.
    """
    trials = run.trials()
    board = rank(trials, dataset, run.plan)
    harnesses = [row.harness for row in board.rows]
    limit = text_limit(trials)
    pages = _pages(run, dataset, trials, harnesses, limit)
    script = _resource("report.js")
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=_suite(dataset),
            facts=_facts(run, dataset, trials),
            summary=summary(board),
            gaps=gaps(trials, planned=len(run.plan.trial_keys())),
            board=board,
            harnesses=harnesses,
            bands=heatmap(pages, harnesses),
            pages=pages,
            version=run.plan.clawgym_version,
            limit=limit,
            expected=expected_half_width(board.tasks),
            style=_trusted(_resource("report.css")),
            script=_trusted(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def summary(board: Leaderboard) -> str:
    """The result in one or two sentences."""
    if not board.rows or board.rows[0].score is None:
        return "No trial has a score yet, so there is nothing to rank."
    top, *others = board.rows
    spread = f" [{top.interval.low:.2f}, {top.interval.high:.2f}]" if top.interval else ""
    first = f"{top.harness} scores {top.score:.2f}{spread} on {board.tasks} tasks"
    if not others:
        return f"{first}."
    tied = [
        row.harness
        for row in others
        if row.against_top and row.against_top.verdict is Verdict.INDISTINGUISHABLE
    ]
    if not tied:
        return f"{first}, ahead of every other harness."
    return f"{first}. This run cannot tell it apart from {_listed(tied)}."


def gaps(trials: Sequence[Trial], *, planned: int) -> str:
    """Which trials have no score, and why; empty when every planned trial has one."""
    causes = Counter(t.reward.cause.value for t in trials if isinstance(t.reward, Ungraded))
    parts = [f"{count} ungraded ({cause})" for cause, count in sorted(causes.items())]
    if missing := planned - len(trials):
        parts.append(f"{missing} not run yet")
    return f"Of {planned} planned trials, {_listed(parts)}." if parts else ""


def text_limit(trials: Sequence[Trial]) -> int:
    """How many characters of each text in a timeline fit, so that the report stays small."""
    texts = sum(trial.turns + 2 * trial.tool_calls for trial in trials)
    low, high = _TEXT_LIMITS
    return max(low, min(high, _TEXT_BUDGET // max(texts, 1)))


def _pages(
    run: RunDirectory,
    dataset: Dataset,
    trials: Sequence[Trial],
    harnesses: Sequence[str],
    limit: int,
) -> list[TaskPage]:
    by_task: defaultdict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_task[trial.task_id].append(trial)
    writer = TaskPages(run, limit)
    pages: list[TaskPage] = []
    for number, task_id in enumerate(run.plan.task_ids, start=1):
        task, of_task = dataset.load(task_id), by_task[task_id]
        if any(trial.task_digest != task.digest for trial in of_task):
            raise UsageError(
                f"task {task_id!r} of {dataset.path} is not the task that was run: its digest "
                "differs; give the dataset of this run with --dataset"
            )
        of_task.sort(key=lambda trial: (harnesses.index(trial.harness), trial.attempt))
        pages.append(writer.page(number, task, of_task))
    return pages


def _facts(run: RunDirectory, dataset: Dataset, trials: Sequence[Trial]) -> list[Fact]:
    plan = run.plan
    started = sorted(trial.started_at for trial in trials)
    facts = [
        Fact("Dataset digest", plan.dataset_digest[:16], code=True),
        Fact("Generator", dataset.index.generator if dataset.index else ""),
        Fact("Tasks", str(len(plan.task_ids))),
        Fact("Attempts a task", str(plan.attempts)),
        Fact("Seed", str(plan.seed), code=True),
        Fact("Sandbox", plan.sandbox),
        Fact("Model", plan.model or ""),
        Fact("ClawGym", plan.clawgym_version),
        Fact("Date", started[0][:16].replace("T", " ") + " UTC" if started else ""),
    ]
    return [fact for fact in facts if fact.value]


def _suite(dataset: Dataset) -> str:
    return dataset.index.name if dataset.index else dataset.path.resolve().name


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bench"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja's annotations infer both tables from their built-in entries, and so are too narrow.
    filters = cast("dict[str, Callable[..., str]]", environment.filters)
    filters |= {"share": _share, "size": _size, "clip": clip}
    filters |= {"count": _count, "signed": signed}
    cast("dict[str, object]", environment.globals)["cell"] = cell
    return environment


def _finalize(value: object) -> object:
    return value if isinstance(value, Markup) else visible(str(value))


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def signed(value: float) -> str:
    """A difference with two decimals and its sign, unless it rounds to zero."""
    rounded = round(value, 2) + 0.0
    return f"{rounded:+.2f}".replace("-", "\N{MINUS SIGN}") if rounded else "0.00"


def _count(value: float) -> str:
    return f"{value:,.1f}" if value < 100 and value != round(value) else f"{value:,.0f}"


def _size(count: int) -> str:
    return f"{count:,} B" if count < 10_000 else f"{count / 1_000:,.0f} kB"


def _trusted(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - files of this package


def _resource(name: str) -> str:
    return files("bench").joinpath("templates", name).read_text(encoding="utf-8")
