"""MCP servers: skills and a sandboxed workspace for any MCP client.

- `toolkit`: what a tool is; the LangGraph agent binds the same objects
- `workspace`: the tools `read write edit exec` over a sandbox
- `server`: our layer over the low-level MCP server
- `skills`: the skills server, on four surfaces
- `workspace_server`: the workspace server over one directory
- `cli`: `clawgym mcp`
"""
