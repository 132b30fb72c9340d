"""Skills as resources: a page of SKILL.md files, any file by its URI, and help with typing it."""

import base64
import mimetypes
from typing import Any

from mcp import types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import JsonValue

from mcp_servers.server import Context, after_cursor, cursor_after, invalid_params, paged
from mcp_servers.skills.library import Library
from mcp_servers.skills.publication import SCHEME
from mcp_servers.skills.stock import DamagedSkillError

TEMPLATE = f"{SCHEME}{{name}}/{{+path}}"
_COMPLETIONS = 100


def serve_resources(server: Server[Any], library: Library) -> None:
    """Add the resources and their template to a server."""

    async def list_resources(_: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        resources, following = library.page("resource", after_cursor(params))
        return listing("resources", resources, cursor_after(following))

    async def list_templates(
        _: Context, params: types.PaginatedRequestParams
    ) -> types.ListResourceTemplatesResult:
        template = types.ResourceTemplate(
            name="skill file",
            uri_template=TEMPLATE,
            description="A file of a skill; its SKILL.md says which there are.",
        )
        templates, following = paged([template], params)
        return types.ListResourceTemplatesResult(
            resource_templates=templates, next_cursor=following
        )

    async def read(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return types.ReadResourceResult(contents=[_contents(library, params.uri)])

    async def complete(_: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
        values = _completions(library, params)
        shown = values[:_COMPLETIONS]
        return types.CompleteResult(
            completion=types.Completion(
                values=shown, total=len(values), has_more=len(values) > len(shown)
            )
        )

    pages = types.PaginatedRequestParams
    server.add_request_handler("resources/list", pages, list_resources)
    server.add_request_handler("resources/templates/list", pages, list_templates)
    server.add_request_handler("resources/read", types.ReadResourceRequestParams, read)
    server.add_request_handler("completion/complete", types.CompleteRequestParams, complete)


def listing(kind: str, items: list[JsonValue], following: str | None) -> dict[str, Any]:
    """The result of a list method of the protocol."""
    cursor = {"nextCursor": following} if following else {}
    return {"resultType": "complete", kind: items, **cursor}


def media_type(path: str, data: bytes) -> str:
    """The MIME type of a file."""
    if path.endswith(".md"):
        return "text/markdown"
    fallback = "application/octet-stream" if _decoded(data) is None else "text/plain"
    return mimetypes.guess_type(path)[0] or fallback


def _contents(
    library: Library, uri: str
) -> types.TextResourceContents | types.BlobResourceContents:
    offer = library.of_uri(uri)
    paths = offer.view.files if offer else ()
    path = next((path for path in paths if offer and offer.view.uri_of(path) == uri), None)
    if offer is None or path is None:
        raise invalid_params(f"no file of a skill is served at {uri}", {"uri": uri})
    try:
        data = library.read(offer, path)
    except DamagedSkillError as error:
        raise MCPError(types.INTERNAL_ERROR, str(error), {"uri": uri}) from error
    kind = media_type(path, data)
    if (text := _decoded(data)) is not None:
        return types.TextResourceContents(uri=uri, mime_type=kind, text=text)
    blob = base64.b64encode(data).decode()
    return types.BlobResourceContents(uri=uri, mime_type=kind, blob=blob)


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _completions(library: Library, params: types.CompleteRequestParams) -> list[str]:
    """What may stand for an argument of the template; nothing for anything else."""
    if not isinstance(params.ref, types.ResourceTemplateReference) or params.ref.uri != TEMPLATE:
        return []
    typed = params.argument.value
    if params.argument.name == "name":
        return library.names(typed)
    known = (params.context and params.context.arguments) or {}
    offer = library.find(known.get("name", ""))
    return [path for path in offer.view.files if path.startswith(typed)] if offer else []
