"""The agent behind the OpenAI chat API, for any chat client.

- `shapes`: requests and answers as they are on the wire
- `conversations`: which session a request belongs to
- `answering`: one turn as an answer, whole or in pieces
- `guard`: who may call, and by which names the server may be called
- `app`: the ASGI application; `server` runs it
"""
