"""Our skills for a deepagents agent: a read-only backend for its `SkillsMiddleware`.

    from deepagents.backends import CompositeBackend, StateBackend
    skills = deepagents_backend(CatalogueSource(catalogue))
    backend = CompositeBackend(default=StateBackend(), routes={"/skills/": skills})
    create_deep_agent(model, backend=backend, skills=["/skills/"])

What it shows is one folder a skill, each called as its SKILL.md says, with a frontmatter that its
strict reader takes whatever the author wrote. deepagents lists every skill in the prompt, so
`limit` keeps it at what OpenClaw would list. Verified with deepagents 0.7.32.
"""

import base64
import importlib
import posixpath
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from types import ModuleType
from typing import Any

from clawgym.errors import UsageError
from clawgym.files import File, Files
from clawgym_skills.prompt import MAX_SKILLS
from clawgym_skills.publication import publication_view
from graph_agents.skilled.listing import choose
from graph_agents.skilled.offers import Offer, SkillSource

_KEPT = 256
_SKILL_FILE = "SKILL.md"
_READ_ONLY = "skills are read-only here: write to another folder"


def deepagents_backend(
    source: SkillSource, *, pinned: Sequence[str] = (), limit: int = MAX_SKILLS
) -> "SkillsBackend":
    """A backend with the skills of a source, as they are now.

    Only skills that need no approval are in it: deepagents would read them without asking.

    Raises:
        UsageError: deepagents is not installed.
    """
    try:
        protocol = importlib.import_module("deepagents.backends.protocol")
        globbing = importlib.import_module("deepagents.backends.utils").compile_grep_include_glob
    except ModuleNotFoundError as error:
        raise UsageError("deepagents is not installed: pip install deepagents") from error
    trusted = [offer for offer in source.offers() if offer.trusted]
    offers = choose(trusted, pinned, source.used()).offers[:limit]
    return SkillsBackend(protocol, globbing, source, offers)


Globbing = Callable[[str], Callable[[str], bool]]
"""Makes a test for paths of a pattern; raises `ValueError` for one that it refuses."""


class SkillsBackend:
    """The methods of deepagents' `BackendProtocol`, over skills; what would write is refused.

    It does not inherit from the protocol, which is not there when this module is imported.
    """

    def __init__(
        self,
        protocol: ModuleType,
        globbing: Globbing,
        source: SkillSource,
        offers: Sequence[Offer],
    ) -> None:
        self._protocol = protocol
        self._globbing = globbing
        self._source = source
        self._offers = {offer.public: offer for offer in offers}
        self._files = lru_cache(_KEPT)(self._load)

    def ls(self, path: str) -> Any:  # noqa: ANN401 - a class of deepagents, as below
        """The skills, or what is in a folder of one."""
        where = _inside(path)
        if where == "":
            names = [{"path": f"/{name}/", "is_dir": True} for name in self._offers]
            return self._protocol.LsResult(entries=names)
        folder = f"{where}/"
        entries: dict[str, dict[str, object]] = {}
        for name, file in self._below(where):
            first, slash, _ = name[len(folder) :].partition("/")
            place = f"/{folder}{first}{slash}"
            entries[place] = (
                {"path": place, "is_dir": True} if slash else _info(f"{folder}{first}", file)
            )
        if not entries:
            return self._protocol.LsResult(error=f"{path}: file_not_found")
        return self._protocol.LsResult(entries=list(entries.values()))

    def read(self, file_path: str, offset: int = 0, limit: int = 2000) -> Any:  # noqa: ANN401
        """Lines of a file, counted from 0; what is no text comes whole, as base64."""
        file = self._file(_inside(file_path))
        if file is None:
            return self._protocol.ReadResult(error=f"File '{file_path}' not found")
        try:
            text = file.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            encoded = base64.b64encode(file.data).decode()
            return self._protocol.ReadResult(file_data={"content": encoded, "encoding": "base64"})
        return self._window(text.splitlines(keepends=True), max(offset, 0), limit)

    def _window(self, lines: list[str], start: int, limit: int) -> Any:  # noqa: ANN401
        if limit <= 0:
            empty = {"content": "", "encoding": "utf-8"}
            return self._protocol.ReadResult(file_data=empty, no_lines_requested=True)
        shown = lines[start : start + limit]
        if not shown:
            if not lines and start == 0:
                return self._protocol.ReadResult(file_data={"content": "", "encoding": "utf-8"})
            problem = f"Line offset {start} exceeds file length ({len(lines)} lines)"
            return self._protocol.ReadResult(error=problem)
        end = start + len(shown)
        return self._protocol.ReadResult(
            file_data={"content": "".join(shown), "encoding": "utf-8"},
            total_lines=len(lines),
            start_line=start + 1,
            end_line=end,
            next_offset=end if end < len(lines) else None,
        )

    def grep(
        self,
        pattern: str,
        path: str | None = None,
        glob: str | None = None,
        *,
        max_count: int | None = None,
    ) -> Any:  # noqa: ANN401
        """Lines that hold a literal text."""
        try:
            found = self._matches(pattern, _inside(path or "/"), self._globbing(glob or "*"))
        except ValueError as error:
            return self._protocol.GrepResult(error=str(error))
        if max_count is None:
            return self._protocol.GrepResult(matches=list(found))
        matches = list(islice(found, max_count + 1))
        return self._protocol.GrepResult(
            matches=matches[:max_count], truncated=len(matches) > max_count
        )

    def _matches(
        self, pattern: str, where: str, fits: Callable[[str], bool]
    ) -> Iterator[dict[str, object]]:
        for name, file in self._below(where):
            if fits(_relative(name, where)):
                text = file.data.decode(errors="replace")
                for number, line in enumerate(text.splitlines(), 1):
                    if pattern in line:
                        yield {"path": f"/{name}", "line": number, "text": line}

    def glob(self, pattern: str, path: str | None = None) -> Any:  # noqa: ANN401
        """Files by name: anywhere below a folder, or by their path where the pattern has a `/`."""
        try:
            fits = self._globbing(pattern)
        except ValueError as error:
            return self._protocol.GlobResult(error=str(error))
        where = _inside(path or "/")
        below = self._below(where)
        found = [_info(name, file) for name, file in below if fits(_relative(name, where))]
        return self._protocol.GlobResult(matches=found)

    def download_files(self, paths: list[str]) -> list[Any]:
        """The bytes of files."""
        return [self._download(path) for path in paths]

    def _download(self, path: str) -> Any:  # noqa: ANN401
        file = self._file(_inside(path))
        if file is None:
            return self._protocol.FileDownloadResponse(path=path, error="file_not_found")
        return self._protocol.FileDownloadResponse(path=path, content=file.data)

    def upload_files(self, files: list[tuple[str, bytes]]) -> list[Any]:
        """Refused."""
        response = self._protocol.FileUploadResponse
        return [response(path=path, error="permission_denied") for path, _ in files]

    def write(self, file_path: str, content: str) -> Any:  # noqa: ANN401
        """Refused."""
        del file_path, content
        return self._protocol.WriteResult(error=_READ_ONLY)

    def edit(
        self,
        file_path: str,
        old_string: str,
        new_string: str,
        replace_all: bool = False,
    ) -> Any:  # noqa: ANN401
        """Refused."""
        del file_path, old_string, new_string, replace_all
        return self._protocol.EditResult(error=_READ_ONLY)

    def delete(self, file_path: str) -> Any:  # noqa: ANN401
        """Refused."""
        del file_path
        return self._protocol.DeleteResult(error=_READ_ONLY)

    # Everything is in memory or in one SQLite file, so a thread would only cost time.

    async def als(self, path: str) -> Any:  # noqa: ANN401
        """As `ls`."""
        return self.ls(path)

    async def aread(self, file_path: str, offset: int = 0, limit: int = 2000) -> Any:  # noqa: ANN401
        """As `read`."""
        return self.read(file_path, offset, limit)

    async def agrep(
        self,
        pattern: str,
        path: str | None = None,
        glob: str | None = None,
        *,
        max_count: int | None = None,
    ) -> Any:  # noqa: ANN401
        """As `grep`."""
        return self.grep(pattern, path, glob, max_count=max_count)

    async def aglob(self, pattern: str, path: str | None = None) -> Any:  # noqa: ANN401
        """As `glob`."""
        return self.glob(pattern, path)

    async def adownload_files(self, paths: list[str]) -> list[Any]:
        """As `download_files`."""
        return self.download_files(paths)

    async def aupload_files(self, files: list[tuple[str, bytes]]) -> list[Any]:
        """As `upload_files`."""
        return self.upload_files(files)

    async def awrite(self, file_path: str, content: str) -> Any:  # noqa: ANN401
        """As `write`."""
        return self.write(file_path, content)

    async def aedit(
        self,
        file_path: str,
        old_string: str,
        new_string: str,
        replace_all: bool = False,
    ) -> Any:  # noqa: ANN401
        """As `edit`."""
        return self.edit(file_path, old_string, new_string, replace_all)

    async def adelete(self, file_path: str) -> Any:  # noqa: ANN401
        """As `delete`."""
        return self.delete(file_path)

    def _load(self, public: str) -> Files:
        offer = self._offers[public]
        skill = self._source.load(offer)
        others = {path: file for path, file in skill.files.items() if path != skill.file_name}
        rendered = publication_view(skill, public).render(skill.body)
        return Files({**others, _SKILL_FILE: rendered})

    def _file(self, where: str) -> File | None:
        public, _, rest = where.partition("/")
        return self._files(public).get(rest) if public in self._offers else None

    def _below(self, where: str) -> Iterator[tuple[str, File]]:
        """The files at or below a place, by their paths without the leading slash."""
        public = where.partition("/")[0]
        names = [public] if public in self._offers else [] if public else list(self._offers)
        for name in names:
            for path, file in self._files(name).items():
                whole = f"{name}/{path}"
                if not where or whole == where or whole.startswith(f"{where}/"):
                    yield whole, file


def _inside(path: str) -> str:
    return posixpath.normpath(f"/{path}").strip("/")


def _info(name: str, file: File) -> dict[str, object]:
    return {"path": f"/{name}", "is_dir": False, "size": len(file.data)}


def _relative(name: str, where: str) -> str:
    """The path below the root of a search; of a file that is itself the root, its name."""
    if name == where:
        return posixpath.basename(name)
    return name[len(where) + 1 :] if where else name
