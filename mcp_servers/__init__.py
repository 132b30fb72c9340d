"""MCP servers: skills and a sandboxed workspace for any MCP client.

- `toolkit`: what a tool is; the LangGraph agent binds the same objects
- `pages`: a page of a long text
- `workspace`: OpenClaw's tools for files and commands, over a sandbox
- `server`: our layer over the low-level MCP server
- `skills`: the skills server, on four surfaces
- `workspace_server`: the workspace server over one directory; `mounted_skills`, `scripts` beside it
- `public_names`: what clients call a skill
- `host`: the tools and skills of any server, for an agent of ours
- `clients`: setting up MCP clients
- `http`: who may call over HTTP
- `cli`: `clawgym mcp`; the options about HTTP in `_http_cli`
"""
