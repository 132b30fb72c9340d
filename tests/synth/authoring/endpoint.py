# ruff: noqa: E501 - answers as a model writes them
"""A model over HTTP that plays three good tasks, and misbehaves as it is told to, counting all."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.misbehaving import response
from tests.synth.authoring.plays import PLAYS, Json, Play

OPENINGS = {
    "Write one task": "task",
    "Write the files": "resources",
    "Write how this task": "verification",
    "Do this work": "solution",
    "Attack this": "review",
    "Judge this": "quality",
    "Say this instruction": "phrase",
}

Spoil = Callable[[Json], Json | str]
"""From a good answer to a bad one."""


@dataclass
class Counts:
    """What the endpoint itself knows of its traffic."""

    requests: int = 0
    answers: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    by_stage: Counter[str] = field(default_factory=Counter[str])
    served: Counter[str] = field(default_factory=Counter[str])


@dataclass
class Server:
    """`faults` are the misdeeds of each stage in order, the first for its first question.

    Faults are counted for each play of its own, so that every task meets all of them.
    """

    faults: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    rewrite: Callable[[str], str] = lambda text: text
    schemas: bool = True
    delay: float = 0.0
    counts: Counts = field(default_factory=Counts)
    url: str = ""
    bodies: list[Json] = field(default_factory=list[Json])

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            body = json.loads(await reader.readexactly(length))
            self.counts.requests += 1
            self.bodies.append(body)
            await asyncio.sleep(self.delay)
            await self._serve(body, writer)
        writer.close()

    async def _serve(self, body: Json, writer: asyncio.StreamWriter) -> None:
        if not self.schemas and "response_format" in body:
            writer.write(response("400 Bad Request", '{"error": "no response_format here"}'))
            return
        text = body["messages"][1]["content"]
        stage = next(name for opening, name in OPENINGS.items() if text.startswith(opening))
        play = play_of(text)
        fault = self._fault(stage, play)
        if fault in TRANSPORT:
            await TRANSPORT[fault](self, body, writer)
            return
        good = self._good(stage, play, text)
        spoilt = ANSWERS[fault](good) if fault else good
        content = spoilt if isinstance(spoilt, str) else json.dumps(spoilt)
        self._reply(writer, body, stage, content, "length" if fault == "truncated" else "stop")

    def _fault(self, stage: str, play: Play | None) -> str | None:
        key = f"{stage}/{play.mark if play else ''}"
        position = self.counts.served[key]
        self.counts.served[key] += 1
        faults = self.faults.get(key, self.faults.get(stage, ()))
        return faults[position] if position < len(faults) else None

    def _good(self, stage: str, play: Play | None, text: str) -> Json:
        if stage == "phrase":
            return {"instruction": self.rewrite(instruction_of(text))}
        assert play
        return play.answer(stage)

    def _reply(
        self, writer: asyncio.StreamWriter, body: Json, stage: str, content: str, reason: str
    ) -> None:
        prompt = sum(len(message["content"]) for message in body["messages"]) // 4
        completion = len(content) // 4 + 1
        self.counts.answers += 1
        self.counts.prompt_tokens += prompt
        self.counts.completion_tokens += completion
        self.counts.by_stage[stage] += prompt + completion
        message = {"role": "assistant", "content": content}
        usage = {"prompt_tokens": prompt, "completion_tokens": completion}
        whole = {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}
        writer.write(response("200 OK", json.dumps(whole)))


def play_of(text: str) -> Play | None:
    for play in PLAYS:
        if play.mark in text or f"`{play.task['outputs'][0]['path']}`" in text:
            return play
    return None


def instruction_of(text: str) -> str:
    """The quoted instruction of a phrasing question, unquoted."""
    inside = text.split("<<<BEGIN INSTRUCTION", 1)[1].split("<<<END INSTRUCTION", 1)[0]
    lines = inside.split("\n")[1:]
    return "\n".join(line.removeprefix("| ") for line in lines).rstrip("\n")


async def _status(writer: asyncio.StreamWriter, status: str, headers: str = "") -> None:
    writer.write(response(status, '{"error": {"message": "not now"}}', headers=headers))


async def _drip(writer: asyncio.StreamWriter) -> None:
    """A stream that never quite stops: one blank at a time."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n"
    )
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)


TRANSPORT: dict[str | None, Callable[[Server, Json, asyncio.StreamWriter], Any]] = {
    "429": lambda s, b, w: _status(w, "429 Too Many Requests"),
    "429-after": lambda s, b, w: _status(w, "429 Too Many Requests", "Retry-After: 0.05\r\n"),
    "500": lambda s, b, w: _status(w, "500 Internal Server Error"),
    "503": lambda s, b, w: _status(w, "503 Service Unavailable"),
    "400": lambda s, b, w: _status(w, "400 Bad Request"),
    "413": lambda s, b, w: _status(w, "413 Payload Too Large"),
    "401": lambda s, b, w: _status(w, "401 Unauthorized"),
    "hang-up": lambda s, b, w: _write(w, b""),
    "dropped": lambda s, b, w: _write(w, response("200 OK", "{}").replace(b"gth: 2", b"gth: 9")),
    "html": lambda s, b, w: _write(w, response("200 OK", "<html>busy</html>", "text/html")),
    "slow": lambda s, b, w: _drip(w),
}


def _fenced(good: Json) -> str:
    return f"```json\n{json.dumps(good, indent=1)}\n```"


def _with(**changes: Any) -> Spoil:
    return lambda good: {**good, **changes}


def _first_file(**changes: str) -> Spoil:
    return lambda good: {**good, "files": [{**good["files"][0], **changes}, *good["files"][1:]]}


_ALWAYS = (
    "def check(workspace):\n"
    "    return [{'id': 'a', 'requirement': 'r', 'weight': 1, 'passed': %s, 'found': ''}]\n"
)

ANSWERS: dict[str, Spoil] = {
    # Unusual, but right.
    "fenced": _fenced,
    "thinking": lambda good: f'<think>Perhaps {{"title": 1}}?</think>\n{json.dumps(good)}',
    "thinking-fenced": lambda good: f"<think>Hm.</think>\n\n{_fenced(good)}\n",
    # No answer at all.
    "invalid-json": lambda good: json.dumps(good)[:-2] + ",,}",
    "nested-fences": lambda good: f"```json\n```json\n{json.dumps(good)}\n```\n```",
    "prose": lambda good: f"Of course! Here it is:\n{json.dumps(good)}",
    "open-thinking": lambda good: f"<think>I wonder {json.dumps(good)}",
    "truncated": lambda good: json.dumps(good)[: len(json.dumps(good)) // 2],
    "refusal": lambda good: "I'm sorry, but I can't help with that.",
    "empty": lambda good: "",
    "list": lambda good: json.dumps([good]),
    "wrong-keys": lambda good: {f"my_{key}": value for key, value in good.items()},
    "more-keys": _with(confidence=0.99),
    "huge": lambda good: json.dumps({**good, "title": "x" * 3_000_000}),
    "surrogate": lambda good: json.dumps(good)[:-1] + ', "more": "\\ud800"}',
    # Tasks that are none.
    "wrong-language": _with(
        instruction=(
            "Pourrais-tu me dire combien chaque dépôt nous a coûté en mars ? Les trajets sont dans "
            "le fichier `input/runs.csv`, et il faut écrire `output/depot_costs.csv` avec une ligne "
            "pour chaque dépôt, sans les trajets qui sont annulés, et avec la somme des coûts, s'il "
            "te plaît, arrondie à deux décimales comme toujours, merci beaucoup."
        )
    ),
    "unnamed-output": lambda good: {
        **good,
        "instruction": good["instruction"].replace("`output/", "`elsewhere/"),
    },
    "network": lambda good: {
        **good,
        "instruction": good["instruction"] + " See https://api.weather.com/v1 for more.",
    },
    "stammer": lambda good: {**good, "instruction": good["instruction"] + " Thank you you."},
    "hidden-file": lambda good: {
        **good,
        "instruction": good["instruction"] + " You may look into tests/grade.py.",
    },
    "traversal-plan": lambda good: {
        **good,
        "inputs": [{"path": "../../etc/passwd", "purpose": "x"}, *good["inputs"]],
    },
    "media": lambda good: {**good, "inputs": [{"path": "input/a.png", "purpose": "x"}]},
    # Files that are none.
    "traversal": _first_file(path="../../../outside.csv"),
    "absolute": _first_file(path="/etc/cron.d/evil.txt"),
    "nul": _first_file(path="input/a\0.csv"),
    "reserved": _first_file(path="tests/grade.py"),
    "empty-file": _first_file(content=" \n"),
    "chinese": _first_file(content="编号,仓库\n一号,北方的仓库\n二号,南方的仓库,而且很远\n" * 5),
    "missing-file": lambda good: {"files": [{"path": "input/other.csv", "content": "a,b\n1,2\n"}]},
    "huge-file": _first_file(content="a,b\n" * 100_000),
    # Verifiers and solutions that do not do.
    "oracle-breaks": _with(solution="raise SystemExit('no idea')\n"),
    "oracle-idle": _with(solution="print('done')\n"),
    "oracle-online": _with(solution="import urllib.request\nurllib.request.urlopen('http://x')\n"),
    "always-one": lambda good: {**good, "checks": [], "check_script": _ALWAYS % True},
    "always-zero": lambda good: {**good, "checks": [], "check_script": _ALWAYS % False},
    "unknown-check": _with(checks=[{"type": "vibes", "id": "v"}], check_script=""),
    "two-verifiers": lambda good: {
        **good,
        "check_script": _ALWAYS % True,
        "checks": [{"type": "text", "id": "t"}],
    },
    "half-rubric": _with(
        rubric=[{"id": "r", "name": "n", "weight": 1, "target": None, "bands": ["a", "b"]}]
    ),
}


@contextlib.asynccontextmanager
async def serving(server: Server) -> AsyncGenerator[Server]:
    """The server on loopback."""
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0, limit=2**24)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        listening.close()
