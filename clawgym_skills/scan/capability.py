"""What a skill declares against what its files use: variables, programs, hosts, tools."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from clawgym_skills._frontmatter import Frontmatter
from clawgym_skills.metadata import VENDOR_KEYS, metadata_of, openclaw_metadata
from clawgym_skills.scan.address import addresses
from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.credentials import (
    AGENT_STORES,
    SECRET_NAME,
    names_store,
    names_store_anywhere,
)
from clawgym_skills.scan.document import Document
from clawgym_skills.scan.expressions import expression, word_set
from clawgym_skills.scan.shell import reads_credentials
from clawgym_skills.scan.shell_syntax import parse_shell

_VARIABLES = expression("capability.variables")
_CODE = ("python", "javascript", "shell", "powershell")
_PROGRAMS = word_set("capability.programs")
_COMMON = frozenset({"curl", "git", "pip", "pip3", "npm", "npx", "brew", "node"})
_ORDINARY_HOSTS = expression("capability.ordinary_hosts")
_SENDS = expression("capability.sends")
_READS_STORE = expression("capability.reads_store")
_TALK = re.compile(r"\s*(?:#|//|\*|console\.|throw |/)|.{0,80}(?:RegExp|\.test\(|/i[,;)\]])")
_WILD = expression("capability.wild")


@dataclass(frozen=True)
class Declared:
    """What the frontmatter says about the skill itself."""

    name: str
    description: str
    frontmatter: Frontmatter

    @property
    def text(self) -> str:
        """Name and description, for looking up what the skill is about."""
        return f"{self.name} {self.description}".lower()


def scan_capabilities(
    declared: Declared, documents: Sequence[Document], skill_file: str, found: Collector
) -> None:
    """Compare what is declared with what is used; note what no skill should ask for."""
    metadata = metadata_of(declared.frontmatter) or {}
    _scan_flags(declared, metadata, skill_file, found)
    code = [document for document in documents if document.kind in _CODE]
    manual = next((d.lower for d in documents if d.path == skill_file), "")
    _scan_variables(metadata, code, manual, skill_file, found)
    _scan_programs(metadata, code, manual, found)
    _scan_hosts(code, documents, found)
    for document in code:
        _scan_store(document, found)


def _scan_flags(
    declared: Declared, metadata: Mapping[str, JsonValue], skill_file: str, found: Collector
) -> None:
    tools = declared.frontmatter.get("allowed-tools", declared.frontmatter.get("tools"))
    listed = " ".join(map(str, tools)) if isinstance(tools, list) else str(tools or "")
    if match := _WILD.search(listed[:4_000]):
        every = "*" in match[0]
        found.add("SC404" if every else "SC405", skill_file, detail=f"allowed-tools: {listed}")
    blocks = [metadata.get(key) for key in VENDOR_KEYS]
    if any(isinstance(block, dict) and block.get("always") is True for block in blocks):
        found.add("SC406", skill_file, detail="always: true")
    hooks = declared.frontmatter.get("hooks")
    if hooks:
        text = json.dumps(hooks)
        rule_id = "SC216" if _SENDS.search(text) or "base64" in text else "SC215"
        found.add(rule_id, skill_file, detail=text)


def _scan_variables(
    metadata: Mapping[str, JsonValue],
    code: Sequence[Document],
    manual: str,
    skill_file: str,
    found: Collector,
) -> None:
    declared = set(openclaw_metadata(metadata).requires.env) | set(_primary(metadata))
    for document in code:
        for match in _VARIABLES.finditer(document.text):
            name = match["name"]
            if name in declared or not SECRET_NAME.search(name):
                continue
            hidden = name.lower() not in manual
            if document.path != skill_file:
                number = document.line_at(match.start())
                found.add("SC401" if hidden else "SC402", document.path, number, name)
                declared.add(name)


def _primary(metadata: Mapping[str, JsonValue]) -> Iterator[str]:
    for key in VENDOR_KEYS:
        block = metadata.get(key)
        if isinstance(block, dict) and isinstance(primary := block.get("primaryEnv"), str):
            yield primary


def _scan_programs(
    metadata: Mapping[str, JsonValue], code: Sequence[Document], manual: str, found: Collector
) -> None:
    requires = openclaw_metadata(metadata).requires
    known = {*requires.bins, *requires.any_bins} | _COMMON
    for document in code:
        if document.kind != "shell":
            continue
        for pipeline in (inner for p in parse_shell(document.text) for inner in p.everything()):
            for command in pipeline.commands:
                name = command.name
                if name in _PROGRAMS and name not in known and name not in manual:
                    known.add(name)
                    found.add("SC403", document.path, pipeline.line + 1, name)


def _scan_hosts(code: Sequence[Document], documents: Sequence[Document], found: Collector) -> None:
    """Hosts that only the code knows; drop hosts are a rule of their own."""
    told = {a.host for d in documents if d.kind in ("markdown", "text") for a in addresses(d.text)}
    for document in code:
        if not _SENDS.search(document.text):
            continue
        for address in addresses(document.text):
            if address.host in told or address.local or _ORDINARY_HOSTS.search(address.host):
                continue
            told.add(address.host)
            number = document.line_at(address.start)
            rule_id = "SC408" if address.raw or "drop" in address.kinds else "SC407"
            found.add(rule_id, document.path, number, document.line(number))


def _scan_store(document: Document, found: Collector) -> None:
    """Scripts that read a credential store; with something that sends, it is theft."""
    sends = _SENDS.search(document.text) is not None
    for number in _store_lines(document):
        rule_id = "SC410" if sends else "SC411"
        found.add(rule_id, document.path, number, document.line(number))
    if sends and (match := AGENT_STORES.search(document.text)):
        nameless = any(a.raw or "drop" in a.kinds for a in addresses(document.text))
        number = document.line_at(match.start())
        found.add("SC409" if nameless else "SC412", document.path, number, document.line(number))


def _store_lines(document: Document) -> Iterator[int]:
    """Where a script reads a credential store; for Python its syntax tree says it better."""
    if document.kind == "python" or not names_store_anywhere(document.text):
        return
    if document.kind == "shell":
        yield from (number + 1 for number in reads_credentials(document.text))
        return
    for number, line in enumerate(document.lines, 1):
        if _READS_STORE.search(line) and names_store(line) and not _TALK.match(line):
            yield number
