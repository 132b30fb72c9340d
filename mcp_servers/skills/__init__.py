"""The skills server: one catalogue on four surfaces, so that any MCP client can use it.

- `methods`: SEP-2640 `skills/list`, `skills/get`, `resources/directory/read` (extension
  `io.modelcontextprotocol/skills`), with a digest of every file
- `resources`: `skill://NAME/PATH`, listed page by page (one SKILL.md a skill), readable one by one
- `tools`: `skills_search`, `skill_read`, `skill_files`
- `prompts`: one for every skill that a person may start by name
- `serving`: the four together, and what clients are told when the catalogue changes

All four show the *publication view* of a skill (`publication`): verbatim where the skill is
conformant, else with a rendered frontmatter. `library` holds what is on offer, `stock` reads the
catalogue, `marking` says in whose name a text speaks.
"""

from mcp_servers.skills.methods import EXTENSION
from mcp_servers.skills.serving import skills_server
from mcp_servers.skills.stock import Selection

__all__ = ["EXTENSION", "Selection", "skills_server"]
