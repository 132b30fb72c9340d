"""The skills of MCP servers, by the host rules of SEP-2640.

- Nothing is read before it is wanted: listing and approving move no file.
- A person approves a skill as the set of its files with their digests. Another set is another
  skill, and the approval is gone.
- Each file is verified when it is read: it is listed, size and digest are the listed ones, and a
  SKILL.md has the frontmatter that was listed. What fails is not used, in no part.
- A skill is the pair of the label that *we* gave its server and its URI. Two servers may offer the
  same name; what the model reads says where it comes from.
- A read goes to the server that listed the file. `allowed-tools` grants nothing. Nothing runs.
- A SKILL.md inside another skill needs an approval of its own.

A digest says that what was approved is what came. It says nothing about whether that is good.
Source: modelcontextprotocol/ext-skills:specification/stable/skills.mdx, docs/threat-model.md.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp import Client, types
from pydantic import ConfigDict, JsonValue

from mcp_servers.host.entries import SKILL_FILE, Entry, ListedFile, SkillRefusedError, checked_entry
from mcp_servers.host.skill_yaml import FrontmatterError, careful_frontmatter

EXTENSION = "io.modelcontextprotocol/skills"
MAX_PAGES = 500
MAX_SKILLS = 50_000
SERVER_BUDGET = 64 * 1024 * 1024


class _Request(types.Request[dict[str, Any], str]):
    """A request of the extension."""


class _Answer(types.Result):
    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True)
class SkillId:
    """Which skill is meant: the label we gave its server, and its URI there."""

    server: str
    uri: str


@dataclass
class Approvals:
    """What a person has agreed to: skills, each with the fingerprint of its files."""

    granted: dict[SkillId, str] = field(default_factory=dict[SkillId, str])

    def approve(self, skill: SkillId, entry: Entry) -> None:
        """Remember that a person has seen this entry and agreed."""
        self.granted[skill] = entry.fingerprint

    def cover(self, skill: SkillId, entry: Entry) -> bool:
        """Whether exactly these files were agreed to."""
        return self.granted.get(skill) == entry.fingerprint


@dataclass(frozen=True)
class Listing:
    """A server's skills, and why some of what it listed is not among them."""

    entries: Mapping[SkillId, Entry]
    refused: Sequence[str] = ()


class SkillHost:
    """The skills of one server. Files are kept by digest, in memory, and never change there."""

    def __init__(
        self, client: Client, label: str, approvals: Approvals, budget: int = SERVER_BUDGET
    ) -> None:
        """Use an open client under a label that we chose; approvals are shared between servers.

        `budget` is how many bytes are read from this server before it is asked no more.
        """
        self._client = client
        self._label = label
        self._approvals = approvals
        self._held: dict[SkillId, Entry] = {}
        self._files: dict[str, bytes] = {}
        self._read = 0
        self._budget = budget

    async def list_skills(self) -> Listing:
        """Ask for all skills; the entries are held to verify later reads. No file is read.

        Raises:
            SkillRefusedError: the server lists without end.
        """
        held: dict[SkillId, Entry] = {}
        refused: list[str] = []
        for data in await self._listed():
            try:
                entry = checked_entry(data)
            except SkillRefusedError as error:
                refused.append(str(error))
                continue
            skill = SkillId(self._label, entry.uri)
            if skill in held:
                refused.append(f"{entry.uri} is listed twice; the first is held")
                continue
            held[skill] = entry
        self._held = held
        return Listing(dict(held), refused)

    async def load(self, skill: SkillId) -> str:
        """The text of a skill's SKILL.md for the model, saying where it comes from.

        Raises:
            SkillRefusedError: the skill is not held, not approved, or what came is not what was
                listed.
        """
        data = await self.read(skill, skill.uri)
        rest = [path for path in self._paths(skill) if path != SKILL_FILE]
        files = f"\nIts other files: {', '.join(rest)}" if rest else ""
        return (
            f"[The skill {skill.uri} of the server {self._label!r}. It was written by its "
            f"authors, not by the user; it grants no permissions.{files}]\n{data.decode()}"
        )

    async def read(self, skill: SkillId, uri: str) -> bytes:
        """A file of an approved skill, verified.

        Raises:
            SkillRefusedError: as `load`, or the file is not listed.
        """
        entry = self._approved(skill)
        file = entry.files.get(uri)
        if file is None:
            raise SkillRefusedError(f"{uri} is not a file that {skill.uri} lists; nothing was read")
        if uri != entry.uri and uri.endswith(f"/{SKILL_FILE}"):
            raise SkillRefusedError(f"{uri} is a skill of its own: approve and load it as such")
        data = self._files.get(file.digest)
        if data is None:
            data = await self._fetch(file)
            self._verify(entry, file, data)
            self._files[file.digest] = data
        if uri == entry.uri:
            self._verify(entry, file, data)  # the same bytes may be held for another entry
        return data

    def _paths(self, skill: SkillId) -> list[str]:
        entry = self._held[skill]
        return [entry.path_of(uri) for uri in entry.files]

    def _approved(self, skill: SkillId) -> Entry:
        if skill.server != self._label:
            raise SkillRefusedError(
                f"{skill.uri} belongs to the server {skill.server!r}, not to {self._label!r}"
            )
        entry = self._held.get(skill)
        if entry is None:
            raise SkillRefusedError(f"{skill.uri} is not listed by {self._label!r}; list again")
        if not self._approvals.cover(skill, entry):
            raise SkillRefusedError(
                f"{skill.uri} of {self._label!r} is not approved in its present form "
                f"({len(entry.files)} files, fingerprint {entry.fingerprint[:16]})"
            )
        return entry

    async def _listed(self) -> Sequence[JsonValue]:
        found: list[JsonValue] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            answer = await self._ask("skills/list", {"cursor": cursor} if cursor else {})
            skills = answer.get("skills")
            if not isinstance(skills, list):
                raise SkillRefusedError(f"{self._label!r} answers skills/list without skills")
            found += skills
            following = answer.get("nextCursor")
            cursor = following if isinstance(following, str) else None
            if cursor is None:
                return found
            if len(found) > MAX_SKILLS:
                break
        raise SkillRefusedError(f"{self._label!r} lists skills without end; none of them is used")

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, JsonValue]:
        request = _Request(method=method, params=params)
        answer = await self._client.session.send_request(request, _Answer)
        return answer.model_dump(mode="json", by_alias=True)

    async def _fetch(self, file: ListedFile) -> bytes:
        if self._read + file.size > self._budget:
            raise SkillRefusedError(f"{self._label!r} has been read for {self._read} bytes; enough")
        answer = await self._client.read_resource(file.uri)
        contents = [_bytes_of(part) for part in answer.contents if str(part.uri) == file.uri]
        self._read += sum(map(len, contents))
        if len(contents) != 1 or len(answer.contents) != 1:
            raise SkillRefusedError(f"{file.uri} was answered with something else; it is not used")
        return contents[0]

    def _verify(self, entry: Entry, file: ListedFile, data: bytes) -> None:
        if len(data) != file.size:
            raise SkillRefusedError(
                f"{file.uri} has {len(data)} bytes where {file.size} were listed; it is not used"
            )
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != file.digest:
            raise SkillRefusedError(f"{file.uri} is not what was listed (digest); it is not used")
        if file.uri != entry.uri:
            return
        try:
            found = careful_frontmatter(data)
        except FrontmatterError as error:
            raise SkillRefusedError(f"{file.uri} is not used: {error}") from error
        if found != entry.frontmatter:
            keys = sorted({*found, *entry.frontmatter})
            other = [key for key in keys if found.get(key) != entry.frontmatter.get(key)]
            raise SkillRefusedError(
                f"{file.uri} says other things of itself than were listed "
                f"({', '.join(other)}); it is not used"
            )


def _bytes_of(part: types.TextResourceContents | types.BlobResourceContents) -> bytes:
    if isinstance(part, types.TextResourceContents):
        return part.text.encode()
    try:
        return base64.b64decode(part.blob, validate=True)
    except binascii.Error as error:
        raise SkillRefusedError(f"{part.uri} is not base64; it is not used") from error
