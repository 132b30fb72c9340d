"""Every test runs against the real server in memory, in both protocol eras."""

import base64
import hashlib
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from mcp import Client, types
from mcp.shared.exceptions import MCPError
from pydantic import ConfigDict

from clawgym.errors import UsageError
from clawgym_skills.catalogue import Catalogue, open_catalogue
from mcp_servers.skills import EXTENSION, Selection, skills_server

NAMES = ["csv-analysis", "invoice-checker", "weather-report"]


class Ask(types.Request[dict[str, Any], str]):
    """A request of the extension."""


class Answer(types.Result):
    """Whatever was answered."""

    model_config = ConfigDict(extra="allow")


async def ask(client: Client, method: str, **params: object) -> dict[str, Any]:
    answer = await client.session.send_request(Ask(method=method, params=params), Answer)
    return answer.model_dump(by_alias=True)


def text_of(result: types.CallToolResult) -> str:
    assert isinstance(result.content[0], types.TextContent)
    return result.content[0].text


@pytest.fixture
def catalogue(skill_folder: Path):
    with Catalogue() as catalogue:
        catalogue.index([skill_folder])
        yield catalogue


@pytest.fixture(params=["legacy", "auto"])
async def client(request: pytest.FixtureRequest, catalogue: Catalogue):
    async with Client(skills_server(catalogue), mode=request.param) as client:
        yield client


async def test_the_extension_is_announced_where_the_protocol_can(catalogue: Catalogue):
    async with Client(skills_server(catalogue)) as client:
        extensions = client.server_capabilities.extensions
    assert extensions == {EXTENSION: {"directoryRead": True}}


async def test_skills_list_has_every_skill_with_digests_that_hold(client: Client):
    answer = await ask(client, "skills/list")
    assert [entry["frontmatter"]["name"] for entry in answer["skills"]] == NAMES
    assert (answer["resultType"], answer["cacheScope"]) == ("complete", "public")
    assert answer["ttlMs"] > 0
    for entry in answer["skills"]:
        for resource in entry["resources"]:
            data = await read_bytes(client, resource["uri"])
            assert len(data) == resource["size"]
            assert "sha256:" + hashlib.sha256(data).hexdigest() == resource["digest"]


async def read_bytes(client: Client, uri: str) -> bytes:
    (content,) = (await client.read_resource(uri)).contents
    if isinstance(content, types.TextResourceContents):
        return content.text.encode()
    return base64.b64decode(content.blob)


async def test_the_frontmatter_of_an_entry_is_that_of_its_skill_file(client: Client):
    for entry in (await ask(client, "skills/list"))["skills"]:
        text = (await read_bytes(client, entry["uri"])).decode()
        assert yaml.safe_load(text.split("---\n")[1]) == entry["frontmatter"]


async def test_skills_get_answers_the_same_entry(client: Client):
    listed = (await ask(client, "skills/list"))["skills"][0]
    assert (await ask(client, "skills/get", uri=listed["uri"]))["skill"] == listed


@pytest.mark.parametrize(
    "uri",
    [
        "skill://nothing/SKILL.md",
        "skill://csv-analysis",
        "skill://csv-analysis/scripts/profile.py",
        "skill:csv-analysis/SKILL.md",
        "file:///etc/passwd",
    ],
)
async def test_an_unknown_skill_is_invalid_params(client: Client, uri: str):
    with pytest.raises(MCPError) as error:
        await ask(client, "skills/get", uri=uri)
    assert error.value.code == -32602


async def test_a_directory_lists_its_direct_children(client: Client):
    answer = await ask(client, "resources/directory/read", uri="skill://csv-analysis")
    assert [(child["uri"], child["mimeType"]) for child in answer["resources"]] == [
        ("skill://csv-analysis/SKILL.md", "text/markdown"),
        ("skill://csv-analysis/assets", "inode/directory"),
        ("skill://csv-analysis/references", "inode/directory"),
        ("skill://csv-analysis/scripts", "inode/directory"),
    ]
    deeper = await ask(client, "resources/directory/read", uri="skill://csv-analysis/references")
    assert [child["name"] for child in deeper["resources"]] == ["deep"]


@pytest.mark.parametrize("path", ["/scripts/profile.py", "/nowhere", "/..", "/scripts/"])
async def test_what_is_no_directory_is_invalid_params(client: Client, path: str):
    with pytest.raises(MCPError) as error:
        await ask(client, "resources/directory/read", uri=f"skill://csv-analysis{path}")
    assert error.value.code == -32602


async def test_resources_are_the_skill_files_with_name_and_description(client: Client):
    resources = (await client.list_resources()).resources
    assert [resource.name for resource in resources] == NAMES
    assert resources[0].description == "Profile CSV files and answer questions about them."
    assert {resource.mime_type for resource in resources} == {"text/markdown"}


async def test_binary_files_are_read_as_blobs(client: Client):
    data = await read_bytes(client, "skill://csv-analysis/assets/logo.png")
    assert data == b"\x89PNG\r\n\xff\x00"


@pytest.mark.parametrize(
    "uri",
    [
        "skill://csv-analysis/../weather-report/SKILL.md",
        "skill://csv-analysis/%2e%2e/x",
        "file:///x",
    ],
)
async def test_a_uri_that_is_not_served_is_invalid_params(client: Client, uri: str):
    with pytest.raises(MCPError) as error:
        await client.read_resource(uri)
    assert error.value.code == -32602
    assert error.value.data == {"uri": uri}


async def test_every_tool_is_announced_as_read_only(client: Client):
    tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["skills_search", "skill_read", "skill_files"]
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)


async def test_search_finds_a_skill_by_its_words(client: Client):
    found = await client.call_tool("skills_search", {"query": "analyse a csv"})
    assert text_of(found).startswith("- csv-analysis: Profile CSV files")
    nothing = await client.call_tool("skills_search", {"query": "zzzz"})
    assert "No skill matches 'zzzz'" in text_of(nothing)


async def test_skill_read_shows_a_page_of_a_file(client: Client):
    whole = text_of(await client.call_tool("skill_read", {"name": "invoice-checker"}))
    assert "\nCompare each line.\n" in whole
    part = await client.call_tool("skill_read", {"name": "invoice-checker", "limit": 2})
    assert 'name: "invoice-checker"' in text_of(part)
    assert "Compare each line." not in text_of(part)
    assert text_of(part).endswith("Read on with offset=3.]")


async def test_what_nobody_vouches_for_stands_between_markers(client: Client):
    shown = text_of(await client.call_tool("skill_read", {"name": "csv-analysis"})).split("\n")
    assert "csv-analysis is from folder skills; nobody vouches for it" in shown[0]
    assert shown[1].startswith("<<<BEGIN SKILL FILE ")
    assert shown[-1] == shown[1].replace("BEGIN", "END")
    found = text_of(await client.call_tool("skills_search", {"query": "analyse a csv"}))
    assert "about them. [folder skills, untrusted]" in found


async def test_the_bundled_skills_are_vouched_for():
    with open_catalogue(Path("nowhere.sqlite")) as catalogue:
        async with Client(skills_server(catalogue)) as client:
            shown = await client.call_tool("skill_read", {"name": "csv-analysis"})
            assert text_of(shown).startswith("---\nname: csv-analysis\n")
            resource = (await client.list_resources()).resources[0]
    assert resource.meta == {
        "io.modelcontextprotocol.skills/origin": "ClawGym, bundled",
        "io.modelcontextprotocol.skills/trusted": True,
    }


async def test_skill_files_lists_paths_and_sizes(client: Client):
    files = await client.call_tool("skill_files", {"name": "csv-analysis"})
    assert "references/deep/a b.md (9 bytes)" in text_of(files).split("\n")


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        ("skill_read", {"name": "csv-analysi"}, "did you mean csv-analysis?"),
        ("skill_read", {"name": "csv-analysis", "path": "SKILL"}, "did you mean SKILL.md?"),
        ("skill_read", {"name": "csv-analysis", "path": "../x"}, "has no file '../x'"),
        ("skill_read", {"name": "csv-analysis", "path": "assets/logo.png"}, "is not text"),
        ("skill_read", {}, "name: Field required"),
        ("skills_search", {"query": "csv", "limit": 0}, "limit: Input should be"),
        ("skill_files", {"name": "csv-analysis", "x": 1}, "x: Extra inputs"),
    ],
)
async def test_bad_calls_are_error_results_with_the_reason(client, tool, arguments, reason):
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert reason in text_of(result)


async def test_an_unknown_tool_is_invalid_params(client: Client):
    with pytest.raises(MCPError, match="there is no tool 'skill_write'") as error:
        await client.call_tool("skill_write", {})
    assert error.value.code == -32602


async def test_prompts_are_the_skills_that_a_person_may_start(client: Client):
    assert [prompt.name for prompt in (await client.list_prompts()).prompts] == NAMES[:2]
    prompt = await client.get_prompt("csv-analysis", {"request": "count rows of $x"})
    content = prompt.messages[0].content
    assert isinstance(content, types.TextContent)
    assert "for this request: count rows of $x" in content.text
    assert "Run scripts/profile.py first." in content.text
    with pytest.raises(MCPError):
        await client.get_prompt("weather-report", {})


async def test_the_instructions_name_the_skills(client: Client):
    assert "The skills: csv-analysis, invoice-checker, weather-report" in str(client.instructions)


async def test_only_the_wanted_skills_are_served(catalogue: Catalogue):
    async with Client(skills_server(catalogue, Selection(names=["weather-report"]))) as client:
        assert [r.name for r in (await client.list_resources()).resources] == ["weather-report"]
        found = await client.call_tool("skills_search", {"query": "csv analysis report"})
        assert "csv-analysis" not in text_of(found)
        with pytest.raises(MCPError):
            await client.read_resource("skill://csv-analysis/SKILL.md")


def test_a_wanted_skill_that_is_not_there_is_a_usage_error(catalogue: Catalogue):
    with pytest.raises(UsageError, match="did you mean csv-analysis"):
        skills_server(catalogue, Selection(names=["csv-analisys"]))


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_long_lists_come_in_pages(tmp_path: Path, mode: Literal["legacy", "auto"]):
    for number in range(230):
        folder = tmp_path / f"s{number:03}"
        folder.mkdir()
        (folder / "SKILL.md").write_text(
            f"---\nname: s{number:03}\ndescription: Does {number}.\n---\n"
        )
    with Catalogue() as catalogue:
        catalogue.index([tmp_path])
        async with Client(skills_server(catalogue), mode=mode) as client:
            names, cursor, pages = [], None, 0
            while pages == 0 or cursor:
                page = await client.list_resources(cursor=cursor)
                names += [resource.name for resource in page.resources]
                cursor, pages = page.next_cursor, pages + 1
            assert (pages, len(set(names))) == (2, 230)
            second = await ask(client, "skills/list", cursor="after:s099")
            assert second["skills"][0]["frontmatter"]["name"] == "s100"
            for wrong in ("7", "after:S 1", "s099"):
                with pytest.raises(MCPError, match="unknown cursor"):
                    await client.list_resources(cursor=wrong)
