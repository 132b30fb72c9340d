"""Skills for clients that know only tools: search, read a page, list the files."""

from typing import Any

from pydantic import Field

from mcp_servers._library import Library, similar
from mcp_servers._publication import SKILL_FILE, Published
from mcp_servers.toolkit import Arguments, Tool, ToolFailure
from mcp_servers.workspace import MAX_LINES, page


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
        lines = [f"- {skill.name}: {skill.description}" for skill in hits]
        return "\n".join([*lines, "Load one with skill_read."])

    async def read(arguments: ReadSkillArguments) -> str:
        text = _text(_find(library, arguments.name), arguments.path)
        return page(text, arguments.offset, arguments.limit, arguments.cursor).text

    async def files(arguments: SkillArguments) -> str:
        skill = _find(library, arguments.name)
        return "\n".join(f"{path} ({len(file.data)} bytes)" for path, file in skill.files.items())

    return [
        Tool("skills_search", "Find skills for a task by words.", SearchArguments, search, True),
        Tool(
            "skill_read", "Read a skill's SKILL.md or other file.", ReadSkillArguments, read, True
        ),
        Tool("skill_files", "List the files of a skill.", SkillArguments, files, True),
    ]


def _find(library: Library, name: str) -> Published:
    if name not in library:
        hint = similar(name, library.names) or "; find one with skills_search"
        raise ToolFailure(f"there is no skill {name!r}{hint}")
    return library[name]


def _text(skill: Published, path: str) -> str:
    if path not in skill.files:
        hint = similar(path, list(skill.files)) or "; skill_files lists what there is"
        raise ToolFailure(f"the skill {skill.name} has no file {path!r}{hint}")
    data = skill.files[path].data
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ToolFailure(
            f"{path} of {skill.name} is not text ({len(data)} bytes); "
            f"read the resource {skill.uri_of(path)} for its bytes"
        ) from error
