"""The workspace tools: what an agent does to the files of a sandbox, and what it runs there.

Names, parameters and limits are OpenClaw's, so that trajectories transfer; the words are ours. The
same `Tool` objects are bound by the LangGraph agent and served over MCP.

- `read`: `_read.py`, which pages text by `mcp_servers.pages`
- `write`: `_write.py`
- `edit`: `_edit.py`, on a text of `_document.py` searched by `_search.py`
- `apply_patch`: `_apply_patch.py`, of the format in `_patch.py`, fitted by `_hunks.py`
- `exec` and `process`: `_exec.py`, `_process.py` over the sessions of `_sessions.py`, whose
  commands are attended to by `inside/`; keys by `_keys.py`
- `memory_search`, `memory_get`: `_memory.py`
- `web_fetch`: `_web_fetch.py` over `_web_request.py`; only where the user turns it on
- what a path may name: `_places.py`
"""

from mcp_servers.workspace._exec import SUCCEEDED
from mcp_servers.workspace._places import SKILLS, in_workspace
from mcp_servers.workspace._tools import workspace_tools
from mcp_servers.workspace._web_fetch import web_fetch_tool

__all__ = [
    "SKILLS",
    "SUCCEEDED",
    "in_workspace",
    "web_fetch_tool",
    "workspace_tools",
]
