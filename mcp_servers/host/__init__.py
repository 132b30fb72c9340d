"""The other side of MCP: using the tools and the skills of any server.

- `tools`: a server's tools as LangChain tools, over one session that stays open
- `skills`: a server's skills by the host rules of SEP-2640: nothing is read before it is wanted,
  nothing is used that was not approved and verified
- `entries`: what a server lists, checked before any of it is believed
- `skill_yaml`: frontmatter as a careful host reads it
- `conformance`: the program that the official suite runs against `skills`
"""
