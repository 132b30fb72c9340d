"""The same tool on FastMCP; with a number, that many resources besides."""

import sys

from fastmcp import FastMCP
from fastmcp.resources import TextResource

server = FastMCP("fastmcp")


@server.tool
def echo(text: str) -> str:
    """Say it again."""
    return text


for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 0):
    uri = f"skill://skill-{number}/SKILL.md"
    server.add_resource(TextResource(uri=uri, name=f"skill-{number}", text="# Skill"))

server.run(show_banner=False)
