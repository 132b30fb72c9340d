"""Skills for clients that know only tools: search, read a page, list the files."""

from typing import Any

from pydantic import Field

from mcp_servers.pages import MAX_LINES, page
from mcp_servers.skills.library import Library, Offer, similar
from mcp_servers.skills.marking import marked, one_line
from mcp_servers.skills.publication import SKILL_FILE
from mcp_servers.toolkit import Arguments, Tool, ToolFailure


class SearchArguments(Arguments):
    """What to look for."""

    query: str = Field(description="A few words about the work to be done.")
    limit: int = Field(10, ge=1, le=50, description="How many skills to show at most.")


class SkillArguments(Arguments):
    """Which skill."""

    name: str = Field(description="Name of the skill.")


class ReadSkillArguments(SkillArguments):
    """Which file of a skill, and where to start."""

    path: str = Field(SKILL_FILE, description="File in the skill's folder.")
    offset: int = Field(1, ge=1, description="First line to show, counted from 1.")
    limit: int = Field(MAX_LINES, ge=1, description="How many lines to show at most.")
    cursor: int = Field(0, ge=0, description="Characters to skip in the first line shown.")


def skill_tools(library: Library) -> list[Tool[Any]]:
    """`skills_search`, `skill_read` and `skill_files`, all read-only."""

    async def search(arguments: SearchArguments) -> str:
        hits = library.search(arguments.query, arguments.limit)
        if not hits:
            return (
                f"No skill matches {arguments.query!r}. Try fewer or more general words; "
                f"there are {len(library)} skills."
            )
        lines = [f"- {one_line(offer)}" for offer in hits]
        return "\n".join([*lines, "Load one with skill_read."])

    async def read(arguments: ReadSkillArguments) -> str:
        offer = _find(library, arguments.name)
        shown = page(
            _text(library, offer, arguments.path),
            arguments.offset,
            arguments.limit,
            arguments.cursor,
        )
        if offer.origin.trusted or not shown.body:
            return shown.text
        return f"{marked(offer, shown.body)}\n{shown.notice}".rstrip("\n")

    async def files(arguments: SkillArguments) -> str:
        view = _find(library, arguments.name).view
        return "\n".join(f"{path} ({file.size} bytes)" for path, file in view.files.items())

    return [
        Tool("skills_search", "Find skills for a task by words.", SearchArguments, search, True),
        Tool(
            "skill_read", "Read a skill's SKILL.md or other file.", ReadSkillArguments, read, True
        ),
        Tool("skill_files", "List the files of a skill.", SkillArguments, files, True),
    ]


def _find(library: Library, name: str) -> Offer:
    offer = library.find(name)
    if offer is None:
        hint = similar(name, library.names()) or "; find one with skills_search"
        raise ToolFailure(f"there is no skill {name!r}{hint}")
    return offer


def _text(library: Library, offer: Offer, path: str) -> str:
    view = offer.view
    if path not in view.files:
        hint = similar(path, list(view.files)) or "; skill_files lists what there is"
        raise ToolFailure(f"the skill {view.name} has no file {path!r}{hint}")
    data = library.read(offer, path)
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ToolFailure(
            f"{path} of {view.name} is not text ({len(data)} bytes); "
            f"read the resource {view.uri_of(path)} for its bytes"
        ) from error
