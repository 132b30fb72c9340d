"""Setting up MCP clients, so that people need not edit their files by hand.

- `launch`: the commands that start our servers
- `settings`: which client keeps its servers in which file, and in what shape
- `jsonc`, `toml`: changing one entry of a file and nothing else in it
- `install`: planning a change, showing it, making it with a backup
- `doctor`: starting what is configured, exactly as the client would
- `publication`: `server.json` for the MCP registry, and a bundle for one-click installs
- `commands`: `clawgym mcp install`, `doctor` and `bundle`
"""
