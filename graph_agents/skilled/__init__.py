"""Skills in use by an agent: which are offered, which are read, and what a person agreed to.

- `sources`: where skills come from: a catalogue, the bundled ones, OpenClaw's folders
- `shelf`: what of them a sandbox can see
- `trust`: what a person agreed to, by the digest of the files
- `mentions`: which skills a message or a call speaks of
- `listing`: what the prompt offers
- `skillset`: all of it for an agent, a `graph_agents.parts.SkillBook`
- `opening`: a box with a shelf in it
- `deepagents_backend`: the same skills for a deepagents agent

Take what you need from its module.
"""
