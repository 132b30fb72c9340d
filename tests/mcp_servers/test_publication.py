import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clawgym.files import Files
from clawgym_skills.publication import slug
from clawgym_skills.reading import read_skill
from mcp_servers.skills.publication import (
    SKILL_FILE,
    Content,
    Published,
    Written,
    publish,
    skill_file,
)


def as_written(folder: Path) -> Written:
    skill = read_skill(folder)
    source = skill_file(skill.files)
    assert source
    return Written(
        frontmatter=skill.frontmatter,
        description=skill.description,
        body=skill.body,
        files={path: Content.of(file.data) for path, file in skill.files.items()},
        skill_file=source,
        text=skill.files[source].data,
    )


@pytest.fixture
def published(skill_folder: Path):
    return lambda name: publish(as_written(skill_folder / name), name)


@pytest.fixture
def announced_and_read(skill_folder: Path):
    def both(skill: Published) -> tuple[object, object]:
        written = (skill_folder / skill.name / SKILL_FILE).read_bytes()
        return skill.frontmatter, read_by_yaml(skill.rendered or written)

    return both


def read_by_yaml(data: bytes) -> object:
    text = data.decode()
    found = re.match(r"---\n(.*?)^---\n", text, re.DOTALL | re.MULTILINE)
    assert found
    return yaml.safe_load(found[1])


def test_a_conformant_skill_is_served_byte_for_byte(published, skill_folder: Path):
    skill = published("csv-analysis")
    files = Files.read_from(skill_folder / "csv-analysis")
    assert skill.rendered is None
    assert skill.files == {path: Content.of(file.data) for path, file in files.items()}
    assert skill.frontmatter["metadata"] == {"version": "1.10"}


def test_nested_metadata_becomes_text(published):
    skill = published("weather-report")
    metadata = skill.frontmatter["metadata"]
    assert metadata == {"openclaw": '{"emoji":"\U0001f326","requires":{"bins":["jq"]}}'}
    assert skill.rendered.endswith(b"---\n# Weather\n\nRead the logs.\n")


@pytest.mark.parametrize("name", ["csv-analysis", "weather-report", "invoice-checker"])
def test_what_is_announced_is_what_a_yaml_reader_finds(published, announced_and_read, name):
    announced, read = announced_and_read(published(name))
    assert announced == read


@pytest.mark.parametrize("name", ["csv-analysis", "weather-report", "invoice-checker"])
def test_the_last_part_of_the_directory_is_the_name(published, name):
    skill = published(name)
    assert skill.frontmatter["name"] == name
    assert skill.uri == f"skill://{name}/SKILL.md"


def test_every_file_is_listed_with_an_encoded_uri(published):
    resources = published("csv-analysis").entry["resources"]
    assert isinstance(resources, list)
    assert [str(resource["uri"]) for resource in resources if isinstance(resource, dict)] == [
        "skill://csv-analysis/SKILL.md",
        "skill://csv-analysis/assets/logo.png",
        "skill://csv-analysis/references/deep/a%20b.md",
        "skill://csv-analysis/scripts/profile.py",
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Invoice Checker", "invoice-checker"), ("@a/b__c", "a-b-c"), ("\u5929\u6c14", "skill")],
)
def test_slugs(name, expected):
    assert slug(name) == expected


VALUES = st.recursive(
    st.text(max_size=12) | st.booleans() | st.none() | st.integers(-999, 999),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(["name", "description", "metadata", "allowed-tools", "on", "1"]) | st.text(
    max_size=8
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_frontmatter_is_rendered_so_that_it_reads_as_announced(frontmatter):
    text = b"---\nname: x\n---\nBody.\n"
    files = {SKILL_FILE: Content.of(text)}
    skill = publish(Written(frontmatter, "Derived.", "Body.\n", files, SKILL_FILE, text), "any")
    assert skill.rendered is not None
    assert read_by_yaml(skill.rendered) == skill.frontmatter
    metadata = skill.frontmatter.get("metadata", {})
    assert isinstance(metadata, dict)
    assert all(isinstance(value, str) for value in metadata.values())
