"""A model endpoint on this machine that follows a script, for agents that would ask a real one.

    with scripted_endpoint(plan) as endpoint:
        ...  # point the agent at endpoint.url

The script is a list of tool calls. Whenever the agent asks, the next call is made, by the name
under which the agent offers the tool; at the end comes a closing text. An agent that hides its
tools behind a search is asked to search first, in the words that a model would use. A request
that offers none of this (for a title, a classification) is answered with a word.
"""

import json
import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.mcp_servers.real_clients.dialects import Json, Reply, Turn, dialect_of, encoded

CLOSING = "The scripted work is done."
SEARCH, CALL = "tool_search", "tool_call"
"""How agents that hide their tools name the two that find and call one."""


@dataclass(frozen=True)
class PlannedCall:
    """A tool of one of our servers, the words to find it by, and its arguments.

    Without a server it is a tool of the agent's own. The arguments follow from what the calls of
    the plan before it answered.
    """

    server: str
    tool: str
    words: str
    arguments: Callable[[Sequence[str]], Json]


@dataclass
class Endpoint:
    """What the agent asked: the tools it offered, the results that it sent, what else it said."""

    plan: Sequence[PlannedCall]
    url: str = ""
    offered: set[str] = field(default_factory=set[str])
    called: list[str] = field(default_factory=list[str])
    searched: list[int] = field(default_factory=list[int])
    results: tuple[str, ...] = ()
    prompt: str = ""
    requests: list[str] = field(default_factory=list[str])
    lock: Lock = field(default_factory=Lock)

    def reply(self, turn: Turn) -> Reply:
        """The next call, or the text that ends the work."""
        if SEARCH not in turn.tools and not any(
            ours(name, call) for name in turn.tools for call in self.plan
        ):
            return Reply("ok")
        self.offered.update(turn.tools)
        found = turn.results[-1] if turn.results and len(turn.results) - 1 in self.searched else ""
        self.results = tuple(
            result for number, result in enumerate(turn.results) if number not in self.searched
        )
        if len(self.results) >= len(self.plan):
            return Reply(CLOSING)
        return self._next(turn, self.plan[len(self.results)], found)

    def _next(self, turn: Turn, call: PlannedCall, found: str) -> Reply:
        arguments = call.arguments(self.results)
        for name in turn.tools:
            if ours(name, call):
                self.called.append(name)
                return Reply(tool=name, arguments=arguments)
        for name in re.findall(r"[\w-]+", found):
            if ours(name, call) and CALL in turn.tools:
                self.called.append(f"{CALL}: {name}")
                named, given = turn.tools[CALL]
                return Reply(tool=CALL, arguments={named: name, given: arguments})
        if SEARCH not in turn.tools or found:
            return Reply(f"There is no tool {call.tool} of {call.server}: {found[:200]}")
        self.called.append(f"{SEARCH}: {call.words}")
        self.searched.append(len(turn.results))
        return Reply(tool=SEARCH, arguments={"query": call.words})


def ours(name: str, call: PlannedCall) -> bool:
    """Whether an agent's name for a tool, such as `mcp__clawgym-skills__skill_read`, means it."""
    return _plain(name).endswith(_plain(f"{call.server} {call.tool}").strip("_"))


@contextmanager
def scripted_endpoint(plan: Sequence[PlannedCall]) -> Generator[Endpoint]:
    """Serve the plan on 127.0.0.1 until the block ends."""
    endpoint = Endpoint(plan)

    class Handler(_Handler):
        told = endpoint

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        endpoint.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    told: Endpoint

    def do_HEAD(self) -> None:
        self._answer("application/json", b"")

    def do_GET(self) -> None:
        model = {"id": "scripted", "object": "model", "created": 1, "owned_by": "tests"}
        self._answer("application/json", json.dumps({"object": "list", "data": [model]}).encode())

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body: Any = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        dialect = dialect_of(path)
        with self.told.lock:
            self.told.requests.append(path)
            if dialect is None:
                counted = {"input_tokens": 10, "totalTokens": 10}
                self._answer("application/json", json.dumps(counted).encode())
                return
            self.told.prompt = max(self.told.prompt, json.dumps(body), key=len)
            body["stream"] = body.get("stream") or "stream" in path
            reply = self.told.reply(dialect.read(body))
            kind, parts = dialect.write(reply, body, len(self.told.requests))
        self._answer(kind, encoded(kind, parts))

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; the requests are kept."""


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]+", "_", name.lower())
