"""What practice advises beyond the specification. Only read, never run.

Sources: the specification's recommendations (agentskills:docs/specification.mdx), OpenClaw's prompt
budget, and what was found wrong in public skills.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from clawgym.files import File
from clawgym_skills.skill import Skill

MOST_TOKENS = 5000
PROMPT_DESCRIPTION = 160
"""Characters of a description that OpenClaw shows when many skills share its prompt."""

ADVICE: dict[str, tuple[Literal["info", "warn", "block"], str]] = {
    "SKA101": ("warn", "the description does not say when to use the skill, as in `Use when …`"),
    "SKA102": ("warn", "the description is too short to be found by"),
    "SKA103": ("info", "a long description is cut where many skills share a prompt"),
    "SKA105": ("warn", f"the body has more than about {MOST_TOKENS:,} tokens"),
    "SKA106": ("warn", "the body is empty: the skill gives no instructions"),
    "SKA107": ("warn", "the text names a file that is not there"),
    "SKA108": ("info", "a file that no text names will hardly be read"),
    "SKA109": ("warn", "references go deeper than one level; agents stop at the first"),
    "SKA110": ("warn", "an absolute path of one machine"),
    "SKA111": ("warn", "the script is not executable"),
    "SKA112": ("warn", "the script does not start with #! and its interpreter"),
    "SKA113": ("warn", "the script offers no --help"),
    "SKA114": ("info", "no licence: nobody knows whether they may use it"),
}
"""Each code with its severity and the sentence that a person reads."""

_WHEN = re.compile(
    r"\b(?:use|used|useful|when|whenever|before|after|for|if|triggers?)\b", re.IGNORECASE
)
_MENTION = re.compile(r"(?<![\w/.:-])(?:\{baseDir\}/|\./)?((?:scripts|references|assets)/[\w./-]+)")
_LINK = re.compile(r"\]\((?!\w+:|#|/)([^)#\s]+)")
_MACHINE = re.compile(r"(?<![\w./~-])(?:/(?:Users|home)/[\w.-]+|/root\b|[A-Z]:\\Users\\[\w.-]+)")
_PLACEHOLDER = re.compile(r"/(?:Users|home)/(?:user|you|username|me|name|USER|alice|bob|node)\b")
_HELP = re.compile(r"argparse|optparse|click|typer|getopts|--help|commander|yargs|parseArgs|docopt")
_SCRIPT_SUFFIXES = (".py", ".sh", ".bash", ".js", ".mjs", ".ts", ".rb", ".pl", "")
_TEXT_SUFFIXES = (".md", ".txt", ".py", ".sh", ".js", ".ts", ".json", ".yaml", ".yml", ".toml")


@dataclass(frozen=True)
class Advice:
    """One piece of advice: where it applies, and to what in particular."""

    code: str
    path: str
    line: int | None = None
    detail: str = ""


def advise(skill: Skill) -> Iterator[Advice]:
    """All advice on one skill, in the order of the codes within each file."""
    for rule in (_description, _body, _mentions, _unmentioned, _depth, _machine_paths, _scripts):
        yield from rule(skill)
    if "license" not in skill.frontmatter and not any(
        path.upper().startswith(("LICENSE", "LICENCE")) for path in skill.files
    ):
        yield Advice("SKA114", skill.file_name, 1)


def tokens(text: str) -> int:
    """About how many tokens a text has: four bytes each, as the common tokenisers average."""
    return (len(text.encode()) + 3) // 4


def _description(skill: Skill) -> Iterator[Advice]:
    if not _WHEN.search(skill.description):
        yield Advice("SKA101", skill.file_name, _line_of(skill, "description:"))
    if len(skill.description) < 20:
        yield Advice("SKA102", skill.file_name, _line_of(skill, "description:"))
    if len(skill.description) > PROMPT_DESCRIPTION:
        detail = f"{len(skill.description)} characters, {PROMPT_DESCRIPTION} fit"
        yield Advice("SKA103", skill.file_name, _line_of(skill, "description:"), detail)


def _body(skill: Skill) -> Iterator[Advice]:
    if (count := tokens(skill.body)) > MOST_TOKENS:
        yield Advice("SKA105", skill.file_name, None, f"about {count:,}")
    if not skill.body.strip():
        yield Advice("SKA106", skill.file_name)


def _mentions(skill: Skill) -> Iterator[Advice]:
    folders = {posixpath.dirname(path) for path in skill.files}
    for line, name in _named_files(skill):
        path = posixpath.normpath(name.rstrip("."))
        if path not in skill.files and path not in folders:
            yield Advice("SKA107", skill.file_name, line, path[:80])


def _named_files(skill: Skill) -> Iterator[tuple[int, str]]:
    """Each file that the text names, once, with its line in SKILL.md."""
    seen: set[str] = set()
    in_code = False
    for number, line in enumerate(_text(skill.files[skill.file_name]).split("\n"), 1):
        in_code ^= line.lstrip().startswith(("```", "~~~"))
        names = [*_MENTION.findall(line), *_LINK.findall(line)]
        for name in names:
            if in_code and not name.startswith("scripts/"):
                continue  # an example of Markdown, or of somebody else's folder
            if name not in seen and not any(mark in name for mark in "*<>{}$"):
                seen.add(name)
                yield number, name


def _unmentioned(skill: Skill) -> Iterator[Advice]:
    texts = [_text(file) for path, file in skill.files.items() if path.endswith(_TEXT_SUFFIXES)]
    for path in skill.files:
        if path.startswith(("scripts/", "references/", "assets/")):
            name = posixpath.basename(path)
            if not any(name in text for text in texts) and name != "__init__.py":
                yield Advice("SKA108", path)


def _depth(skill: Skill) -> Iterator[Advice]:
    for path, file in skill.files.items():
        if not path.startswith("references/") or not path.endswith(".md"):
            continue
        if path.count("/") > 1:
            yield Advice("SKA109", path)
        for number, line in enumerate(_text(file).split("\n"), 1):
            for target in _LINK.findall(line):
                joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
                if joined in skill.files and joined.endswith(".md") and joined != skill.file_name:
                    yield Advice("SKA109", path, number, joined)


def _machine_paths(skill: Skill) -> Iterator[Advice]:
    for path, file in skill.files.items():
        if path.endswith(_TEXT_SUFFIXES):
            for number, line in enumerate(_text(file).split("\n"), 1):
                found = _MACHINE.search(_PLACEHOLDER.sub("", line))
                if found:
                    yield Advice("SKA110", path, number, found[0])


def _scripts(skill: Skill) -> Iterator[Advice]:
    for path, file in skill.files.items():
        if _is_script(path):
            text = _text(file)
            checks: tuple[tuple[str, Callable[[], bool]], ...] = (
                ("SKA111", lambda file=file: file.executable),
                ("SKA112", lambda text=text: text.startswith("#!")),
                ("SKA113", lambda text=text: _HELP.search(text) is not None),
            )
            yield from (Advice(code, path, 1) for code, passes in checks if not passes())


def _is_script(path: str) -> bool:
    """Files directly in scripts/ that are called by name; modules with `_` in front are not."""
    folder, _, name = path.rpartition("/")
    suffix = posixpath.splitext(name)[1]
    return folder == "scripts" and suffix in _SCRIPT_SUFFIXES and not name.startswith(("_", "."))


def _line_of(skill: Skill, start: str) -> int | None:
    lines = _text(skill.files[skill.file_name]).split("\n")
    return next((n for n, line in enumerate(lines, 1) if line.startswith(start)), None)


def _text(file: File) -> str:
    return file.data.decode("utf-8-sig", errors="replace")
