"""Paths and places in ClawGym's formats: where inputs are mounted, what tokens stand for."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from clawgym.errors import TaskFormatError
from clawgym.files import File, Files
from clawgym.paths import check_relative
from verify.suites.suite import Notes

REWARD = "reward/"


def clean_path(path: str, roots: Iterable[str], notes: Notes) -> str:
    """A path in the workspace: without the workspace's own place, `./` and doubled slashes.

    Raises:
        TaskFormatError: it leads elsewhere.
    """
    plain = path.strip().replace("\\", "/")
    for root in roots:
        plain = plain.removeprefix(root.rstrip("/") + "/")
    plain = str(PurePosixPath(plain))
    if plain != path:
        notes.add("path", f"the path {path!r} became {plain!r}")
    try:
        return check_relative(plain)
    except ValueError as error:
        raise TaskFormatError(f"{notes.where}: {error}") from error


def new_files(entries: dict[str, File | bytes | str], notes: Notes) -> Files:
    """`Files`, or a refusal that says where.

    Raises:
        TaskFormatError: one path is a directory of another.
    """
    try:
        return Files(entries)
    except ValueError as error:
        raise TaskFormatError(f"{notes.where}: {error}") from error


def split_reward(files: Files) -> tuple[Files, Files]:
    """What the agent starts with, and what lies below `reward/`, without that prefix."""
    inputs = {path: file for path, file in files.items() if not path.startswith(REWARD)}
    reward = {p.removeprefix(REWARD): f for p, f in files.items() if p.startswith(REWARD)}
    return Files(inputs), Files(reward)


def mounted(files: Files, mount: str, notes: Notes) -> Files:
    """`files` below `mount`; as they are where they say so themselves."""
    if not mount or not files:
        return files
    if all(path.startswith(f"{mount}/") for path in files):
        notes.add("mount", f"the inputs bring {mount}/ along; it is not put in front again")
        return files
    return Files({f"{mount}/{path}": file for path, file in files.items()})


def relative_prompt(prompt: str, root: str, mount: str, notes: Notes) -> str:
    """The prompt with tokens and absolute paths made relative to the workspace."""
    tokens = {"{{input_dir}}": mount or ".", "{{reward_dir}}": "reward", "{{workspace}}": "."}
    for token, place in tokens.items():
        if token in prompt:
            notes.add("path-token", f"{token} became {place!r}")
            prompt = prompt.replace(token, place)
    absolute = root.rstrip("/") + "/"
    if len(absolute) > 1 and absolute in prompt:
        notes.add("absolute-path", f"{absolute} was taken off the paths in the prompt")
        prompt = prompt.replace(absolute, "")
    return prompt


def filled_tokens(files: Files, root: str, mount: str, notes: Notes) -> Files:
    """Scripts with `{{input_dir}}` and `{{reward_dir}}` filled in."""
    tokens = {b"{{input_dir}}": f"{root}/{mount}", b"{{reward_dir}}": f"{root}/reward"}
    entries: dict[str, File | bytes | str] = {}
    for path, file in files.items():
        data = file.data
        for token, place in tokens.items():
            data = data.replace(token, place.rstrip("/").encode())
        if data != file.data:
            notes.add("path-token", f"tokens in reward/{path} were filled in")
        entries[path] = File(data, file.executable)
    return Files(entries)
