"""What a client finds: a home of its own, a directory to work in, our servers, and a transcript."""

import json
import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.mcp_servers.real_clients.endpoint import CLOSING, Endpoint, PlannedCall

SKILL = "csv-analysis"
SKILLS, WORKSPACE = "clawgym-skills", "clawgym-workspace"
PROMPT = f"Read the skill {SKILL}, then turn the number in todo.txt around into answer.txt."
PATIENCE = 240
"""Seconds that a client's command may take; starting Node on a busy machine is slow."""


_INSTRUCTIONS = "call skill_read with its name"


class FailedError(Exception):
    """A client did not do what it was to do."""


@dataclass(frozen=True)
class Step:
    """A command, as a person would type it, and what came of it."""

    command: str
    output: str
    status: int


@dataclass(frozen=True)
class Finding:
    """Something that a client was seen to do, or not."""

    what: str
    good: bool
    detail: str = ""


@dataclass
class Scene:
    """One client's try. `tools` is where its packages are, `base` an empty directory."""

    base: Path
    tools: Path
    bins: Sequence[Path] = ()
    python: Path = Path(sys.executable)
    steps: list[Step] = field(default_factory=list[Step])
    findings: list[Finding] = field(default_factory=list[Finding])
    hidden: dict[str, str] = field(default_factory=dict[str, str])
    secret: str = field(default_factory=lambda: str(secrets.randbelow(10**12)).zfill(12))

    def __post_init__(self) -> None:
        self.base = self.base.resolve()
        for folder in (self.home, self.work):
            folder.mkdir(parents=True)
        (self.work / "todo.txt").write_text(f"The number is {self.secret}.\n")

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def work(self) -> Path:
        return self.base / "work"

    @property
    def servers(self) -> dict[str, list[str]]:
        """The commands that start our servers, by the names that `clawgym mcp install` gives."""
        start = [sys.executable, "-m", "clawgym", "mcp"]
        return {SKILLS: [*start, "skills"], WORKSPACE: [*start, "workspace", str(self.work)]}

    @property
    def skill_text(self) -> str:
        """What a client must get to see of the skill: the last line of it."""
        text = files("clawgym_skills") / "bundled" / SKILL / "SKILL.md"
        return text.read_text(encoding="utf-8").rstrip().splitlines()[-1]

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """A clean one: nothing of this user's settings, keys or proxies, and no telemetry."""
        path = os.pathsep.join([*map(str, self.bins), os.environ.get("PATH", os.defpath)])
        quiet = dict.fromkeys(("DO_NOT_TRACK", "NO_COLOR", "CI", "DISABLE_TELEMETRY"), "1")
        kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        own = {"HOME": str(self.home), "PATH": path, "PYTHONUNBUFFERED": "1", "TERM": "dumb"}
        return {**kept, **own, **quiet, **(extra or {})}

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        expect: int | None = 0,
        shown: str = "",
    ) -> str:
        """Run a client's command in the workspace; returns its standard output.

        Raises:
            FailedError: it did not end in time, or with another status than expected.
        """
        try:
            done = subprocess.run(
                command,
                cwd=self.work,
                env=self.environment(env),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise FailedError(f"{command[0]} did not end within {PATIENCE} s") from error
        said = done.stdout or done.stderr
        self.steps.append(
            Step(shown or self.typed(command, env), self.clean(said), done.returncode)
        )
        if expect is not None and done.returncode != expect:
            tail = self.clean(f"{done.stdout[-400:]}{done.stderr[-1200:]}").strip()
            raise FailedError(f"{Path(command[0]).name} ended with {done.returncode}: {tail}")
        return done.stdout

    def run_json(self, *command: str, env: Mapping[str, str] | None = None) -> Any:
        """As `run`, for a command that prints JSON."""
        out = self.run(*command, env=env)
        try:
            return json.loads(out)
        except ValueError as error:
            raise FailedError(f"no JSON came out: {self.clean(out)[:200]!r}") from error

    def expect(self, what: str, good: object, detail: object = "") -> None:
        """Keep a finding."""
        self.findings.append(Finding(what, bool(good), self.clean(str(detail))))

    def run_script(self, name: str, model: str = "") -> str:
        """Run one of `scripts/` in the client's environment, and keep its findings.

        Returns the last words of the agent in it, if there is one.
        """
        with ExitStack() as stack:
            http = {server: stack.enter_context(self.http(server)) for server in self.servers}
            told = {
                "stdio": self.servers,
                "http": {server: {"url": url, "token": key} for server, (url, key) in http.items()},
                "skill": SKILL,
                "skill_text": self.skill_text,
                "secret": self.secret,
                "model": model,
                "prompt": PROMPT,
            }
            script = Path(__file__).parent / "scripts" / name
            shown = f"python tests/mcp_servers/real_clients/scripts/{name} ..."
            out = self.run(str(self.python), str(script), json.dumps(told), shown=shown)
        lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        for line in lines:
            if "what" in line:
                self.expect(line["what"], line["good"], line["detail"])
        shown = "\n".join(
            f"{'ok' if line['good'] else 'NO'}  {line['what']}" for line in lines if "what" in line
        )
        self.steps[-1] = replace(self.steps[-1], output=shown)
        return "".join(line.get("said", "") for line in lines)

    def install(self, client: str) -> None:
        """Have `clawgym mcp install` write our servers into the client's settings."""
        install = (sys.executable, "-m", "clawgym", "mcp", "install", "--client", client)
        shown = f"clawgym mcp install --client {client} $WORK"
        self.run(*install, str(self.work), shown=shown)

    @staticmethod
    def in_json(text: str, shown: str) -> bool:
        """Whether a text is in what was shown, plainly or as a JSON string."""
        spelled = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        return any(spelling in shown for spelling in spelled)

    def typed(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> str:
        """A command line without what is only so on this machine."""
        program = Path(command[0]).name if Path(command[0]).is_absolute() else command[0]
        words = [f"{name}={shlex.quote(value)}" for name, value in (env or {}).items()]
        words += [program, *map(shlex.quote, command[1:])]
        return self.clean(" ".join(words))

    def clean(self, text: str) -> str:
        """The text without this machine's paths, ports and secrets."""
        places = {
            **self.hidden,
            str(self.work): "$WORK",
            str(self.home): "$HOME",
            str(self.base): "$BASE",
            str(self.tools): "$TOOLS",
            sys.executable: "python",
            str(Path(__file__).parent): "tests/mcp_servers/real_clients",
        }
        for place, name in places.items():
            text = text.replace(place, name)
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
        return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)

    def plan(self, resources: str = "") -> list[PlannedCall]:
        """The work of an agent: read a skill, read a file, write what follows from it.

        An agent with a tool for `resources` reads the skill with that, too.
        """
        calls = [
            PlannedCall(SKILLS, "skill_read", "read a skill", lambda _results: {"name": SKILL}),
            PlannedCall(WORKSPACE, "read", "read a file", lambda _results: {"path": "todo.txt"}),
            PlannedCall(WORKSPACE, "write", "write a file", _turned_around),
        ]
        if resources:
            where = {"server": SKILLS, "uri": f"skill://{SKILL}/SKILL.md"}
            calls.append(PlannedCall("", resources, "", lambda _results: where))
        return calls

    def expect_work_done(self, endpoint: Endpoint, said: str) -> None:
        """Keep what an agent did, by what came back to the model and what is on disk."""
        results = (*endpoint.results, "", "", "", "")
        answer = self.work / "answer.txt"
        written = answer.read_text() if answer.is_file() else "nothing"
        self.expect("read a skill", self.skill_text in results[0], results[0][:300])
        self.expect("read a file", self.secret in results[1], results[1][:300])
        self.expect("wrote a file", written.strip() == self.secret[::-1], written[:300])
        if len(endpoint.plan) > 3:
            self.expect("read a resource", self.skill_text in results[3], results[3][:300])
        self.expect("finished", CLOSING in said, said[-300:])
        told = "yes" if _INSTRUCTIONS in endpoint.prompt else "no"
        resources = sorted(name for name in endpoint.offered if "resource" in name.lower())
        notes = [
            *("called " + " ".join(call.split("\n")) for call in endpoint.called),
            f"the server's instructions were in the prompt: {told}",
            f"its tools for resources: {', '.join(resources) or 'none'}",
        ]
        self.steps.append(Step("# what the model saw", "\n".join(notes), 0))

    @contextmanager
    def http(self, server: str) -> Generator[tuple[str, str]]:
        """One of our servers over HTTP: its URL and its token."""
        token = secrets.token_urlsafe(24)
        self.hidden[token] = "$TOKEN"
        process = subprocess.Popen(
            [*self.servers[server], "--http", "0"],
            cwd=self.work,
            env=self.environment({"CLAWGYM_MCP_TOKEN": token}),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr
            url = process.stderr.readline().strip()
            if not url.startswith("http://"):
                raise FailedError(f"{server} does not serve over HTTP: {url}")
            yield url, token
        finally:
            process.terminate()
            process.communicate(timeout=20)


def _turned_around(results: Sequence[str]) -> dict[str, object]:
    found = re.search(r"number is (\d{12})", results[1] if len(results) > 1 else "")
    return {"path": "answer.txt", "content": found.group(1)[::-1] if found else "not found"}
