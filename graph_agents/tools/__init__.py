"""Tools of the agent itself, beside those of its workspace.

- `progress_card`: a plan that people can watch
- `family`, `subagents`: children with a conversation of their own
- `server_config`, `servers`: tools of MCP servers that the user lists

Take what you need from its module.
"""
