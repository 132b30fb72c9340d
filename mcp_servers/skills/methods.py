"""The methods of SEP-2640: `skills/list`, `skills/get`, `resources/directory/read`."""

import posixpath
from typing import Any

from mcp import types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from pydantic import JsonValue

from mcp_servers.server import Context, after_cursor, cursor_after, invalid_params, paged
from mcp_servers.skills.library import Library, Offer
from mcp_servers.skills.publication import SKILL_FILE
from mcp_servers.skills.resources import media_type

EXTENSION = "io.modelcontextprotocol/skills"
FRESH = CacheHint(ttl_ms=60_000, scope="public")
_DIRECTORY = "inode/directory"


class _UriParams(types.RequestParams):
    uri: str


class _DirectoryParams(types.PaginatedRequestParams):
    uri: str


def serve_methods(server: Server[Any], library: Library) -> None:
    """Add the extension to a server."""

    async def list_skills(_: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        entries, following = library.page("entry", after_cursor(params))
        return _answer({"skills": entries}, cursor_after(following))

    async def get_skill(_: Context, params: _UriParams) -> dict[str, Any]:
        offer = library.of_uri(params.uri)
        if offer is None or offer.view.uri != params.uri or not offer.view.conformant:
            raise invalid_params(f"no skill is served at {params.uri}", {"uri": params.uri})
        return _answer({"skill": offer.view.entry})

    async def read_directory(_: Context, params: _DirectoryParams) -> dict[str, Any]:
        children, following = paged(_children(library, params.uri), params)
        return _answer({"resources": children}, following)

    server.extensions[EXTENSION] = {"directoryRead": True}
    server.add_request_handler("skills/list", types.PaginatedRequestParams, list_skills)
    server.add_request_handler("skills/get", _UriParams, get_skill)
    server.add_request_handler("resources/directory/read", _DirectoryParams, read_directory)


def _answer(content: dict[str, JsonValue], following: str | None = None) -> dict[str, Any]:
    cursor = {"nextCursor": following} if following else {}
    fresh = {"ttlMs": FRESH.ttl_ms, "cacheScope": FRESH.scope}
    return {"resultType": "complete", **content, **cursor, **fresh}


def _children(library: Library, uri: str) -> list[JsonValue]:
    offer = library.of_uri(uri)
    folder = _folder(offer, uri) if offer else None
    if offer is None or folder is None:
        raise invalid_params(f"{uri} is not a directory of a skill", {"uri": uri})
    paths = offer.view.files
    below = [path.removeprefix(folder) for path in paths if path.startswith(folder)]
    names = dict.fromkeys(path.partition("/")[0] for path in below)
    return [_child(library, offer, folder + name) for name in names]


def _folder(offer: Offer, uri: str) -> str | None:
    """The directory that `uri` names, ending in `/`; the skill's own is the empty string."""
    view = offer.view
    folders = {f"{posixpath.dirname(path)}/" for path in view.files if "/" in path}
    ancestors = {folder[: at + 1] for folder in folders for at, c in enumerate(folder) if c == "/"}
    uris = {view.root: "", **{view.uri_of(folder[:-1]): folder for folder in ancestors}}
    return uris.get(uri)


def _child(library: Library, offer: Offer, path: str) -> JsonValue:
    if path == SKILL_FILE:
        return offer.resource
    uri, name = offer.view.uri_of(path), posixpath.basename(path)
    if path not in offer.view.files:
        return {"uri": uri, "name": name, "mimeType": _DIRECTORY}
    kind = media_type(path, library.read(offer, path))
    return {"uri": uri, "name": name, "mimeType": kind, "size": offer.view.files[path].size}
