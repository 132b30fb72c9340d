"""A model endpoint that answers at once: a tool call until a client had enough of them.

The bearer key is `NAME:STEPS:DELAY`; each key counts for itself. Prints its port, then serves until
its standard input ends. It parses no request, so that its own time is small and the same for all.
"""

import asyncio
import json
import sys
from collections import Counter

served: Counter[str] = Counter()


def answer(key: str) -> bytes:
    steps = int(key.split(":")[1])
    served[key] += 1
    number = served[key]
    message: dict[str, object] = {"role": "assistant", "content": "I look further. " * 12}
    if number <= steps:
        function = {"name": "look", "arguments": json.dumps({"number": number})}
        message["tool_calls"] = [{"id": f"c{number}", "type": "function", "function": function}]
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": "tool_calls" if number <= steps else "stop",
    }
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }
    return json.dumps(body).encode()


async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            await reader.readexactly(int(headers.get("content-length", "0")))
            key = headers["authorization"].removeprefix("bearer ")
            await asyncio.sleep(float(key.split(":")[2]))
            body = answer(key)
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: "
                + str(len(body)).encode()
                + b"\r\n\r\n"
                + body
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
