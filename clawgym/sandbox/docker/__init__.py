"""Boxes that are Docker containers.

`backend` makes them and says what works here, `box` is one of them, `image` builds the image
without a registry, `garbage` removes what killed harnesses left. `agent` and what it imports are
sent into the container; `channel` and `wire` are the conversation with it.
"""
