"""Names and kinds of files that are an attack by themselves."""

import re
import unicodedata
from collections import defaultdict
from pathlib import PurePosixPath

from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.expressions import expression, word_set
from clawgym_skills.scan.tree import Entry

_RESERVED = expression("names.reserved")
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_CLICKED = (
    ".scr",
    ".lnk",
    ".hta",
    ".vbs",
    ".vbe",
    ".jse",
    ".wsf",
    ".pif",
    ".cpl",
    ".msi",
    ".dmg",
    ".pkg",
    ".exe",
    ".com",
    ".reg",
    ".jar",
)
_HARMLESS = word_set("names.harmless")
_BINARIES: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "an ELF program"),
    (b"MZ", "a Windows program"),
    (b"\xfe\xed\xfa\xce", "a Mach-O program"),
    (b"\xfe\xed\xfa\xcf", "a Mach-O program"),
    (b"\xce\xfa\xed\xfe", "a Mach-O program"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"\xca\xfe\xba\xbe", "a Mach-O or Java program"),
    (b"\xd0\xcf\x11\xe0", "an old Office file or installer"),
    (b"dex\n", "an Android program"),
)


def scan_names(entries: list[Entry], found: Collector, prefix: str = "") -> None:
    """Look at the names, types and modes of all entries of one tree."""
    for entry in entries:
        path = prefix + entry.path
        _scan_path(entry.path, path, found)
        _scan_kind(entry, path, found)
        if entry.mode & 0o6000:
            found.add("SC115", path, detail=f"mode {entry.mode:o}")
        if entry.cut:
            found.add("SC108", path, detail=f"{len(entry.data):,} of {entry.size:,} bytes scanned")
        if entry.kind == "file":
            scan_binary(path, entry.data, found)
    _scan_collisions(entries, found, prefix)


def _scan_path(name: str, path: str, found: Collector) -> None:
    parts = name.split("/")
    unsafe = (
        name.startswith("/")
        or ".." in parts
        or "\\" in name
        or _DRIVE.match(name) is not None
        or _CONTROL.search(name) is not None
    )
    if unsafe or len(name.encode(errors="replace")) > 512:
        found.add("SC104", path, detail=ascii(name))
    for part in parts:
        if _RESERVED.fullmatch(part) or (part.endswith((" ", ".")) and part not in (".", "..")):
            found.add("SC107", path, detail=part)


def _scan_kind(entry: Entry, path: str, found: Collector) -> None:
    if entry.kind == "device":
        found.add("SC103", path)
    elif entry.kind in ("link", "hardlink"):
        rule_id = "SC101" if _leaves(entry) else "SC102"
        found.add(rule_id, path, detail=f"-> {entry.target}")


def _leaves(entry: Entry) -> bool:
    """Whether a link's target lies outside of the skill."""
    if entry.target.startswith(("/", "~", "\\")) or _DRIVE.match(entry.target):
        return True
    depth = 0 if entry.kind == "hardlink" else entry.path.count("/")
    for part in entry.target.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return True
    return False


def scan_binary(path: str, data: bytes, found: Collector) -> None:
    """Look at the first bytes of a file, and whether its name tells something else."""
    name = PurePosixPath(path.lower())
    if name.suffix in _CLICKED:
        found.add("SC116", path, detail=name.name)
    if len(name.suffixes) > 1 and name.suffix in _CLICKED and name.suffixes[-2] in _HARMLESS:
        found.add("SC113", path, detail=name.name)
    if name.suffix == ".pyc":
        found.add("SC114", path)
    kind = next((kind for magic, kind in _BINARIES if data.startswith(magic)), "")
    if not kind or (data.startswith(b"MZ") and (len(data) < 64 or data[:512].isascii())):
        return
    if name.suffix in _HARMLESS and not (
        data.startswith(b"\xd0\xcf") and name.suffix in (".doc", ".xls", ".ppt")
    ):
        found.add("SC113", path, detail=f"{kind} called {name.name}")
    elif not data.startswith(b"\xd0\xcf"):
        found.add("SC112", path, detail=kind)


def _scan_collisions(entries: list[Entry], found: Collector, prefix: str) -> None:
    """Names that are one and the same on a file system that folds case or normalises."""
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", entry.path).casefold())
        groups[folded].add(entry.path)
    seen: set[str] = set()
    for entry in entries:
        if entry.path in seen:
            found.add("SC105", prefix + entry.path, detail="the same name twice")
        seen.add(entry.path)
    for folded, names in groups.items():
        if len(names) > 1:
            executable = folded == "skill.md" or folded.endswith((".py", ".sh", ".js"))
            listed = ", ".join(sorted(map(ascii, names)))
            found.add("SC105" if executable else "SC106", prefix + min(names), detail=listed)
