"""deepagents reads our skills: compared with its own backend on the same files."""

from typing import ClassVar

import pytest

pytest.importorskip("deepagents", reason="deepagents is not installed (it is no dependency)")

from deepagents import create_deep_agent
from deepagents.backends import CompositeBackend, FilesystemBackend, StateBackend
from deepagents.middleware.skills import SkillsMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from graph_agents.skilled.deepagents_backend import deepagents_backend
from graph_agents.skilled.sources import bundled_source, folder_source
from tests.graph_agents.skilled.conftest import write_skill


@pytest.fixture
def backend(skills):
    (skills / "bake/picture.bin").write_bytes(b"\xff\xfe\x00")
    write_skill(skills, "Odd Name", metadata="metadata: {openclaw: {emoji: x}}")
    return deepagents_backend(folder_source(skills, trusted=True))


@pytest.fixture
def theirs(backend, tmp_path):
    """deepagents' own backend over a copy of the same files."""
    root = tmp_path / "copy"
    for name, file in backend._below(""):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(file.data)
    return FilesystemBackend(root_dir=str(root), virtual_mode=True)


def plain(entries):
    return sorted((one["path"].rstrip("/"), one.get("is_dir", False)) for one in entries)


@pytest.mark.parametrize("path", ["/", "/bake", "/bake/", "/bake/scripts"])
def test_folders_are_listed_as_theirs(backend, theirs, path):
    assert plain(backend.ls(path).entries) == plain(theirs.ls(path).entries)


def test_what_is_not_there_is_an_error(backend):
    assert backend.ls("/nowhere").error
    assert backend.read("/nowhere/SKILL.md").error
    assert backend.read("/../../etc/passwd").error
    assert backend.download_files(["/nowhere/x"])[0].error == "file_not_found"


@pytest.mark.parametrize(
    ("offset", "limit"), [(0, 2000), (1, 2), (-3, 2), (3, 100), (0, 0), (99, 5)]
)
def test_files_are_read_as_theirs(backend, theirs, offset, limit):
    ours, other = (each.read("/bake/SKILL.md", offset, limit) for each in (backend, theirs))
    assert bool(ours.error) == bool(other.error)
    if not ours.error:
        assert ours.file_data["content"] == other.file_data["content"]
        window = ("total_lines", "start_line", "end_line", "next_offset", "no_lines_requested")
        assert [getattr(ours, name) for name in window] == [getattr(other, name) for name in window]


def test_bytes_come_as_base64(backend):
    assert backend.read("/bake/picture.bin").file_data["encoding"] == "base64"
    assert backend.download_files(["/bake/picture.bin"])[0].content == b"\xff\xfe\x00"


@pytest.mark.parametrize(
    "pattern", ["*.py", "**/*.md", "/bake/*", "*/scripts/*.py", "{a,SKILL.md}", "../x"]
)
@pytest.mark.parametrize("path", [None, "/bake"])
def test_files_are_found_as_theirs(backend, theirs, pattern, path):
    ours, other = backend.glob(pattern, path), theirs.glob(pattern, path)
    assert bool(ours.error) == bool(other.error)
    assert plain(ours.matches or []) == plain(other.matches or [])


@pytest.mark.parametrize("glob", [None, "*.py", "*.md"])
def test_lines_are_found_as_theirs(backend, theirs, glob):
    def found(result):
        return sorted((one["path"], one["line"], one["text"]) for one in result.matches)

    assert found(backend.grep("i", "/bake", glob)) == found(theirs.grep("i", "/bake", glob))


def test_a_search_stops_where_it_should(backend):
    result = backend.grep("i", max_count=2)
    assert len(result.matches) == 2
    assert result.truncated


async def test_nothing_can_be_written(backend):
    assert backend.write("/bake/x", "y").error
    assert (await backend.aedit("/bake/SKILL.md", "a", "b")).error
    assert (await backend.adelete("/bake")).error
    assert backend.upload_files([("/x", b"")])[0].error == "permission_denied"


def test_their_middleware_loads_every_skill_however_it_is_written(backend):
    update = SkillsMiddleware(backend=backend, sources=["/"]).before_agent({}, None, {})
    names = [skill["name"] for skill in update["skills_metadata"]]
    assert sorted(names) == ["bake", "internal", "odd-name", "shouting"]
    assert not update.get("skills_load_errors")


def test_only_what_needs_no_approval_is_shown(skills):
    assert deepagents_backend(folder_source(skills)).ls("/").entries == []


async def test_a_deep_agent_offers_and_reads_the_bundled_skills():
    class Model(GenericFakeChatModel):
        seen: ClassVar[list] = []

        def bind_tools(self, tools, **options):
            return self

        def _generate(self, messages, *args, **options):
            self.seen.append(messages)
            return super()._generate(messages, *args, **options)

    call = {"id": "1", "name": "read_file", "args": {"file_path": "/skills/csv-analysis/SKILL.md"}}
    model = Model(messages=iter([AIMessage("", tool_calls=[call]), AIMessage("done")]))
    routes = {"/skills/": deepagents_backend(bundled_source())}
    backend = CompositeBackend(default=StateBackend(), routes=routes)
    agent = create_deep_agent(model, backend=backend, skills=["/skills/"])
    result = await agent.ainvoke({"messages": [("user", "profile the table")]})
    assert "csv-analysis" in str(model.seen[0][0].content)
    assert 'name: "csv-analysis"' in str(result["messages"][-2].content)
