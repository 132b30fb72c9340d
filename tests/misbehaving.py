"""A server on loopback that answers with exactly the bytes that a test wants."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Sequence


def response(
    status: str, body: str, content_type: str = "application/json", headers: str = ""
) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{headers}"
        f"Content-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n{body}"
    ).encode()


NOT_FOUND = response("404 Not Found", "{}")


def completion(content: str = "fine") -> bytes:
    message = {"role": "assistant", "content": content}
    return response(
        "200 OK", json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]})
    )


def events(*data: str) -> bytes:
    return response("200 OK", "".join(f"data: {d}\n\n" for d in data), "text/event-stream")


def cut_stream(*data: str) -> bytes:
    """Announces more than it sends, then hangs up."""
    return events(*data).replace(b"Content-Length: ", b"Content-Length: 9")


@contextlib.asynccontextmanager
async def answering(answers: Sequence[bytes], models: bytes = NOT_FOUND) -> AsyncGenerator[str]:
    """The base URL of a server that gives each request the next answer, the last one for ever.

    Who looks at the list of models gets `models`.
    """
    left = list(answers)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /v1/models "):
            writer.write(models)
            writer.close()
            return
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        await reader.readexactly(length)
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()
