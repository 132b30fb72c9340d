"""The agent in a terminal, and wherever its events are shown.

- `printable`: texts of models and tools, so that they cannot steer the terminal
- `render`: events as lines; `tally`: what a session has taken
- `keys`, `editor`: from bytes to an edited line
- `front`: what a conversation needs of wherever it is held; `screen` is a terminal, `plain` any
  pair of streams, `lines` a program that reads JSON
- `asking`: approvals, asked in place; `slash`: the commands that begin with `/`
- `chat`: the conversation
"""
