"""PinchBench, versions 1 and 2, and WildClawBench: one markdown document a task."""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import yaml
from pydantic import JsonValue

from clawgym.errors import TaskFormatError
from clawgym.files import File
from clawgym.task import (
    AgentSection,
    ClawGymMetadata,
    Metadata,
    Task,
    TaskConfig,
    TaskName,
    VerifierSection,
)
from verify.suites.adapters import MarkdownRun, adapter_files
from verify.suites.markdown import Document, python_code, read_document
from verify.suites.markdown_rubric import rubric_files
from verify.suites.markdown_workspace import hidden_files, workspace_files
from verify.suites.naming import safe_id
from verify.suites.suite import Loader, Notes, OpenedSuite
from verify.suites.text import read_text

GRADER_SECONDS = 120.0
_WILD_SECTIONS = {"workspace path", "warmup", "env", "skills"}
_KNOWN = {
    *("prompt", "expected behavior", "grading criteria", "automated checks", "llm judge rubric"),
    *("workspace files", "additional notes"),
}
_BY_KEYWORDS = re.compile(r"^(?:async\s+)?def\s+grade\s*\(\s*\*", re.MULTILINE)
_KINDS = ("automated", "llm_judge", "hybrid")


def find_markdown(path: Path) -> list[Path]:
    """The task documents at `path`, in the order of the manifest where there is one.

    A document that the manifest names counts also if it is not there: it is then refused by name.
    """
    for folder in (path, path / "tasks"):
        if (manifest := folder / "manifest.yaml").is_file():
            return [folder / f"{name}.md" for name in _manifest(manifest)]
        if found := sorted(folder.glob("task_*.md")):
            return found
    return sorted(path.glob("tasks/*/*task_*.md")) or sorted(path.glob("*/*task_*.md"))


def open_markdown(path: Path, documents: Sequence[Path]) -> OpenedSuite:
    """The tasks in these documents; other files beside them are noted and ignored."""
    notes, loaders = Notes(str(path)), dict[str, Loader]()
    wild = 0
    for document in documents:
        here = notes.at(str(document))
        name, is_wild = _peek(document)
        if name != document.stem:
            here.add("id-differs", f"the id is {name!r}, the file is called {document.name!r}")
        wild += is_wild
        task_id = safe_id(name, loaders, here)
        loaders[task_id] = partial(load_document, document, task_id)
    for folder in {document.parent for document in documents} if path.is_dir() else ():
        _note_strays(folder, documents, notes)
    return OpenedSuite("wildclawbench" if wild else "pinchbench", path, loaders, notes)


def load_document(path: Path, task_id: str, notes: Notes) -> Task:
    """Read one task document.

    Raises:
        TaskFormatError: it is missing or malformed, or asks for nothing.
    """
    here = notes.at(str(path))
    document = read_document(path, here)
    suite = "wildclawbench" if is_wild(document) else "pinchbench"
    code = python_code(document.section("Automated Checks"), here)
    kind = _kind(document, code, here)
    _note_unused(document, suite, here)
    if kind == "llm_judge":
        code = ""
    elif not code:
        here.add("code-missing", "no grading code; the suite's score is 0 whatever is done")
    rubric = rubric_files(document, here) if kind != "automated" else {}
    run = MarkdownRun(
        suite=suite,
        call="none" if kind == "llm_judge" else _call(code),
        aggregate="overall" if suite == "wildclawbench" else "mean",
        time_limit=GRADER_SECONDS,
    )
    original: dict[str, File | bytes | str] = {
        "task.md": document.text,
        "grade.txt": code,
        **hidden_files(document, here),
    }
    return Task(
        id=task_id,
        instruction=_instruction(document, here),
        config=_config(document, task_id, suite, kind),
        workspace=workspace_files(document, here),
        tests=adapter_files(run, original, rubric),
    )


def is_wild(document: Document) -> bool:
    """Whether a document is WildClawBench's: by its sections, or its `modality`."""
    headings = {heading.lower() for heading in document.sections}
    return bool(headings & _WILD_SECTIONS) or "modality" in document.front


def _peek(path: Path) -> tuple[str, bool]:
    """The id that a document gives itself, and whether it is WildClawBench's."""
    try:
        document = read_document(path, Notes())
    except TaskFormatError:
        return path.stem, False
    return document.front_text("id") or path.stem, is_wild(document)


def _manifest(path: Path) -> list[str]:
    try:
        found: JsonValue = yaml.safe_load(read_text(path, Notes()))
    except yaml.YAMLError as error:
        raise TaskFormatError(f"{path} is no YAML: {error}") from error
    names = found.get("tasks") if isinstance(found, dict) else found
    if not isinstance(names, list):
        raise TaskFormatError(f"{path} must hold a list `tasks`")
    return [str(name) for name in names]


def _kind(document: Document, code: str, notes: Notes) -> str:
    kind = document.front_text("grading_type")
    if kind in _KINDS:
        return kind
    judged = bool(document.section("LLM Judge Rubric"))
    guess = "hybrid" if code and judged else "llm_judge" if judged else "automated"
    if kind or not document.front:
        notes.add("grading-type", f"grading_type is {kind!r}; by its sections it is {guess}")
        return guess
    return "automated"


def _call(code: str) -> Literal["positional", "keywords"]:
    return "keywords" if _BY_KEYWORDS.search(code) else "positional"


def _instruction(document: Document, notes: Notes) -> str:
    prompt = document.section("Prompt")
    sessions = document.front.get("sessions")
    if isinstance(sessions, list) and sessions:
        notes.add("sessions-joined", f"{len(sessions)} sessions are asked for in one instruction")
        said = [str(s.get("prompt", "")).strip() for s in sessions if isinstance(s, dict)]
        prompt = "\n\n".join(part for part in said if part) or prompt
    if not prompt:
        raise TaskFormatError(f"{document.path} has no section `## Prompt`")
    return prompt + "\n"


def _config(document: Document, task_id: str, suite: str, kind: str) -> TaskConfig:
    code, rubric = _weights(document, kind)
    ours = ClawGymMetadata(
        kind="import", suite=suite, code_weight=code, rubric_weight=rubric, code_floor=0.0
    )
    kept = {
        key: document.front[key] for key in ("sessions", "prerequisites") if document.front.get(key)
    }
    category = document.front_text("category")
    return TaskConfig(
        task=TaskName(name=f"{suite}/{task_id}", keywords=(category,) if category else ()),
        metadata=Metadata.model_validate({"clawgym": ours, **({suite: kept} if kept else {})}),
        agent=AgentSection(timeout_sec=_seconds(document)),
        verifier=VerifierSection(timeout_sec=GRADER_SECONDS * 1.1),
    )


def _seconds(document: Document) -> float:
    value = document.front.get("timeout_seconds")
    return float(value) if isinstance(value, int | float) and value > 0 else 120.0


def _weights(document: Document, kind: str) -> tuple[float, float]:
    """The weights of code and rubric, as the suite's own mean divides them."""
    if kind != "hybrid":
        return (1.0, 0.0) if kind == "automated" else (0.0, 1.0)
    weights = document.front.get("grading_weights")
    named = weights if isinstance(weights, dict) else {}
    code, rubric = _number(named.get("automated")), _number(named.get("llm_judge"))
    if code + rubric <= 0:
        return 0.5, 0.5
    largest = max(code, rubric)
    return (code, rubric) if largest <= 1 else (code / largest, rubric / largest)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.5


def _note_unused(document: Document, suite: str, notes: Notes) -> None:
    for heading in document.sections:
        if heading.lower() in _WILD_SECTIONS - {"workspace path"}:
            notes.add(
                "section-unused", f"the section {heading!r} is kept in tests/original/task.md alone"
            )
        elif heading.lower() not in _KNOWN | _WILD_SECTIONS:
            notes.add(
                "section-unknown", f"{suite} knows no section {heading!r}; it is kept as text"
            )
    if document.front.get("prerequisites"):
        notes.add(
            "prerequisites", f"needs {document.front['prerequisites']}, which no box installs"
        )


def _note_strays(folder: Path, documents: Sequence[Path], notes: Notes) -> None:
    for entry in sorted(folder.glob("*.md")):
        if entry not in documents:
            notes.add(
                "stray-file", f"{entry.name} is no task of this suite and is ignored", str(folder)
            )
