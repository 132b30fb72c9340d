"""The workspace tools `read write edit exec`: what an agent does to the files of a sandbox.

Names, parameters and limits are OpenClaw's, so that trajectories transfer; the words are ours. The
same four `Tool` objects are bound by the LangGraph agent and served over MCP.

- `read`: `_read.py`, which pages text by `_pages.py`
- `write`: `_write.py`
- `edit`: `_edit.py`, on a text of `_document.py` searched by `_search.py`
- `exec`: `_exec.py`
- what a path may name: `_places.py`
"""

from mcp_servers.workspace._exec import SUCCEEDED
from mcp_servers.workspace._pages import MAX_BYTES, MAX_LINES, Page, page
from mcp_servers.workspace._tools import workspace_tools

__all__ = ["MAX_BYTES", "MAX_LINES", "SUCCEEDED", "Page", "page", "workspace_tools"]
