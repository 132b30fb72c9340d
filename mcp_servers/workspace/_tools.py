"""The tools over one sandbox."""

import asyncio
from typing import Any

from clawgym.sandbox.protocol import Sandbox
from mcp_servers.toolkit import Tool
from mcp_servers.workspace._apply_patch import patch_tool
from mcp_servers.workspace._edit import edit_tool
from mcp_servers.workspace._exec import exec_tool
from mcp_servers.workspace._memory import memory_tools
from mcp_servers.workspace._process import process_tool
from mcp_servers.workspace._read import read_tool
from mcp_servers.workspace._sessions import Sessions
from mcp_servers.workspace._write import write_tool


def workspace_tools(sandbox: Sandbox) -> list[Tool[Any]]:
    """OpenClaw's tools for files and commands, on the workspace of `sandbox`.

    Paths are relative to the workspace, or absolute below it as a command inside would say them.
    `read` also opens the files of the mount `skills`. A change to a file waits for the one before
    it, so parallel edits of one file are all kept. Commands in the background live until they are
    killed or the box is closed.
    """
    changes = asyncio.Lock()
    sessions = Sessions(sandbox)
    return [
        read_tool(sandbox),
        write_tool(sandbox, changes),
        edit_tool(sandbox, changes),
        patch_tool(sandbox, changes),
        exec_tool(sandbox, sessions),
        process_tool(sessions),
        *memory_tools(sandbox),
    ]
