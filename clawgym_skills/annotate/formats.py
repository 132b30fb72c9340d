"""What a skill takes and what it makes: file types that it names, options of its scripts."""

import re
from collections import Counter
from collections.abc import Iterable

from clawgym_skills.annotate.record import Evidence
from clawgym_skills.annotate.text import LineKind, SkillText

_TYPES = (
    "csv|tsv|jsonl?|ya?ml|toml|xml|html?|md|markdown|txt|log|ics|eml|mbox|sql|sqlite|db|ini|"
    "env|py|js|ts|sh|pdf|docx|xlsx|pptx|png|jpe?g|gif|webp|svg|mp3|wav|mp4|zip|tar\\.gz|diff|patch"
)
_FILE = re.compile(rf"(?<![\w/])[\w*<>{{}}$./-]*\.({_TYPES})\b", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(csv|tsv|jsonl?|yaml|toml|xml|html|markdown|sqlite|ics|pdf)\b", re.IGNORECASE
)
_ANY_TYPE = re.compile(rf"\.(?:{_TYPES})\b|{_NAMED.pattern}", re.IGNORECASE)
_OUTPUT = re.compile(
    r"\b(?:outputs?|writes?|written|saves?|saved|exports?|produces?|generates?|creates?|returns?|"
    r"prints?|reports?|results?)\b|(?:^|\s)(?:-o|--out(?:put)?)\b|\s>\s|输出|生成|保存|导出",
    re.IGNORECASE,
)
_INPUT = re.compile(
    r"\b(?:inputs?|reads?|loads?|parses?|imports?|from|given|takes?|accepts?|analy[sz]es?|scans?|"
    r"existing|your)\b|--(?:in|input|file)\b|输入|读取|解析|导入",
    re.IGNORECASE,
)
_OWN_FILES = re.compile(
    r"(?:scripts|references|assets)/|SKILL\.md|README|\{baseDir\}|package\.json"
)
_OPTION = re.compile(
    r"add_argument\(\s*[\"'](-{0,2}[\w-]+)[\"']|\.option\(\s*[\"'](?:-\w, )?(--[\w-]+)"
)
_URL = re.compile(r"https?://\S+")
_ALIASES = {"htm": "html", "yml": "yaml", "markdown": "md", "jpeg": "jpg", "tar.gz": "archive"}
_MOST_TYPES = 6
_MOST_OPTIONS = 8


class Formats:
    """Input and output in words, with the lines that say so."""

    def __init__(self, text: SkillText) -> None:
        self._inputs: Counter[str] = Counter()
        self._outputs: Counter[str] = Counter()
        self.evidence: list[Evidence] = []
        self._in_output_section = False
        path = text.document.path
        lines = zip(text.document.kinds, text.document.lines, strict=True)
        for number, (kind, line) in enumerate(lines, start=1):
            if kind is LineKind.HEADING:
                self._in_output_section = bool(_OUTPUT.search(line))
            elif kind is not LineKind.HEADER and _ANY_TYPE.search(line):
                self._read(path, number, line[:400])
        self._options = list(dict.fromkeys(_options(text)))[:_MOST_OPTIONS]

    def _read(self, path: str, number: int, line: str) -> None:
        bare = _URL.sub(" ", line)
        types = [
            _ALIASES.get(found[1].lower(), found[1].lower())
            for found in _FILE.finditer(bare)
            if not _OWN_FILES.search(found[0])
        ] + [_ALIASES.get(found[1].lower(), found[1].lower()) for found in _NAMED.finditer(bare)]
        if not types:
            return
        outgoing = _OUTPUT.search(bare) is not None or self._in_output_section
        incoming = _INPUT.search(bare) is not None or not outgoing
        for name, holds, counts in (
            ("input", incoming, self._inputs),
            ("output", outgoing, self._outputs),
        ):
            if holds:
                new = [kind for kind in dict.fromkeys(types) if kind not in counts]
                counts.update(types)
                self.evidence += [_evidence(name, kind, path, number, bare) for kind in new]

    @property
    def input_format(self) -> str:
        """Such as `files: csv, json; options: --input, --sort; a request in words`."""
        parts = [f"files: {_listed(self._inputs)}"] if self._inputs else []
        parts += [f"options: {', '.join(self._options)}"] if self._options else []
        return "; ".join([*parts, "a request in words"])

    @property
    def output_format(self) -> str:
        """Such as `files: md; an answer in words`."""
        parts = [f"files: {_listed(self._outputs)}"] if self._outputs else []
        return "; ".join([*parts, "an answer in words"])

    @property
    def inputs(self) -> frozenset[str]:
        """The file types it takes."""
        return frozenset(self._inputs)

    @property
    def outputs(self) -> frozenset[str]:
        """The file types it makes."""
        return frozenset(self._outputs)


def _evidence(field: str, kind: str, path: str, number: int, line: str) -> Evidence:
    return Evidence.model_construct(
        field=field, signal=f"file type {kind}", path=path, line=number,
        words=line.strip()[:80] or kind, weight=1.0,
    )  # fmt: skip


def _listed(counts: Counter[str]) -> str:
    ordered = sorted(counts, key=lambda name: (-counts[name], name))[:_MOST_TYPES]
    return ", ".join(ordered)


def _options(text: SkillText) -> Iterable[str]:
    for file in text.scripts:
        if b"add_argument" in file.lower or b".option(" in file.lower:
            for found in _OPTION.finditer("\n".join(file.lines)):
                yield found[1] or found[2]
