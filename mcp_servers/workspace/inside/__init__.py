"""Two programs that run inside a box, beside the commands of `exec` and `process`.

- `attend`: runs one command, keeps the end of its output, answers questions on a socket
- `ask`: puts one question to it

Standard library only, Python 3.9 or newer. What they say is the box's word, and is believed about
the box alone: whatever runs in there could say it in their place.
"""
