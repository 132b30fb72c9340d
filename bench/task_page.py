"""What a report says about one task: what was asked, and what became of each trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from bench.breakdown import skills_of
from bench.excerpt import Excerpt, excerpt
from bench.graph_svg import graph_svg
from bench.passage import Passages, Reference
from bench.timeline import Timeline, timeline
from clawgym.files import File
from clawgym.reward import CheckResult, Graded, Ungraded
from clawgym.run import RunDirectory, Trial
from clawgym.task import Task

PREVIEW_CHARACTERS = 1_200
PREVIEW_LINES = 10
MAX_FILES = 40
INSTRUCTION_CHARACTERS = 8_000


@dataclass(frozen=True)
class FilePreview:
    """One file that the agent starts with; `preview` is None where it is no text."""

    path: str
    size: int
    preview: Excerpt | None


@dataclass(frozen=True)
class TrialView:
    """One trial: its verdict, the checks with the operation each hangs off, and what happened."""

    anchor: str
    trial: Trial
    checks: tuple[tuple[CheckResult, str], ...]
    timeline: Timeline | None

    @property
    def graded(self) -> Graded | None:
        """The score and its evidence, where there is one."""
        return self.trial.reward if isinstance(self.trial.reward, Graded) else None

    @property
    def ungraded(self) -> Ungraded | None:
        """Why there is no score, where there is none."""
        return self.trial.reward if isinstance(self.trial.reward, Ungraded) else None


@dataclass(frozen=True)
class TaskPage:
    """One task of the report; `number` counts from 1."""

    number: int
    anchor: str
    task_id: str
    difficulty: int | None
    skills: tuple[str, ...]
    operations: tuple[str, ...]
    instruction: Excerpt
    picture: Markup | None
    files: tuple[FilePreview, ...]
    more_files: int
    trials: tuple[TrialView, ...]


def task_anchor(task_id: str) -> str:
    """The element id of a task: unique, without white space, the same in every report."""
    return f"task-{quote(task_id, safe='')}"


def trial_anchor(trial: Trial) -> str:
    """The element id of a trial."""
    harness, task_id = quote(trial.harness, safe=""), quote(trial.task_id, safe="")
    return f"trial-{task_id}/{harness}/{trial.attempt}"


class TaskPages:
    """Collects what a report shows of each task of a run.

    `limit` bounds each text of the timelines, in characters. A text that several trials of a task
    share is shown once, and so is a system prompt that several tasks share.
    """

    def __init__(self, run: RunDirectory, limit: int) -> None:
        self._run = run
        self._limit = limit
        self._prompts = Passages("prompt", limit)

    def page(self, number: int, task: Task, trials: Sequence[Trial]) -> TaskPage:
        """The page of a task; `trials` are its trials in the order to show.

        Raises:
            TaskFormatError: a trajectory of the run cannot be read.
        """
        anchor = task_anchor(task.id)
        passages = Passages(f"text-{number}", self._limit)
        passages.print_at(task.instruction, Reference(anchor, "the instruction above"))
        operations = _operations(task)
        files = list(task.workspace.items())
        return TaskPage(
            number=number,
            anchor=anchor,
            task_id=task.id,
            difficulty=task.clawgym.difficulty,
            skills=skills_of(task),
            operations=tuple(dict.fromkeys(operations.values())),
            instruction=excerpt(
                task.instruction.strip(),
                INSTRUCTION_CHARACTERS,
                head_lines=40,
                head_characters=3_000,
            ),
            # The drawing is built by an XML library, which escapes every text in it.
            picture=Markup(graph_svg(task.graph)) if task.graph else None,  # noqa: S704
            files=tuple(_preview(path, file) for path, file in files[:MAX_FILES]),
            more_files=max(0, len(files) - MAX_FILES),
            trials=tuple(self._trial(trial, operations, passages) for trial in trials),
        )

    def _trial(self, trial: Trial, operations: Mapping[str, str], passages: Passages) -> TrialView:
        checks = trial.reward.checks if isinstance(trial.reward, Graded) else ()
        trajectory = self._run.trajectory(trial.key)
        return TrialView(
            anchor=trial_anchor(trial),
            trial=trial,
            checks=tuple((check, operations.get(check.node or "", "")) for check in checks),
            timeline=timeline(trajectory, trial.key, self._prompts, passages)
            if trajectory
            else None,
        )


def _operations(task: Task) -> dict[str, str]:
    return {node.id: node.operation for node in task.graph.topological()} if task.graph else {}


def _preview(path: str, file: File) -> FilePreview:
    try:
        text = None if b"\0" in file.data else file.data.decode()
    except UnicodeDecodeError:
        text = None
    preview = None
    if text is not None:
        preview = excerpt(
            text.rstrip("\n"), PREVIEW_CHARACTERS, head_lines=PREVIEW_LINES, head_characters=700
        )
    return FilePreview(path, len(file.data), preview)
