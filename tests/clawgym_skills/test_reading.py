"""What the reader makes of a skill beyond the known malformations, and what it refuses."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawgym.artifact import ArtifactKind
from clawgym.errors import SkillFormatError
from clawgym.files import File, Files
from clawgym.operation import Capability
from clawgym_skills import Code, SkillRefusedError, _folder, read_skill
from clawgym_skills._folder import SkillFolder
from clawgym_skills.diagnostic import Findings
from clawgym_skills.reading import interpret, read_document

MARKS = "-:|>&*!{}[]#\"'`~\t \n"
PIECES = ["---\n", "name: ", "description: ", "metadata: ", "<!--", "-->", "```yaml\n", "\r\n"]
ODDITIES = ["\ufeff", "\u200b", "é", "&a ", "*a", "- x\n", "? ", "%YAML 1.1\n"]
FRAGMENTS = st.sampled_from([*MARKS, *PIECES, *ODDITIES])
SOUP = st.lists(FRAGMENTS | st.text(max_size=5), max_size=60).map("".join)


def folder_of(data: bytes) -> SkillFolder:
    return SkillFolder(
        Path("/skills/demo"), "SKILL.md", Files({"SKILL.md": data}), Findings("SKILL.md")
    )


@settings(max_examples=300)
@given(SOUP.map(str.encode) | st.binary(max_size=300))
def test_any_bytes_become_a_skill_or_are_refused(data):
    try:
        skill = interpret(folder_of(data))
    except SkillFormatError:
        return
    assert skill.name
    assert skill.description
    for text in (skill.name, skill.description):
        assert text == " ".join(text.split())
    str((skill.body, skill.frontmatter, skill.openclaw, skill.capabilities)).encode()


@settings(max_examples=300)
@given(SOUP)
def test_any_text_between_fences_parses(soup):
    data = f"---\nname: demo\n{soup}\n---\n".encode()
    document = read_document(data, Findings("SKILL.md"))
    assert isinstance(document.body, str)


words = st.text("abcdefghij klmnop", min_size=1, max_size=30).map(str.strip).filter(bool)


@given(words, words)
def test_quoted_values_come_back_as_written(description, value):
    data = f'---\nname: demo\ndescription: "{description}"\nother: "{value}"\n---\nBody'.encode()
    document = read_document(data, Findings("SKILL.md"))
    assert document.frontmatter == {"name": "demo", "description": description, "other": value}


@pytest.mark.parametrize(
    "bomb",
    [
        "x" * 1_000_000,
        "a: " * 350_000,
        "\u200d \U000e0020" * 100_000,
        "[" * 200_000,
        "{a: " * 60_000,
        "- " * 100_000,
        "a: &a [x,x]\n" + "".join(f"k{n}: &n{n} [*a,*a]\n" for n in range(9_000)),
        "<!--" * 60_000,
        "[x](" * 60_000,
        "> " * 120_000,
        "---\n" * 60_000,
        "a:\n" * 80_000,
        "name: " * 40_000,
        "'" * 250_000,
        "\n" * 250_000,
        "---x" * 60_000,
        "a: b: c\n" + " x\n" * 80_000,
    ],
    ids=lambda bomb: bomb[:8],
)
def test_hostile_text_is_read_in_bounded_time(bomb):
    for text in (bomb, f"---\n{bomb}\n---\nBody", f"---\nname: x\nmetadata: {bomb}\n---\nBody"):
        started = time.process_time()
        read_document(text.encode(), Findings("SKILL.md"))
        assert time.process_time() - started < 2


def test_repeated_findings_are_counted_not_listed():
    findings = Findings("SKILL.md")
    read_document(b"---\nname: x\n" + b"a: b\n" * 500 + b"---\nBody", findings)
    assert len(findings.diagnostics) == Findings.MOST_OF_A_CODE + 1
    assert "499 of these in all" in findings.diagnostics[-1].message


def test_aliases_are_not_expanded(write_skill):
    text = "---\nname: demo\ndescription: Fine.\na: &a [x, x]\nb: [*a, *a]\n---\nBody"
    skill = read_skill(write_skill("demo", text))
    assert skill.frontmatter["b"] == "[*a, *a]"
    assert [(found.code, found.line) for found in skill.diagnostics] == [("SK011", 5)]


def test_missing_name_and_description_are_derived_and_reported(write_skill):
    skill = read_skill(write_skill("demo", "---\nlicense: MIT\n---\n# Title\n\nSorts files.\n"))
    assert (skill.name, skill.description) == ("demo", "Sorts files.")
    assert [found.code for found in skill.diagnostics] == ["SK014", "SK013"]


def test_a_summary_stands_in_for_the_description(write_skill):
    skill = read_skill(write_skill("demo", "---\nname: demo\nsummary: Short.\n---\nLong text."))
    assert skill.description == "Short."


def test_a_description_that_is_no_text_is_derived(write_skill):
    skill = read_skill(write_skill("demo", "---\nname: 42\ndescription: [a, b]\n---\nText."))
    assert (skill.name, skill.description) == ("42", "Text.")
    assert {"SK015", "SK013"} <= {found.code for found in skill.diagnostics}


def test_operations_are_read_and_unknown_ones_reported(write_skill):
    text = (
        "---\nname: demo\ndescription: Fine.\nmetadata:\n"
        "  clawgym-operations: filter:table sort:table fly:moon filter:table\n---\nBody"
    )
    skill = read_skill(write_skill("demo", text))
    table = ArtifactKind.TABLE
    assert skill.capabilities == (Capability("filter", table), Capability("sort", table))
    assert [(found.code, found.line) for found in skill.diagnostics] == [("SK108", 4)]


@pytest.mark.parametrize(
    ("said", "formats"),
    [
        ("{}", ()),
        ("{clawgym-formats: .vcf}", (".vcf",)),
        ("{clawgym-formats: crontab.txt .Cron .cron}", ("crontab.txt", ".cron")),
        ("{clawgym-formats: [.html, .htm]}", (".html", ".htm")),
        ("{clawgym-formats: 7}", ()),
    ],
)
def test_the_formats_that_a_skill_is_for_are_read(write_skill, said, formats):
    skill = read_skill(write_skill("demo", f"---\nname: demo\nmetadata: {said}\n---\nSorts."))
    assert skill.formats == formats


@pytest.mark.parametrize(
    ("entry", "user", "model"),
    [
        ("license: MIT", True, True),
        ("user-invocable: false", False, True),
        ("user_invocable: 'no'", False, True),
        ("disable-model-invocation: true", True, False),
    ],
)
def test_who_may_call_a_skill(write_skill, entry, user, model):
    skill = read_skill(write_skill("demo", f"---\nname: demo\ndescription: Fine.\n{entry}\n---\n"))
    assert (skill.user_invocable, skill.model_invocable) == (user, model)


def test_every_file_is_kept_byte_for_byte_with_its_mode(write_skill):
    directory = write_skill("demo", "# Demo\n\nText.", **{"scripts/run.py": b"\x00\xff\r\n"})
    (directory / "scripts/run.py").chmod(0o755)
    skill = read_skill(directory)
    assert skill.files["scripts/run.py"] == File(b"\x00\xff\r\n", executable=True)
    assert skill.digest == Files.read_from(directory).digest


def test_links_and_special_files_are_left_out_and_reported(write_skill, tmp_path):
    directory = write_skill("demo", "# Demo\n\nText.")
    secret = tmp_path / "secret"
    secret.write_text("x")
    (directory / "link").symlink_to(secret)
    (directory / "folder").symlink_to(tmp_path)
    os.mkfifo(directory / "pipe")
    skill = read_skill(directory)
    assert list(skill.files) == ["SKILL.md"]
    left_out = {Path(d.path).name for d in skill.diagnostics if d.code == "SK109"}
    assert left_out == {"link", "folder", "pipe"}


def test_version_control_and_caches_are_no_part_of_a_skill(write_skill):
    others = {".git/config": "x", "__pycache__/a.pyc": b"x", "node_modules/a/b.js": "x"}
    skill = read_skill(write_skill("demo", "# Demo\n\nText.", **others))
    assert list(skill.files) == ["SKILL.md"]


def test_a_file_with_an_unsafe_name_is_left_out_and_reported(write_skill):
    directory = write_skill("demo", "# Demo\n\nText.")
    (directory / "a\\b.txt").write_text("x")
    (directory / os.fsdecode(b"\xff.txt")).write_text("x")
    skill = read_skill(directory)
    assert list(skill.files) == ["SKILL.md"]
    assert [d.code for d in skill.diagnostics if d.code != "SK001"] == ["SK110", "SK110"]
    assert all(d.path.encode() for d in skill.diagnostics)


def test_a_broken_registry_file_is_reported(write_skill):
    skill = read_skill(write_skill("demo", "# Demo\n\nText.", **{"_meta.json": "{"}))
    assert "SK111" in {found.code for found in skill.diagnostics}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", Code.NOTHING_USABLE),
        (" \n\n", Code.NOTHING_USABLE),
        ("---\nname: demo\n---\n", Code.NOTHING_USABLE),
        ("x" * 256_001, Code.TOO_LONG),
    ],
    ids=["empty", "blank", "no description", "too long"],
)
def test_what_cannot_be_used_is_refused_with_a_code(write_skill, content, code):
    with pytest.raises(SkillRefusedError) as caught:
        read_skill(write_skill("demo", content))
    assert caught.value.diagnostic.code == code.code
    assert str(write_skill("demo", content)) in str(caught.value)


def test_a_directory_without_a_skill_file_is_refused(tmp_path):
    with pytest.raises(SkillRefusedError, match=r"SK201.*no SKILL\.md"):
        read_skill(tmp_path)


def test_a_linked_skill_file_is_refused(write_skill):
    directory = write_skill("demo", "x")
    (directory / "SKILL.md").unlink()
    (directory / "SKILL.md").symlink_to("/etc/hostname")
    with pytest.raises(SkillRefusedError, match="SK201"):
        read_skill(directory)


def test_too_many_files_are_refused(write_skill):
    others = {f"f{n}": "" for n in range(_folder.MAX_FILES)}
    with pytest.raises(SkillRefusedError, match="SK204"):
        read_skill(write_skill("demo", "# Demo\n\nText.", **others))


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_folder_with_ten_thousand_entries_is_refused_or_read_at_once(write_skill, kind):
    directory = write_skill("demo", "# Demo\n\nText.")
    for number in range(10_000):
        path = directory / f"e{number}"
        if kind == "link":
            path.symlink_to("nowhere")
        else:
            path.touch() if kind == "file" else path.mkdir()
    started = time.process_time()
    if kind == "link":
        assert len(read_skill(directory).diagnostics) < 30
    else:
        with pytest.raises(SkillRefusedError, match="SK204"):
            read_skill(directory)
    assert time.process_time() - started < 2


def test_deep_folders_do_not_exhaust_the_stack(write_skill):
    directory = write_skill("demo", "# Demo\n\nText.")
    for _ in range(1_500):  # built from the inside, since no path may be that long
        (directory / "outer").mkdir()
        if (directory / "inner").exists():
            (directory / "inner").rename(directory / "outer" / "d")
        (directory / "outer").rename(directory / "inner")
    assert list(read_skill(directory).files) == ["SKILL.md"]
    while (directory / "inner").exists():  # pytest could not remove them in one go
        (directory / "inner").rename(directory / "outer")
        if (directory / "outer" / "d").exists():
            (directory / "outer" / "d").rename(directory / "inner")
        (directory / "outer").rmdir()


def test_too_many_bytes_are_refused(write_skill):
    directory = write_skill("demo", "# Demo\n\nText.")
    with (directory / "big").open("wb") as stream:
        stream.truncate(_folder.MAX_BYTES)
    with pytest.raises(SkillRefusedError, match="SK205"):
        read_skill(directory)


def test_every_code_is_unique_and_has_the_severity_of_its_first_digit():
    assert len({code.code for code in Code}) == len(Code)
    assert {code.severity for code in Code if code.code.startswith("SK2")} == {"refused"}
