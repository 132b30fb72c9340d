"""Whether OpenClaw would offer a loaded skill on a machine, and if not, why, in words.

The order is OpenClaw's: disabled, not an allowed bundled skill, wrong system, then `always`, then
the requirements. All that is missing is reported, not only the first.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clawgym_skills.openclaw._javascript import trim
from clawgym_skills.openclaw.config import OpenClawConfig, SkillEntry
from clawgym_skills.openclaw.manifest import Manifest

_SYSTEMS = {"darwin": "macOS", "linux": "Linux", "win32": "Windows"}


@dataclass(frozen=True)
class Machine:
    """What decides on the machine: its system by Node's name, its environment, its programs."""

    system: str
    env: Mapping[str, str]
    has_program: Callable[[str], bool]

    @classmethod
    def current(cls) -> "Machine":
        """The machine that this process runs on."""
        path = os.environ.get("PATH", "")
        return cls(sys.platform, os.environ, lambda name: _is_on_path(name, path))


@dataclass(frozen=True)
class Verdict:
    """Whether a skill is eligible; `reasons` says what stands against it, one sentence each."""

    reasons: tuple[str, ...] = ()

    @property
    def eligible(self) -> bool:
        """Whether nothing stands against it."""
        return not self.reasons


def gate(
    name: str,
    manifest: Manifest | None,
    machine: Machine,
    config: OpenClawConfig | None = None,
    *,
    bundled: bool = False,
) -> Verdict:
    """Decide about one skill; `bundled` says that it came with OpenClaw."""
    config = config or OpenClawConfig()
    manifest = manifest or Manifest()
    key = manifest.skill_key or name
    entry = config.entry(key)
    if not entry.enabled:
        return Verdict((f"disabled by skills.entries.{key}.enabled",))
    if bundled and config.allowed_bundled and config.allowed_bundled.isdisjoint((key, name)):
        return Verdict(("not in skills.allowBundled",))
    if manifest.os and machine.system not in manifest.os:
        wanted = " or ".join(_SYSTEMS.get(system, system) for system in manifest.os)
        here = _SYSTEMS.get(machine.system, machine.system)
        return Verdict((f"runs on {wanted}, this is {here}",))
    if manifest.always:
        return Verdict()
    return Verdict(tuple(_missing(manifest, entry, machine, config)))


def _missing(
    manifest: Manifest, entry: SkillEntry, machine: Machine, config: OpenClawConfig
) -> list[str]:
    requires = manifest.requires
    reasons = [
        f"environment variable {name} is not set"
        for name in requires.env
        if not _has_env(name, manifest, entry, machine)
    ]
    reasons += [
        f"config {path} is not set" for path in requires.config if not config.is_truthy(path)
    ]
    reasons += [
        f"program {name} is not on PATH" for name in requires.bins if not machine.has_program(name)
    ]
    if requires.any_bins and not any(map(machine.has_program, requires.any_bins)):
        reasons.append(f"none of the programs {', '.join(requires.any_bins)} is on PATH")
    return reasons


def _has_env(name: str, manifest: Manifest, entry: SkillEntry, machine: Machine) -> bool:
    if trim(machine.env.get(name, "")) or name in entry.env:
        return True
    return name == manifest.primary_env and entry.has_api_key


def _is_on_path(name: str, path: str) -> bool:
    """Whether a program of this plain name is on PATH; a path in a skill is not looked up."""
    if not name or "\0" in name or os.sep in name:
        return False
    return shutil.which(name, path=path) is not None
