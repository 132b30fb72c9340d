"""What the model is shown: the prompt, what fits into its window, and what is moved out of it.

- `bootstrap`: the files that a workspace tells its agent about itself with
- `prompt`: the system prompt, made once a session
- `tokens`: how long a conversation is
- `identifiers`, `transcript`, `compaction`: a shorter conversation that still names things exactly
- `notes`: the tool that adds to today's memory note
- `offload`: large results, moved to files

Each is a part of `graph_agents.parts` and works alone; take what you need from its module.
"""
