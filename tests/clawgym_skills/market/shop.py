"""A real registry on loopback, for tests to publish to and to install from."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from clawgym.files import Files
from clawgym_skills.market.client import Registry
from clawgym_skills.market.policy import Gate, allow_everything
from clawgym_skills.market.publishing import Publication, publish_folder
from clawgym_skills.market.server.serving import _listen
from clawgym_skills.market.server.storage import Storage
from clawgym_skills.market.transport import Patience, Transport

TOKEN = "clh_token-of-alice"
BOB = "clh_token-of-bob"


def skill_text(name: str, description: str = "Does a thing with things.") -> str:
    return f"---\nname: {name}\ndescription: {description}\n---\n# {name}\n\nDo it.\n"


def demo_files(name: str = "demo-skill", **others: str) -> Files:
    return Files({"SKILL.md": skill_text(name), "references/a.md": "a\n", **others})


@contextmanager
def serving(app) -> Generator[str]:
    """An ASGI application on a free port of loopback, in a thread."""
    listening = _listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@dataclass
class Shop:
    """A running registry: its URL, its storage, and how long its clients said they waited."""

    url: str
    storage: Storage
    folder: Path
    waits: list[float] = field(default_factory=list)

    def client(self, token: str | None = TOKEN, cache: Path | None = None, **patience) -> Registry:
        options = Patience(**{"request": 10, "silence": 5, **patience})
        transport = Transport(
            self.url, token, cache=cache, patience=options, sleep=self.waits.append
        )
        return Registry(transport)

    def publish(
        self,
        files: Files,
        slug: str = "demo-skill",
        version: str | None = None,
        gate: Gate = allow_everything,
        token: str = TOKEN,
    ) -> str:
        folder = self.folder / slug
        folder.mkdir(parents=True, exist_ok=True)
        files.write_to(folder)
        with self.client(token) as registry:
            wanted = Publication(slug=slug, version=version)
            return publish_folder(registry, folder, gate, wanted).version


def everything_below(folder: Path) -> list[str]:
    """Every file and every quarantine below a folder, but for the empty file that is locked."""
    found = [p for p in folder.rglob("*") if not p.is_dir() or p.name == "quarantine"]
    return sorted(p.relative_to(folder).as_posix() for p in found if p.name != "install.lock")
