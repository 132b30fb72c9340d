"""`openclaw.json`, as far as it decides about skills."""

from dataclasses import dataclass, field
from pathlib import Path

from clawgym.errors import UsageError
from clawgym_skills.openclaw._javascript import JsValue, trim
from clawgym_skills.openclaw._json5 import Json5Error, parse_json5

_BLOCKED = frozenset(("__proto__", "prototype", "constructor"))
_DEFAULTS = {"browser.enabled": True, "browser.evaluateEnabled": True}


@dataclass(frozen=True)
class SkillEntry:
    """One entry of `skills.entries`; `env` names the variables that it provides."""

    enabled: bool = True
    env: frozenset[str] = frozenset()
    has_api_key: bool = False


@dataclass(frozen=True)
class Limits:
    """How much OpenClaw discovers; `skills.limits` changes it."""

    candidates_per_root: int = 300
    skills_per_root: int = 200
    file_bytes: int = 256_000


@dataclass(frozen=True)
class OpenClawConfig:
    """The configuration of one OpenClaw installation; empty where there is no file."""

    values: dict[str, JsValue] = field(default_factory=dict[str, JsValue])

    def entry(self, key: str) -> SkillEntry:
        """What `skills.entries.<key>` says."""
        entries = self._object("skills", "entries")
        entry = entries.get(key)
        if not isinstance(entry, dict):
            return SkillEntry()
        env = entry.get("env")
        provided = env.items() if isinstance(env, dict) else ()
        return SkillEntry(
            enabled=entry.get("enabled") is not False,
            env=frozenset(name for name, value in provided if _is_filled(value)),
            has_api_key=_is_filled(entry.get("apiKey")) or isinstance(entry.get("apiKey"), dict),
        )

    @property
    def allowed_bundled(self) -> frozenset[str]:
        """The bundled skills that may be used; empty if all may."""
        return frozenset(self._texts("skills", "allowBundled"))

    @property
    def extra_directories(self) -> tuple[Path, ...]:
        """`skills.load.extraDirs`."""
        return self._paths("extraDirs")

    @property
    def link_targets(self) -> tuple[Path, ...]:
        """`skills.load.allowSymlinkTargets`: where links out of a root may lead."""
        return self._paths("allowSymlinkTargets")

    @property
    def limits(self) -> Limits:
        """`skills.limits`, with OpenClaw's own values where it says nothing."""
        written, usual = self._object("skills", "limits"), Limits()
        return Limits(
            _count(written.get("maxCandidatesPerRoot"), usual.candidates_per_root),
            _count(written.get("maxSkillsLoadedPerSource"), usual.skills_per_root),
            _count(written.get("maxSkillFileBytes"), usual.file_bytes),
        )

    def is_truthy(self, path: str) -> bool:
        """Whether the value at a dotted path is there and neither false, zero nor blank."""
        parts = [part for part in path.split(".") if part]
        if not _BLOCKED.isdisjoint(parts):
            return False
        value: JsValue = self.values
        for part in parts:
            if not isinstance(value, dict) or part not in value:
                return _DEFAULTS.get(path, False)
            value = value[part]
        if isinstance(value, str):
            return bool(trim(value))
        return isinstance(value, dict | list) or bool(value)

    def _object(self, *path: str) -> dict[str, JsValue]:
        value: JsValue = self.values
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value if isinstance(value, dict) else {}

    def _texts(self, *path: str) -> tuple[str, ...]:
        value = self._object(*path[:-1]).get(path[-1])
        items = value if isinstance(value, list) else []
        return tuple(word for item in items if isinstance(item, str) and (word := trim(item)))

    def _paths(self, key: str) -> tuple[Path, ...]:
        return tuple(Path(text).expanduser() for text in self._texts("skills", "load", key))


def load_config(path: Path) -> OpenClawConfig:
    """Read `openclaw.json`; a file that does not exist is an empty configuration.

    Raises:
        UsageError: the file cannot be read, or is not JSON5.
    """
    try:
        values = parse_json5(path.read_text("utf-8"))
    except FileNotFoundError:
        return OpenClawConfig()
    except (OSError, UnicodeDecodeError, Json5Error) as error:
        raise UsageError(f"cannot read {path}: {error}; correct it or name another file") from error
    return OpenClawConfig(values if isinstance(values, dict) else {})


def _is_filled(value: JsValue) -> bool:
    return isinstance(value, str) and bool(trim(value))


def _count(value: JsValue, usual: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return usual
    return max(0, int(value))
