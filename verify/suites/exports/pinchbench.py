"""PinchBench: a markdown document a task, whose `grade` runs our verifier in its own process."""

import base64
import io
import zipfile
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import JsonValue

from clawgym.files import File, Files
from clawgym.task import Task
from verify.checklist import Checklist
from verify.rubric.rubric import Rubric, rubric_of
from verify.suites.exports.loss import Loss, common_losses, original_file
from verify.suites.markdown_workspace import assets_of

_TEMPLATE = files("verify.suites.exports").joinpath("scripts", "grade.py.txt")
_LINE = 100


def write_pinchbench(destination: Path, tasks: Iterable[Task]) -> list[Loss]:
    """`tasks/<id>.md`, `tasks/manifest.yaml`, and the input files below `assets/`."""
    losses: list[Loss] = []
    folder, assets = destination / "tasks", destination / "assets"
    folder.mkdir(parents=True)
    ids: list[str] = []
    for task in tasks:
        name = task.id if task.id.startswith("task_") else f"task_{task.id}"
        ids.append(name)
        if original := original_file(task, "pinchbench", "task.md"):
            folder.joinpath(f"{name}.md").write_bytes(original)
            assets_of(original.decode(), task.workspace).write_to(assets)
            continue
        losses += common_losses(task, rubric=True)
        folder.joinpath(f"{name}.md").write_text(document(task, name), encoding="utf-8")
        Files({f"{name}/{path}": file for path, file in task.workspace.items()}).write_to(assets)
    folder.joinpath("manifest.yaml").write_text(yaml.safe_dump({"tasks": ids}), encoding="utf-8")
    return losses


def document(task: Task, name: str) -> str:
    """The whole of a task file."""
    rubric = rubric_of(task)
    sections = [
        ("Prompt", task.instruction.strip()),
        ("Expected Behavior", "\n".join(f"- {line}" for line in _requirements(task))),
        ("Grading Criteria", "\n".join(f"- [ ] {line}" for line in _requirements(task))),
        ("Automated Checks", f"```python\n{grade_source(task)}\n```"),
        ("LLM Judge Rubric", _judged(rubric) if rubric else ""),
    ]
    body = "".join(f"## {heading}\n\n{text}\n\n" for heading, text in sections if text)
    front = yaml.safe_dump(_front(task, name, rubric), sort_keys=False, allow_unicode=True)
    return f"---\n{front}---\n\n{body.rstrip()}\n"


def grade_source(task: Task) -> str:
    """Python source with a `grade` whose unweighted mean is the reward of `tests/`."""
    packed = base64.b64encode(_archive(task)).decode()
    lines = "\n".join(packed[at : at + _LINE] for at in range(0, len(packed), _LINE))
    seconds = repr(task.config.verifier.timeout_sec)
    return _TEMPLATE.read_text(encoding="utf-8").format(packed=lines, seconds=seconds).strip()


def _archive(task: Task) -> bytes:
    """`tests/` as a zip file whose bytes depend on nothing else."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, file in task.tests.items():
            if path != "rubric.toml":
                archive.writestr(_entry(path, file), file.data)
    return held.getvalue()


def _entry(path: str, file: File) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o755 if file.executable else 0o644) << 16
    return entry


def _front(task: Task, name: str, rubric: Rubric | None) -> dict[str, JsonValue]:
    settings = task.clawgym
    kind = "automated" if rubric is None else "hybrid" if settings.code_weight else "llm_judge"
    weights = {"automated": settings.code_weight, "llm_judge": settings.rubric_weight}
    return {
        "id": name,
        "name": task.config.task.name,
        "category": next(iter(task.config.task.keywords), "general"),
        "grading_type": kind,
        **({"grading_weights": dict(weights)} if kind == "hybrid" else {}),
        "timeout_seconds": int(task.config.agent.timeout_sec),
        "workspace_files": [{"source": f"{name}/{p}", "dest": p} for p in task.workspace],
    }


def _requirements(task: Task) -> list[str]:
    """What the checks say that they enforce, or else that the work is done as asked."""
    said = [check.requirement.strip() for check in Checklist.read(task).checks]
    return list(dict.fromkeys(line for line in said if line)) or ["The work is done as asked."]


def _judged(rubric: Rubric) -> str:
    parts: list[str] = []
    for number, criterion in enumerate(rubric.criteria, 1):
        share = rubric.shares[criterion.id] * 100
        parts.append(f"### Criterion {number}: {criterion.name} (Weight: {share:g}%)\n")
        bands = sorted(criterion.bands.items(), key=lambda band: -float(band[0]))
        parts += [f"**Score {float(level)}**: {text}\n" for level, text in bands]
    return "\n".join(parts).strip()
