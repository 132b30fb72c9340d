"""Control: what keeps an agent within what its user wants.

- `policy.py`: which calls are allowed, asked about or denied. `commands.py` takes shell commands
  apart for it, `touched.py` says which paths a call names, `policies/` holds the ones that come
  with us
- `approvals.py`: what the user has answered so far
- `spending.py`: limits on tokens, money, time and tool calls
- `loops.py`: notices that the agent goes round in circles
- `redaction.py`: keeps secrets out of prompts, transcripts and events
- `undoing.py`: the way back from a turn. `snapshots.py` keeps the workspace before it and what it
  changed, `scanning.py` reads workspaces, `reversing.py` decides what an undo puts back,
  `replacing.py` does it
- `steady.py`: a model that retries, and gives way to the next one; `overflow.py` knows when the
  conversation is at fault
"""
