import json

import pytest

from clawgym.sandbox.protocol import Sandbox


@pytest.fixture
async def search(call, sandbox: Sandbox):
    await sandbox.write("MEMORY.md", b"# Facts\nThe launch of Heron is on Friday.\n")
    await sandbox.write("USER.md", b"- Prefers short answers.\n")
    await sandbox.write("memory/2026-01-02.md", b"Met Ada about the budget of the launch.\n")
    await sandbox.write("memory/deep/er.md", b"The old office was in Lisbon.\n")
    await sandbox.write("notes.md", b"The launch is no memory here.\n")
    await sandbox.write("memory/table.csv", b"launch\n")

    async def run(query: str, **arguments: object):
        return json.loads((await call("memory_search", query=query, **arguments)).text)

    return run


async def test_memory_files_alone_are_searched(search):
    found = (await search("launch"))["results"]
    assert {hit["path"] for hit in found} == {"MEMORY.md", "memory/2026-01-02.md"}
    assert found[0]["citation"].startswith(found[0]["path"] + "#L1")


async def test_the_best_fit_comes_first(search):
    found = (await search("Heron launch Friday"))["results"]
    assert found[0]["path"] == "MEMORY.md"
    assert found[0]["score"] > found[1]["score"]


async def test_deep_notes_are_found(search):
    assert (await search("Lisbon"))["results"][0]["path"] == "memory/deep/er.md"


async def test_words_may_be_operators_or_nonsense(search):
    for query in ('"', "AND OR NOT", "NEAR(", "*", "a:b", "\U0001f642"):
        assert "results" in await search(query)


async def test_results_can_be_fewer_and_better(search):
    assert len((await search("launch", maxResults=1))["results"]) == 1
    assert (await search("launch", minScore=1))["results"] == []


async def test_what_cannot_be_searched_is_named(search, sandbox: Sandbox):
    await sandbox.write("memory/bad.md", b"\xff\xfe launch")
    assert "memory/bad.md" in (await search("launch"))["warning"]


async def test_without_memory_there_are_no_results(call):
    assert json.loads((await call("memory_search", query="x")).text)["results"] == []


async def test_a_window_says_where_to_read_on(call, sandbox: Sandbox):
    await sandbox.write("MEMORY.md", "".join(f"{n}\n" for n in range(1, 300)).encode())
    first = json.loads((await call("memory_get", path="MEMORY.md")).text)
    assert first["lines"] == 120
    assert first["text"].endswith("Read on with from=121.]")
    last = json.loads((await call("memory_get", path="MEMORY.md", **{"from": 298})).text)
    assert last["text"] == "298\n299"
