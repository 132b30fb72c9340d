"""Scanning one skill: every look at its files, in order. Nothing in it is run or followed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import UsageError
from clawgym.files import File, Files
from clawgym_skills._folder import display_path, find_skill_file
from clawgym_skills.diagnostic import Findings
from clawgym_skills.reading import read_document as read_skill_file
from clawgym_skills.scan import archive
from clawgym_skills.scan.autorun import scan_autorun
from clawgym_skills.scan.capability import Declared, scan_capabilities
from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.document import MAX_TEXT, Document, read_document
from clawgym_skills.scan.finding import Report
from clawgym_skills.scan.hidden import scan_hidden, scan_image
from clawgym_skills.scan.names import scan_names
from clawgym_skills.scan.patterns import scan_patterns
from clawgym_skills.scan.prerequisite import scan_prerequisites
from clawgym_skills.scan.python_code import scan_python
from clawgym_skills.scan.registry import scan_digests, scan_name
from clawgym_skills.scan.shell import scan_shell
from clawgym_skills.scan.tree import Entry, Tree, tree_of_directory, tree_of_files
from clawgym_skills.skill import Skill

MAX_SKILL_TEXT = 8 * 1024**2
"""Characters of all texts of a skill that are looked at."""

MAX_PATH = 400
"""Characters of a path inside archives that are shown."""


@dataclass(frozen=True)
class Options:
    """What a scan may compare with: SHA-256 digests that are known to be bad."""

    bad_digests: frozenset[str] = frozenset()


def scan(skill: Skill | Path, options: Options | None = None) -> Report:
    """Scan a skill that was read, a skill's directory, or an archive of one.

    A directory is scanned as it lies there, with links and files that the reader leaves out.

    Raises:
        UsageError: the path does not exist or cannot be read.
    """
    options = options or Options()
    if isinstance(skill, Skill):
        tree = tree_of_files(skill.files)
        return _scan(tree, skill.id, str(skill.path), skill.digest, options, skill.owner)
    if skill.is_dir():
        tree = tree_of_directory(skill)
        return _scan(tree, skill.resolve().name, display_path(skill), _digest(tree), options)
    return _scan_file(skill, options)


def _scan_file(path: Path, options: Options) -> Report:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be scanned: {error.strerror}; name a skill's folder or an archive"
        ) from error
    tree = Tree([Entry(path.name, "file", data, len(data))])
    return _scan(tree, path.stem, display_path(path), hashlib.sha256(data).hexdigest(), options)


def _scan(
    tree: Tree, subject: str, path: str, digest: str, options: Options, owner: str | None = None
) -> Report:
    found = Collector()
    for omitted in tree.omitted:
        found.add("SC108", ".", detail=omitted)
    documents: list[Document] = []
    _scan_entries(tree.entries, documents, found)
    _scan_declared(documents, subject, owner, found)
    if options.bad_digests:
        scan_digests(_digests(tree, digest), options.bad_digests, found)
    return Report(subject, path, digest, found.findings)


def _scan_entries(
    entries: list[Entry],
    documents: list[Document],
    found: Collector,
    prefix: str = "",
    depth: int = 0,
) -> None:
    """Look at every entry, those in archives included; the texts among them join `documents`."""
    scan_names(entries, found, prefix)
    for entry in entries:
        if entry.kind != "file":
            continue
        path = (prefix + entry.path)[-MAX_PATH:]
        if archive.is_archive(path, entry.data):
            _scan_archive(entry, path, documents, found, depth)
            continue
        scan_image(path, entry.data, found)
        if document := _read(path, entry.data, documents, found):
            scan_document(document, found)
            documents.append(document)


def _read(path: str, data: bytes, documents: list[Document], found: Collector) -> Document | None:
    """The text of a file, as far as the limits allow; what runs or instructs must fit in whole."""
    left = MAX_SKILL_TEXT - sum(len(document.text) for document in documents)
    document = read_document(path, data, max(0, min(MAX_TEXT, left)))
    if document is not None and document.cut and document.kind not in ("data", "text"):
        found.add("SC108", path, detail=f"{len(document.text):,} characters scanned")
    return document


def _scan_archive(
    entry: Entry, path: str, documents: list[Document], found: Collector, depth: int
) -> None:
    if archive.is_document(path):
        return
    if depth >= archive.MAX_DEPTH:
        found.add("SC118", path)
        return
    found.add("SC110", path)
    content = archive.read_archive(entry.data)
    for rule_id, detail in content.problems:
        found.add(rule_id, path, detail=detail)
    _scan_entries(list(content.entries), documents, found, f"{path}!/", depth + 1)


def scan_document(document: Document, found: Collector) -> None:
    """Every look at one text."""
    scan_hidden(document, found)
    scan_patterns(document, found)
    scan_shell(document, found)
    scan_python(document, found)
    scan_prerequisites(document, found)
    scan_autorun(document, found)


def _scan_declared(
    documents: list[Document], subject: str, owner: str | None, found: Collector
) -> None:
    """Compare each SKILL.md with the files around it."""
    for document in documents:
        folder, _, name = document.path.rpartition("/")
        if find_skill_file([name]) is None:
            continue
        read = read_skill_file(document.text.encode(errors="replace"), Findings(document.path))
        written = read.frontmatter.get("name")
        declared = Declared(
            str(written) if isinstance(written, str) and written.strip() else subject,
            str(read.frontmatter.get("description") or ""),
            read.frontmatter,
        )
        inside = [d for d in documents if not folder or d.path.startswith(f"{folder}/")]
        scan_capabilities(declared, inside, document.path, found)
        scan_name(declared.name, owner, document.path, found)


def _digests(tree: Tree, digest: str) -> Iterator[tuple[str, str]]:
    """The digest of the skill and of each file, with the path it is of."""
    yield ".", digest
    for entry in tree.entries:
        yield entry.path, hashlib.sha256(entry.data).hexdigest()


def _digest(tree: Tree) -> str:
    """As `Files.digest` where the paths are those of a skill, else over whatever there is."""
    try:
        return Files({e.path: File(e.data, bool(e.mode & 0o100)) for e in _kept(tree)}).digest
    except ValueError:
        total = hashlib.sha256()
        for entry in tree.entries:
            content = hashlib.sha256(entry.data).hexdigest()
            total.update(f"{entry.path}\0{entry.kind}\0{content}\n".encode(errors="replace"))
        return total.hexdigest()


def _kept(tree: Tree) -> Iterator[Entry]:
    """The entries that the reader of skills would keep."""
    skipped = {".git", "node_modules", "__pycache__"}
    for entry in tree.entries:
        if entry.kind == "file" and not skipped & set(entry.path.split("/")[:-1]):
            yield entry
