"""The files that a markdown task starts with: inline, among the assets, or in a folder."""

from pathlib import Path

from pydantic import JsonValue

from clawgym.files import File, Files
from verify.suites.clawgym_files import clean_path, new_files
from verify.suites.markdown import Document, split_front
from verify.suites.suite import Notes

_SECRET = ("gt", "ground_truth")


def workspace_files(document: Document, notes: Notes) -> Files:
    """The initial workspace. What cannot be found is noted, and left out.

    Raises:
        TaskFormatError: a path leads out of the workspace.
    """
    files = _folder_files(document, notes)
    listed = document.front.get("workspace_files") or []
    if not isinstance(listed, list):
        notes.add("workspace-files", "workspace_files is no list and was ignored")
        listed = []
    for entry in listed:
        if found := _entry(entry, document, notes):
            path, file = found
            files[clean_path(path, (), notes)] = file
    return new_files(files, notes)


def assets_of(text: str, workspace: Files) -> Files:
    """The assets that a task file names, by source, from a workspace that holds them by `dest`."""
    front = split_front(text)[0]
    listed = front.get("workspace_files")
    found: dict[str, File | bytes | str] = {}
    for entry in listed if isinstance(listed, list) else []:
        source = entry.get("source") if isinstance(entry, dict) else entry
        dest = entry.get("dest", source) if isinstance(entry, dict) else entry
        if isinstance(source, str) and isinstance(dest, str) and dest in workspace:
            found[source.removeprefix("assets/")] = workspace[dest]
    return Files(found)


def hidden_files(document: Document, notes: Notes) -> dict[str, File | bytes | str]:
    """What is put into the workspace only after the run, below `inject/`."""
    folder = _folder(document, notes)
    found: dict[str, File | bytes | str] = {}
    for name in _SECRET:
        if folder and (folder / name).is_dir():
            files = Files.read_from(folder / name)
            found |= {f"inject/{name}/{path}": file for path, file in files.items()}
    return found


def _entry(
    entry: JsonValue, document: Document, notes: Notes
) -> tuple[str, File | bytes | str] | None:
    if isinstance(entry, str):
        return _asset(entry, entry, document, notes)
    if isinstance(entry, dict):
        path, content = entry.get("path"), entry.get("content")
        source, dest = entry.get("source"), entry.get("dest")
        if isinstance(path, str) and content is not None:
            return path, content if isinstance(content, str) else str(content)
        if isinstance(source, str):
            return _asset(
                source, dest if isinstance(dest, str) else Path(source).name, document, notes
            )
    notes.add("workspace-files", f"{str(entry)[:80]!r} names no file and was ignored")
    return None


def _asset(
    source: str, dest: str, document: Document, notes: Notes
) -> tuple[str, File | bytes | str] | None:
    folder = document.path.parent
    roots = (
        folder / document.path.stem,
        folder.parent / "assets",
        folder.parent,
        folder,
        folder / "assets",
    )
    for root in roots:
        found = (root / source).resolve()
        if found.is_file() and found.is_relative_to(folder.parent.resolve()):
            return dest, found.read_bytes()
    notes.add("asset-missing", f"{source} is in no assets folder; the task starts without {dest}")
    return None


def _folder(document: Document, notes: Notes) -> Path | None:
    """WildClawBench's folder of a task, named by its section Workspace Path."""
    named = document.section("Workspace Path").replace("`", "").strip()
    place = next((line.strip() for line in named.split("\n") if line.strip()), "")
    if not place:
        return None
    for root in document.path.resolve().parents[:4]:
        found = (root / place).resolve()
        if found.is_dir() and found.is_relative_to(root):
            return found
    notes.add("workspace-missing", f"there is no folder {place}; the task starts without it")
    return None


def _folder_files(document: Document, notes: Notes) -> dict[str, File | bytes | str]:
    folder = _folder(document, notes)
    if folder is None:
        return {}
    start = folder / "exec" if (folder / "exec").is_dir() else folder
    files = Files.read_from(start, skip=lambda path: start == folder and path in _SECRET)
    return dict(files)
