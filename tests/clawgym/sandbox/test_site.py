"""A site inside a box: served from memory, alive between commands, gone with the box."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from clawgym.errors import SandboxError, SandboxUnsupportedError
from clawgym.files import Files
from clawgym.sandbox import BoxSpec, Sandbox, box, open_backend
from clawgym.sandbox.site import BASE_URL, serve_site, server_program, site_box
from clawgym.task import Task, TaskConfig, TaskName

SITE = Files({"index.html": "<title>Home</title>é", "docs/index.html": "docs", "a b.txt": "x"})
GET = """
import sys, urllib.request
for url in sys.argv[1:]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            print(answer.status, answer.headers["Content-Type"], answer.read().decode())
    except urllib.error.HTTPError as error:
        print(error.code)
"""


async def _get(sandbox: Sandbox, *paths: str) -> list[str]:
    ran = await sandbox.exec(["python3", "-I", "-c", GET, *(BASE_URL + path for path in paths)])
    assert ran.exit_code == 0, ran.stderr
    return ran.stdout.decode().splitlines()


async def test_pages_folders_and_what_is_missing() -> None:
    async with site_box(open_backend(), BoxSpec(), SITE) as sandbox:
        assert await _get(
            sandbox, "", "docs/", "docs", "a%20b.txt", "nothing", "../etc/passwd"
        ) == [
            "200 text/html; charset=utf-8 <title>Home</title>é",
            "200 text/html; charset=utf-8 docs",
            "200 text/html; charset=utf-8 docs",
            "200 text/plain; charset=utf-8 x",
            "404",
            "404",
        ]


async def test_it_outlives_commands_and_time_outs() -> None:
    async with site_box(open_backend(), BoxSpec(), SITE) as sandbox:
        assert (await sandbox.exec(["sleep", "5"], timeout=0.1)).timed_out
        assert (await _get(sandbox, "docs/"))[0].endswith("docs")
        kept = await sandbox.snapshot()
        await sandbox.restore(kept)
        assert (await _get(sandbox, "docs/"))[0].endswith("docs")


async def test_pages_lie_nowhere_in_the_workspace() -> None:
    async with site_box(open_backend(), BoxSpec(), SITE) as sandbox:
        assert await sandbox.list() == []
        await sandbox.seal()
        assert not (await sandbox.collect()).files


async def test_two_boxes_have_a_site_each() -> None:
    one, two = (Files({"index.html": name}) for name in ("one", "two"))
    backend = open_backend()
    async with (
        site_box(backend, BoxSpec(), one) as first,
        site_box(backend, BoxSpec(), two) as second,
    ):
        said = await asyncio.gather(_get(first, ""), _get(second, ""))
    assert [line[0].rpartition(" ")[2] for line in said] == ["one", "two"]


async def test_a_taken_port_is_said() -> None:
    async with box(open_backend(), BoxSpec()) as sandbox:
        await serve_site(sandbox, SITE)
        with pytest.raises(SandboxError, match="8765"):
            await serve_site(sandbox, SITE)


async def test_a_backend_without_a_loopback_of_the_box_is_refused() -> None:
    with pytest.raises(SandboxUnsupportedError):
        async with site_box(open_backend("local"), BoxSpec(), SITE):
            pass


def test_a_task_directory_carries_site_and_server(tmp_path: Path) -> None:
    config = TaskConfig(task=TaskName(name="x/y"))
    pages = Files({f"environment/site/{path}": file for path, file in SITE.items()})
    task = Task(id="t", instruction="Do.", config=config, other=pages)
    task.dump(tmp_path / "t")
    assert Task.load(tmp_path / "t") == task
    assert task.site == SITE
    assert (tmp_path / "t/environment/serve_site.py").read_bytes() == server_program()
    assert "ENTRYPOINT" in (tmp_path / "t/environment/Dockerfile").read_text()
    assert (
        "ENTRYPOINT"
        not in replace(task, other=Files()).files()["environment/Dockerfile"].data.decode()
    )
