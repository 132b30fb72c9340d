"""The skills server: one catalogue on four surfaces, so that any MCP client can use it.

- SEP-2640 methods `skills/list`, `skills/get`, `resources/directory/read` (extension
  `io.modelcontextprotocol/skills`), with a digest of every file;
- resources `skill://NAME/PATH`, listed page by page (one SKILL.md a skill) and readable one by one;
- tools `skills_search`, `skill_read`, `skill_files`;
- a prompt for every skill that a person may start by name.

All four show the *publication view* of a skill: verbatim where the skill is conformant, else with a
rendered frontmatter; `_publication.py` says exactly when. A skill is read when it is first asked
for; changes in the catalogue show after a restart.
"""

import base64
import mimetypes
import posixpath
from collections.abc import Sequence
from importlib.resources import files as package_files
from string import Template
from typing import Any

from mcp import types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from pydantic import JsonValue

from mcp_servers._library import Library, SkillSource
from mcp_servers._publication import SCHEME, SKILL_FILE, Published
from mcp_servers._skill_tools import skill_tools
from mcp_servers.server import Context, invalid_params, paged, tool_server

EXTENSION = "io.modelcontextprotocol/skills"
_FRESH = CacheHint(ttl_ms=60_000, scope="public")
_DIRECTORY = "inode/directory"
_LISTED_CHARACTERS = 1_200
"""Room for names in the instructions, which some clients put into every prompt."""


class _UriParams(types.RequestParams):
    uri: str


class _DirectoryParams(types.PaginatedRequestParams):
    uri: str


def skills_server(catalogue: SkillSource, *, names: Sequence[str] | None = None) -> Server[Any]:
    """A server of the skills in `catalogue`, or of those in `names`.

    Raises:
        UsageError: a name is not in the catalogue.
    """
    library = Library(catalogue, names)
    server = tool_server(
        "clawgym-skills", skill_tools(library), instructions=_instructions(library)
    )
    _serve_methods(server, library)
    _serve_resources(server, library)
    _serve_prompts(server, library)
    return server


def _serve_methods(server: Server[Any], library: Library) -> None:
    async def list_skills(_: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        names, following = paged(library.names, params)
        entries: list[JsonValue] = [skill.entry for skill in library.conformant(names)]
        return _answer({"skills": entries}, following)

    async def get_skill(_: Context, params: _UriParams) -> dict[str, Any]:
        skill = library.of_uri(params.uri)
        if skill is None or skill.uri != params.uri or not skill.conformant:
            raise invalid_params(f"no skill is served at {params.uri}", {"uri": params.uri})
        return _answer({"skill": skill.entry})

    async def read_directory(_: Context, params: _DirectoryParams) -> dict[str, Any]:
        children, following = paged(_children(library, params.uri), params)
        resources: list[JsonValue] = [
            child.model_dump(mode="json", by_alias=True, exclude_none=True) for child in children
        ]
        return _answer({"resources": resources}, following)

    server.extensions[EXTENSION] = {"directoryRead": True}
    server.add_request_handler("skills/list", types.PaginatedRequestParams, list_skills)
    server.add_request_handler("skills/get", _UriParams, get_skill)
    server.add_request_handler("resources/directory/read", _DirectoryParams, read_directory)


def _serve_resources(server: Server[Any], library: Library) -> None:
    async def list_resources(
        _: Context, params: types.PaginatedRequestParams
    ) -> types.ListResourcesResult:
        names, following = paged(library.names, params)
        resources = [_skill_resource(library[name]) for name in names]
        return types.ListResourcesResult(resources=resources, next_cursor=following)

    async def list_templates(
        _: Context, params: types.PaginatedRequestParams
    ) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            name="skill file",
            uri_template=f"{SCHEME}{{name}}/{{+path}}",
            description="A file of a skill; its SKILL.md says which there are.",
        )
        templates, following = paged([template], params)
        return types.ListResourceTemplatesResult(
            resource_templates=templates, next_cursor=following
        )

    async def read(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return types.ReadResourceResult(contents=[_contents(library, params.uri)])

    listing = types.PaginatedRequestParams
    server.add_request_handler("resources/list", listing, list_resources)
    server.add_request_handler("resources/templates/list", listing, list_templates)
    server.add_request_handler("resources/read", types.ReadResourceRequestParams, read)
    server.cache_hints |= {"resources/list": _FRESH, "resources/read": _FRESH}


def _serve_prompts(server: Server[Any], library: Library) -> None:
    async def list_prompts(
        _: Context, params: types.PaginatedRequestParams
    ) -> types.ListPromptsResult:
        names, following = paged(library.names, params)
        prompts = [_prompt(library[name]) for name in names if library[name].user_invocable]
        return types.ListPromptsResult(prompts=prompts, next_cursor=following)

    async def get_prompt(_: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        if params.name not in library or not library[params.name].user_invocable:
            raise invalid_params(f"there is no prompt {params.name!r}")
        skill = library[params.name]
        text = _prompt_text(skill, (params.arguments or {}).get("request", ""))
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=skill.description, messages=[message])

    server.add_request_handler("prompts/list", types.PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", types.GetPromptRequestParams, get_prompt)
    server.cache_hints |= {"prompts/list": _FRESH}


def _answer(content: dict[str, JsonValue], following: str | None = None) -> dict[str, Any]:
    cursor = {"nextCursor": following} if following else {}
    fresh = {"ttlMs": _FRESH.ttl_ms, "cacheScope": _FRESH.scope}
    return {"resultType": "complete", **content, **cursor, **fresh}


def _skill_resource(skill: Published) -> types.Resource:
    return types.Resource(
        uri=skill.uri,
        name=skill.name,
        description=skill.description,
        mime_type="text/markdown",
        size=len(skill.files[SKILL_FILE].data),
    )


def _children(library: Library, uri: str) -> list[types.Resource]:
    skill = library.of_uri(uri)
    folder = _folder(skill, uri) if skill else None
    if skill is None or folder is None:
        raise invalid_params(f"{uri} is not a directory of a skill", {"uri": uri})
    below = [path.removeprefix(folder) for path in skill.files if path.startswith(folder)]
    names = dict.fromkeys(path.partition("/")[0] for path in below)
    return [_child(skill, folder + name) for name in names]


def _folder(skill: Published, uri: str) -> str | None:
    """The directory that `uri` names, ending in `/`; the skill's own is the empty string."""
    folders = {f"{posixpath.dirname(path)}/" for path in skill.files if "/" in path}
    ancestors = {folder[: at + 1] for folder in folders for at, c in enumerate(folder) if c == "/"}
    uris = {skill.root: "", **{skill.uri_of(folder[:-1]): folder for folder in ancestors}}
    return uris.get(uri)


def _child(skill: Published, path: str) -> types.Resource:
    if path == SKILL_FILE:
        return _skill_resource(skill)
    name = posixpath.basename(path)
    if path not in skill.files:
        return types.Resource(uri=skill.uri_of(path), name=name, mime_type=_DIRECTORY)
    data = skill.files[path].data
    return types.Resource(
        uri=skill.uri_of(path), name=name, mime_type=_media_type(path, data), size=len(data)
    )


def _contents(
    library: Library, uri: str
) -> types.TextResourceContents | types.BlobResourceContents:
    skill = library.of_uri(uri)
    path = (
        next((path for path in skill.files if skill.uri_of(path) == uri), None) if skill else None
    )
    if skill is None or path is None:
        raise invalid_params(f"no file of a skill is served at {uri}", {"uri": uri})
    data = skill.files[path].data
    kind = _media_type(path, data)
    if (text := _decoded(data)) is not None:
        return types.TextResourceContents(uri=uri, mime_type=kind, text=text)
    blob = base64.b64encode(data).decode()
    return types.BlobResourceContents(uri=uri, mime_type=kind, blob=blob)


def _media_type(path: str, data: bytes) -> str:
    if path.endswith(".md"):
        return "text/markdown"
    fallback = "application/octet-stream" if _decoded(data) is None else "text/plain"
    return mimetypes.guess_type(path)[0] or fallback


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _prompt(skill: Published) -> types.Prompt:
    request = types.PromptArgument(name="request", description="What to do with the skill.")
    return types.Prompt(name=skill.name, description=skill.description, arguments=[request])


def _prompt_text(skill: Published, request: str) -> str:
    others = [f"- {path}" for path in skill.files if path != SKILL_FILE]
    return _template("skill_prompt.txt").substitute(
        name=skill.name,
        uri=skill.uri,
        request=request or "(ask what is wanted if it is not clear by now)",
        text=skill.files[SKILL_FILE].data.decode("utf-8-sig", errors="replace").strip(),
        others="\n".join(others) or "(none)",
    )


def _instructions(library: Library) -> str:
    listing = ""
    for count, name in enumerate(library.names):
        if len(listing) + len(name) > _LISTED_CHARACTERS:
            listing += f", and {len(library) - count} more: find them with skills_search"
            break
        listing += f", {name}" if listing else f"The skills: {name}"
    text = _template("skills_instructions.txt")
    return text.substitute(count=len(library), listing=listing).strip()


def _template(name: str) -> Template:
    return Template(package_files("mcp_servers").joinpath(name).read_text(encoding="utf-8"))
