"""A prompt for every skill that a person may start by its name."""

from importlib.resources import files
from string import Template
from typing import Any

from mcp import types
from mcp.server.lowlevel import Server

from mcp_servers.server import Context, after_cursor, cursor_after, invalid_params
from mcp_servers.skills.library import Library, Offer
from mcp_servers.skills.marking import marked
from mcp_servers.skills.publication import SKILL_FILE
from mcp_servers.skills.resources import listing


def serve_prompts(server: Server[Any], library: Library) -> None:
    """Add the prompts to a server."""

    async def list_prompts(_: Context, params: types.PaginatedRequestParams) -> dict[str, Any]:
        prompts, following = library.page("prompt", after_cursor(params))
        return listing("prompts", prompts, cursor_after(following))

    async def get_prompt(_: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        offer = library.find(params.name)
        if offer is None or not offer.stocked.user_invocable:
            raise invalid_params(f"there is no prompt {params.name!r}")
        text = _text(library, offer, (params.arguments or {}).get("request", ""))
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=offer.view.description, messages=[message])

    server.add_request_handler("prompts/list", types.PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", types.GetPromptRequestParams, get_prompt)


def _text(library: Library, offer: Offer, request: str) -> str:
    written = library.read(offer, SKILL_FILE).decode("utf-8-sig", errors="replace").strip()
    others = [f"- {path}" for path in offer.view.files if path != SKILL_FILE]
    template = files("mcp_servers.skills").joinpath("prompt.txt").read_text(encoding="utf-8")
    return Template(template).substitute(
        name=offer.view.name,
        uri=offer.view.uri,
        origin=offer.origin.label,
        request=request or "(ask what is wanted if it is not clear by now)",
        text=marked(offer, written),
        others="\n".join(others) or "(none)",
    )
