"""What the agent delivered: the files that it made or changed, as documents to be judged."""

from dataclasses import dataclass
from typing import Literal

from clawgym.files import Files
from clawgym.quoting import visible
from clawgym.trajectory import Trajectory
from verify.rubric.render import render
from verify.rubric.render.kinds import describe
from verify.rubric.render.pdf import RendererMissingError
from verify.rubric.rubric import Criterion, Rubric

State = Literal["new", "changed", "unchanged", "said"]

MESSAGES = "(what the agent said)"
"""The name of the document that holds the agent's own words; no file can be called that."""

_STATE_FOLDERS = frozenset({".git", ".openclaw", "__pycache__", "node_modules"})
_STATE_FILES = frozenset(
    {
        "AGENTS.md",
        "BOOTSTRAP.md",
        "HEARTBEAT.md",
        "IDENTITY.md",
        "SOUL.md",
        "TOOLS.md",
        "USER.md",
    }
)


@dataclass(frozen=True)
class Document:
    """One file, or the agent's messages, as visible text. `size` counts the bytes of the file."""

    path: str
    state: State
    kind: str
    size: int
    text: str
    note: str = ""


@dataclass(frozen=True)
class Deliverable:
    """The documents to judge, and by name what is no part of them."""

    documents: tuple[Document, ...] = ()
    deleted: tuple[str, ...] = ()
    agent_state: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the agent changed nothing and said nothing that counts."""
        delivered = any(document.state != "unchanged" for document in self.documents)
        return not (delivered or self.deleted or self.not_covered)

    def reaches(self, criterion: Criterion) -> bool:
        """Whether there is anything that the criterion can be judged on."""
        if criterion.target is None:
            return not self.is_empty
        return any(criterion.covers(document.path) for document in self.documents)


def deliverable(
    initial: Files,
    finished: Files,
    rubric: Rubric,
    trajectory: Trajectory | None = None,
) -> Deliverable:
    """Compare the finished workspace with the initial one and show what the criteria are about.

    Files that an agent keeps for itself (`.git`, `AGENTS.md` and the like) count only where a
    criterion names them; unchanged files likewise, or where the rubric includes the inputs. Named
    files come first, then the others that were made or changed, the short ones before the long.

    Args:
        initial: the workspace as the task gave it.
        finished: the workspace as the agent left it.
        rubric: what the work will be judged by.
        trajectory: what the agent did, where it is known.

    Raises:
        RendererMissingError: a file that matters cannot be shown without an optional library.
    """
    changed = {path for path, file in finished.items() if _differs(initial, path, file.data)}
    named = [c for c in rubric.criteria if c.target is not None]
    general = len(named) < len(rubric.criteria)
    wanted = {path for path in finished if any(c.covers(path) for c in named)}
    state = {path for path in changed - wanted if _is_agent_state(path)}
    shown = wanted | (changed - state) if general else wanted
    order = sorted(shown, key=lambda path: (path not in wanted, len(finished[path].data), path))
    documents = [_document(path, initial, finished, changed) for path in order]
    if rubric.include_messages and trajectory and (said := _said(trajectory)):
        documents.insert(0, Document(MESSAGES, "said", "text", len(said.encode()), visible(said)))
    if rubric.include_inputs:
        documents += [_input(path, finished) for path in finished if path not in changed | wanted]
    return Deliverable(
        documents=tuple(documents),
        deleted=tuple(path for path in initial if path not in finished),
        agent_state=tuple(sorted(state)),
        not_covered=tuple(sorted(changed - shown - state)),
    )


def _differs(initial: Files, path: str, data: bytes) -> bool:
    return path not in initial or initial[path].data != data


def _is_agent_state(path: str) -> bool:
    *folders, name = path.split("/")
    return not _STATE_FOLDERS.isdisjoint(folders) or (not folders and name in _STATE_FILES)


def _document(path: str, initial: Files, finished: Files, changed: set[str]) -> Document:
    data = finished[path].data
    state: State = "unchanged" if path not in changed else "changed" if path in initial else "new"
    rendering = render(path, data)
    return Document(path, state, rendering.kind, len(data), rendering.text, rendering.note)


def _input(path: str, finished: Files) -> Document:
    """A file that was given: what cannot be shown of it is no reason to leave the work ungraded."""
    data = finished[path].data
    try:
        rendering = render(path, data)
    except RendererMissingError as error:
        rendering = describe("file", data, str(error))
    return Document(path, "unchanged", rendering.kind, len(data), rendering.text, rendering.note)


def _said(trajectory: Trajectory) -> str:
    messages = [
        step.message.strip()
        for step in trajectory.steps
        if step.source == "agent" and step.message.strip()
    ]
    return "\n\n".join(messages)
