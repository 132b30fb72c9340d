"""References, slugs and versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import UsageError
from clawgym_skills.market.names import (
    SkillReference,
    parse_reference,
    slug_of,
    slug_problem,
    title_of,
)
from clawgym_skills.market.semver import parse_version
from clawgym_skills.market.sources import parse_source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("demo", SkillReference("demo")),
        ("@Alice/demo", SkillReference("demo", "alice")),
        ("alice/demo", SkillReference("demo", "alice")),
        ("@alice/demo@1.2.3-rc.1+x", SkillReference("demo", "alice", "1.2.3-rc.1+x")),
        ("demo@latest", SkillReference("demo", None, "latest")),
    ],
)
def test_a_reference_has_an_owner_a_slug_and_a_version(text, expected):
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "@", "a/b/c", "../x", "@../x", "a..b", "@a/..", "a\\b", "@a/b@", "@/x", "/x", ".x", "a b"],
)
def test_what_could_leave_a_folder_is_no_reference(text):
    with pytest.raises(UsageError, match="@owner/slug"):
        parse_reference(text)


@given(st.text(max_size=20))
def test_whatever_is_a_reference_is_safe_to_join(text):
    try:
        reference = parse_reference(text)
    except UsageError:
        return
    for part in (reference.slug, reference.owner or "x"):
        assert part not in ("", ".", "..")
        assert not set(part) & set("/\\\0")


@pytest.mark.parametrize(
    ("slug", "problem"),
    [
        ("csv-tools", None),
        ("", "required"),
        ("ab", "at least 3"),
        ("a" * 97, "at most 96"),
        ("a--b", "consecutive"),
        ("-ab", "start and end"),
        ("Abc", "lowercase"),
        ("admin", "reserved"),
        ("my-openclaw", 'protected "openclaw"'),
        ("official-x", 'protected "official"'),
    ],
)
def test_a_new_slug_obeys_the_rules_of_clawhub(slug, problem):
    found = slug_problem(slug)

    assert (found is None) == (problem is None)
    assert (problem or "") in (found or "")


def test_a_folder_gives_a_slug_and_a_title():
    assert slug_of(" My  Skill_v2! ") == "my-skill-v2"
    assert title_of("csv-tools_v2") == "Csv Tools V2"


def test_versions_are_ordered_as_by_semver():
    ordered = (
        "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0"
    )
    versions = [parse_version(text) for text in [*ordered.split(), "1.0.1", "1.10.0", "2.0.0"]]

    assert None not in versions
    assert sorted(set(versions)) == versions  # type: ignore[type-var]


@pytest.mark.parametrize("text", ["1", "1.2", "01.2.3", "1.2.3-", "1.2.3-01", "x", "1.2.3 4", ""])
def test_what_is_no_version(text):
    assert parse_version(text) is None


def test_the_next_version_is_a_patch():
    assert str(parse_version("v1.2.9").next_patch()) == "1.2.10"  # type: ignore[union-attr]
    assert str(parse_version("1.2.9-rc.1+b").next_patch()) == "1.2.9"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "kind", "place", "ref", "subfolder"),
    [
        ("demo", "registry", "demo", None, None),
        ("@a/demo@1.0.0", "registry", "@a/demo@1.0.0", None, None),
        ("./demo", "directory", "demo", None, None),
        ("skills/demo", "directory", "skills/demo", None, None),
        ("demo.zip", "archive", "demo.zip", None, None),
        ("./x.tar.gz#sub/demo", "archive", "x.tar.gz", None, "sub/demo"),
        ("git+https://h.io/o/r", "git", "https://h.io/o/r", None, None),
        ("git+https://h.io/o/r@v1#a/b", "git", "https://h.io/o/r", "v1", "a/b"),
        ("git+https://u@h.io/o/r", "git", "https://u@h.io/o/r", None, None),
        ("https://h.io/o/r.git@main", "git", "https://h.io/o/r.git", "main", None),
        ("git@h.io:o/r.git", "git", "git@h.io:o/r.git", None, None),
        ("git:../repo@abc", "git", "../repo", "abc", None),
        ("file:///srv/r", "git", "file:///srv/r", None, None),
    ],
)
def test_a_source_says_what_it_is(text, kind, place, ref, subfolder):
    source = parse_source(text)

    assert (source.kind, source.place, source.ref, source.subfolder) == (
        kind,
        place,
        ref,
        subfolder,
    )


@pytest.mark.parametrize("text", ["", "#x", "https://h.io/x.html", "ftp://h/x"])
def test_what_is_no_source(text):
    with pytest.raises(UsageError):
        parse_source(text)
