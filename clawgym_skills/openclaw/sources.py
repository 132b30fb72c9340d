"""The roots that OpenClaw searches for skills, and what it finds below each of them."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clawgym_skills._folder import FILE_NAME, display_path
from clawgym_skills.diagnostic import Diagnostic, Findings
from clawgym_skills.openclaw.config import Limits, OpenClawConfig
from clawgym_skills.openclaw.loading import (
    OpenClawRule,
    OpenClawSkill,
    SkillSkippedError,
    load_skill,
)

MAX_DEPTH = 6
MAX_DEPTH_OF_EXTRA = 2
"""How far below a directory of `skills.load.extraDirs` a skill may lie, unless it is `skills`."""

_MAX_ENTRIES = 10_000


@dataclass(frozen=True)
class Root:
    """One directory that OpenClaw searches.

    In `contained` roots links may lead nowhere else, except to `skills.load.allowSymlinkTargets`.
    """

    source: str
    directory: Path
    contained: bool = True
    bundled: bool = False
    extra: bool = False


@dataclass(frozen=True)
class Found:
    """A skill and the root that it comes from."""

    skill: OpenClawSkill
    root: Root


@dataclass(frozen=True)
class Sources:
    """What OpenClaw would have in memory, by name, and why it left out the rest."""

    skills: tuple[Found, ...]
    diagnostics: tuple[Diagnostic, ...] = field(default=())


def standard_roots(
    workspace: Path,
    config: OpenClawConfig | None = None,
    *,
    home: Path | None = None,
    state: Path | None = None,
    bundled: Path | None = None,
) -> tuple[Root, ...]:
    """OpenClaw's roots, highest precedence first, whether they exist or not.

    With a state directory other than `~/.openclaw` the skills below the home directory are out.
    """
    home = home or Path.home()
    usual = home / ".openclaw"
    state = state or usual
    roots = [
        Root("openclaw-workspace", workspace / "skills"),
        Root("agents-skills-project", workspace / ".agents" / "skills"),
    ]
    if state == usual:
        personal = home / ".agents" / "skills"
        roots.append(Root("agents-skills-personal", personal, contained=False))
    roots.append(Root("openclaw-managed", state / "skills", contained=False))
    if bundled:
        roots.append(Root("openclaw-bundled", bundled, bundled=True))
    extra = config.extra_directories if config else ()
    roots += [Root("openclaw-extra", path, extra=True) for path in reversed(extra)]
    return tuple(roots)


def load_sources(roots: Sequence[Root], config: OpenClawConfig | None = None) -> Sources:
    """Load every skill below `roots`, sorted by name.

    Of one name the skill in the first root counts; the others are reported.
    """
    config = config or OpenClawConfig()
    findings = Findings("")
    diagnostics: list[Diagnostic] = []
    winners: dict[str, Found] = {}
    for root in roots:
        for skill in _load_root(root, config, findings, diagnostics):
            first = winners.setdefault(skill.name, Found(skill, root))
            if first.skill is not skill:
                where, shadow = display_path(first.skill.directory), display_path(skill.directory)
                detail = f"{skill.name[:80]}, in {where}"
                diagnostics.append(findings.make(OpenClawRule.SHADOWED, detail=detail, path=shadow))
    ordered = tuple(winners[name] for name in sorted(winners, key=_collation))
    return Sources(ordered, (*findings.diagnostics, *diagnostics))


def _collation(name: str) -> tuple[str, str]:
    """Near enough to `localeCompare` of JavaScript: by the alphabet, small before capital."""
    return name.casefold(), name.swapcase()


def _load_root(
    root: Root, config: OpenClawConfig, findings: Findings, diagnostics: list[Diagnostic]
) -> list[OpenClawSkill]:
    if not root.directory.is_dir():
        return []
    limits = config.limits
    loaded: dict[str, OpenClawSkill] = {}
    count = 0
    for directory in discover(root, config, findings):
        if count >= limits.skills_per_root:
            findings.add(OpenClawRule.LIMIT, path=display_path(directory))
            continue
        try:
            skill = load_skill(directory, limits, hard_links=root.bundled)
        except SkillSkippedError as error:
            diagnostics.append(error.diagnostic)
            continue
        count += 1
        if shadowed := loaded.get(skill.name):
            where = display_path(skill.directory)
            detail = f"{skill.name[:80]}, in {where}"
            path = display_path(shadowed.directory)
            diagnostics.append(findings.make(OpenClawRule.SHADOWED, detail=detail, path=path))
        loaded[skill.name] = skill  # below one root the last one counts
    return list(loaded.values())


def discover(root: Root, config: OpenClawConfig, findings: Findings) -> list[Path]:
    """The skill directories below a root, in OpenClaw's order."""
    limits = config.limits
    targets = [path.resolve() for path in config.link_targets]
    search = _Search(root, limits, targets, findings)
    return search.run()


class _Search:
    """A breadth-first search of one root, within OpenClaw's limits."""

    def __init__(
        self, root: Root, limits: Limits, targets: Sequence[Path], findings: Findings
    ) -> None:
        self._root = root
        self._limits = limits
        self._findings = findings
        self._base = _nested_base(root.directory, limits)
        self._allowed: list[Path] = [self._base.resolve()]
        self._allowed += () if root.bundled else targets
        self._listings = limits.candidates_per_root * MAX_DEPTH

    def run(self) -> list[Path]:
        top = self._root.directory
        if self._base != top and _has_skill(top):
            return [top]
        if _has_skill(self._base):
            return [self._base]
        if self._root.contained and not self._base.resolve().is_relative_to(top.resolve()):
            self._findings.add(OpenClawRule.LINK, path=display_path(self._base))
            return []
        found = list(self._below())
        return sorted(found, key=lambda path: _collation(path.relative_to(self._base).as_posix()))

    def _below(self) -> Iterator[Path]:
        queue = deque((path, _first_depth(path)) for path in self._children(self._base))
        while queue:
            path, depth = queue.popleft()
            if not self._is_contained(path):
                self._findings.add(OpenClawRule.LINK, path=display_path(path))
            elif _has_skill(path):
                yield path
            elif depth < self._most_depth(path):
                queue += [(child, depth + 1) for child in self._children(path)]

    def _is_contained(self, path: Path) -> bool:
        if not self._root.contained:
            return True
        real = path.resolve()
        return any(real.is_relative_to(allowed) for allowed in self._allowed)

    def _most_depth(self, path: Path) -> int:
        nested = self._root.directory / "skills"
        if not self._root.extra or self._base.name == "skills" or path.is_relative_to(nested):
            return MAX_DEPTH
        return MAX_DEPTH_OF_EXTRA

    def _children(self, path: Path) -> list[Path]:
        """Directories to look into, sorted; what is beyond a limit is reported."""
        self._listings -= 1
        most = self._limits.candidates_per_root
        children = _subdirectories(path) if self._listings >= 0 else []
        if self._listings < 0 or len(children) > most:
            self._findings.add(OpenClawRule.LIMIT, path=display_path(path))
        kept = children[:most]
        if path == self._base and (nested := path / "skills") in children[most:]:
            kept.append(nested)
        return kept


def _first_depth(path: Path) -> int:
    return 0 if path.name == "skills" and not _has_skill(path) else 1


def _has_skill(directory: Path) -> bool:
    return os.path.lexists(directory / FILE_NAME)


def _subdirectories(directory: Path) -> list[Path]:
    """Directories and links to directories, without hidden ones and `node_modules`."""
    names: list[str] = []
    try:
        with os.scandir(directory) as entries:
            for count, entry in enumerate(entries):
                if count >= _MAX_ENTRIES:
                    break
                hidden = entry.name.startswith(".") or entry.name == "node_modules"
                if not hidden and os.path.isdir(entry.path):
                    names.append(entry.name)
    except OSError:
        return []
    return [directory / name for name in sorted(names)]


def _nested_base(directory: Path, limits: Limits) -> Path:
    """`directory/skills` where the skills of a repository are there and nowhere else."""
    nested = directory / "skills"
    if not nested.is_dir():
        return directory
    if not _has_skill(directory) and _holds_skill(directory, limits, without=nested):
        return directory
    return nested if _has_skill(nested) or _holds_skill(nested, limits) else directory


def _holds_skill(directory: Path, limits: Limits, without: Path | None = None) -> bool:
    """Whether there is a skill, or a link that may lead to one, below a directory."""
    queue = deque([(directory, 0)])
    listings = limits.candidates_per_root * MAX_DEPTH
    while queue and listings:
        path, depth = queue.popleft()
        if depth and _has_skill(path):
            return True
        if depth >= MAX_DEPTH:
            continue
        listings -= 1
        children = [child for child in _subdirectories(path) if child != without]
        if without and any(child.is_symlink() for child in children):
            return True
        queue += [
            (child, depth + 1)
            for child in children[: limits.candidates_per_root]
            if not child.is_symlink()
        ]
    return False
