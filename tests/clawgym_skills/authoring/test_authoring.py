"""new, lint, lint --fix and pack: what an author gets, and what stays untouched."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from clawgym.cli import app
from clawgym.errors import SkillFormatError, UsageError
from clawgym_skills.authoring import lint_skill, mend, pack, start_skill
from clawgym_skills.authoring.packing import unpacked

GOOD = (
    "---\nname: tidy\ndescription: Tidies folders. Use when asked to.\nlicense: MIT\n---\n# Tidy\n"
)


def skill(parent: Path, text: str | bytes = GOOD, name: str = "tidy", **others: str) -> Path:
    directory = parent / name
    for path, content in {"SKILL.md": text, **others}.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return directory


def codes(directory: Path) -> list[str]:
    return [found.code for found in lint_skill(directory).findings]


def run(*arguments: str):
    return CliRunner().invoke(app, ["skills", *arguments])


# -- new ------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_script", [False, True])
def test_a_new_skill_has_no_finding_at_all(tmp_path: Path, with_script: bool):
    made = start_skill(tmp_path, "table-check", with_script=with_script)
    assert lint_skill(made).findings == ()
    assert lint_skill(made).mended is None
    assert "{{" not in "".join(path.read_text() for path in made.rglob("*") if path.is_file())


def test_the_script_of_a_new_skill_has_a_test_that_passes(tmp_path: Path):
    made = start_skill(tmp_path, "table-check", with_script=True)
    command = [sys.executable, "-m", "unittest", "discover", "-s", "tests"]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Ran 3 tests" in done.stderr


def test_a_description_with_colons_and_quotes_survives(tmp_path: Path):
    text = 'Says: "hello". Use when: asked — #1'
    made = start_skill(tmp_path, "hello", text)
    head = (made / "SKILL.md").read_text().split("---\n")[1]
    assert yaml.safe_load(head)["description"] == text


@pytest.mark.parametrize("name", ["Table", "a--b", "-a", "a/b", "../a", "", "a" * 65, "a b"])
def test_bad_names_leave_nothing_behind(tmp_path: Path, name: str):
    with pytest.raises(UsageError, match="is no name for a skill"):
        start_skill(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_never_touched(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(UsageError, match="exists"):
        start_skill(tmp_path, "mine")


# -- lint -----------------------------------------------------------------------------------


def test_a_good_skill_is_clean(tmp_path: Path):
    assert codes(skill(tmp_path)) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GOOD.replace(" Use when asked to.", " Into neat rows and columns."), "SKA101"),
        (GOOD.replace("Tidies folders. Use when asked to.", "Use it."), "SKA102"),
        (GOOD.replace("asked to.", "asked to " + "x" * 160), "SKA103"),
        (GOOD + "line\n" * 501, "SKS206"),
        (GOOD + "word " * 5000, "SKA105"),
        (GOOD.replace("# Tidy\n", ""), "SKA106"),
        (GOOD + "Run `{baseDir}/scripts/gone.py`.\n", "SKA107"),
        (GOOD + "See [the rules](references/rules.md).\n", "SKA107"),
        (GOOD + "Read /home/maria/notes.txt first.\n", "SKA110"),
        (GOOD.replace("license: MIT\n", ""), "SKA114"),
    ],
)
def test_each_piece_of_advice_is_given(tmp_path: Path, text: str, code: str):
    assert codes(skill(tmp_path, text)) == [code]


@pytest.mark.parametrize(
    "line",
    [
        "Put it into `/home/user/…` or ~/notes.",
        "See [the site](https://example.org/scripts/gone.py).",
        "Files called scripts/*.py or scripts/<name>.py.",
        "```\n[x](references/example.md)\n```",
    ],
)
def test_examples_are_no_findings(tmp_path: Path, line: str):
    assert codes(skill(tmp_path, f"{GOOD}{line}\n")) == []


def test_scripts_are_executable_name_their_interpreter_and_explain_themselves(tmp_path: Path):
    directory = skill(tmp_path, GOOD + "Run scripts/do.sh.\n", **{"scripts/do.sh": "echo hi\n"})
    assert codes(directory) == ["SKA111", "SKA112", "SKA113"]
    (directory / "scripts/do.sh").write_text('#!/bin/sh\n[ "$1" = --help ] && echo usage\n')
    (directory / "scripts/do.sh").chmod(0o755)
    assert codes(directory) == []


def test_references_of_references_are_too_deep(tmp_path: Path):
    text = GOOD + "See [a](references/a.md).\n"
    files = {"references/a.md": "[b](b.md)", "references/b.md": "b"}
    assert codes(skill(tmp_path, text, **files)) == ["SKA109"]


def test_a_file_that_nothing_names_is_a_hint_and_does_not_fail(tmp_path: Path):
    lint = lint_skill(skill(tmp_path, **{"assets/logo.txt": "x"}))
    assert [found.code for found in lint.findings] == ["SKA108"]
    assert lint.clean


# -- lint --fix -----------------------------------------------------------------------------


def header(text: str) -> dict[str, object]:
    return yaml.safe_load(text.split("---\n")[1])


def mended(lines: str) -> str:
    text = f"---\nname: tidy  # mine\n{lines}\n---\n\n# Body: *as it is*  \n\n"
    after = mend(text.encode(), "tidy").decode()
    assert after.startswith("---\nname: tidy  # mine\n")
    assert after.endswith("\n---\n\n# Body: *as it is*  \n\n")
    assert mend(after.encode(), "tidy").decode() == after
    return after.removeprefix("---\nname: tidy  # mine\n").removesuffix(
        "\n---\n\n# Body: *as it is*  \n\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("description: Do: this", 'description: "Do: this"'),
        ('description: Do: "this"', "description: 'Do: \"this\"'"),
        ("description: Plain text", "description: Plain text"),
        ("description: 42", 'description: "42"'),
        ("license: 1.0  # ours", 'license: "1.0"'),
        ("allowed-tools: [Read, Bash(git:*)]", "allowed-tools: Read Bash(git:*)"),
        ("allowed-tools: Read, Bash(git a, b)", 'allowed-tools: "Read Bash(git a, b)"'),
        ("allowed-tools:\n  - Read\n  - Write", "allowed-tools: Read Write"),
        ("allowed-tools: Read Write", "allowed-tools: Read Write"),
        ("metadata:\n  version: 1.10", 'metadata:\n  version: "1.10"'),
        ("metadata:\n  version: 1.0 # old", 'metadata:\n  version: "1.0"'),
        ("metadata:\n  # why\n  a: b\n\n  c: yes", 'metadata:\n  # why\n  a: b\n\n  c: "yes"'),
        ("metadata:\n  tags: [a, b]", 'metadata:\n  tags: \'["a","b"]\''),
        (
            "metadata:\n  openclaw:\n    emoji: x\n    os: [linux]\n  a: b",
            'metadata:\n  openclaw: \'{"emoji":"x","os":["linux"]}\'\n  a: b',
        ),
        ('metadata: {"a": {"b": true}}', "metadata:\n  a: '{\"b\":true}'"),
        (
            'metadata:\n  { "a": { "b": 1 }, "yes": "🐦\u200d⬛" }',
            'metadata:\n  a: \'{"b":1}\'\n  "yes": "🐦\u200d⬛"',
        ),
        ('metadata: {"a": {"b": "🐦\u200d⬛"}}', 'metadata:\n  a: \'{"b":"🐦\u200d⬛"}\''),
        ("metadata: {a: b}", 'metadata:\n  a: "b"'),
        ("summary: a: b\nauthor: x", 'summary: "a: b"\nauthor: x'),
    ],
)
def test_only_what_is_mechanical_is_mended(before: str, after: str):
    assert mended(before) == after


def test_values_survive_the_repair():
    text = "---\nname: x\nmetadata:\n  openclaw: {requires: {bins: [jq]}, always: true}\n---\n"
    metadata = header(mend(text.encode(), "x").decode())["metadata"]
    assert metadata == {"openclaw": '{"requires":{"bins":["jq"]},"always":true}'}


@pytest.mark.parametrize(
    ("written", "folder", "name"),
    [
        ("My Skill", "my-skill", "my-skill"),
        ("other", "tidy", "tidy"),
        ("My Skill", "My Folder", "my-skill"),
        ("2024", "2024", "2024"),
    ],
)
def test_the_name_becomes_the_folders_name_or_a_slug(written: str, folder: str, name: str):
    text = mend(f"---\nname: {written}\ndescription: d\n---\n".encode(), folder).decode()
    assert header(text)["name"] == name


def test_marks_and_line_ends_go_and_nothing_else_does():
    before = b"\xef\xbb\xbf---\r\nname: x\r\ndescription: d\r\n---\r\n\r\nA  \r\nB\rC"
    assert mend(before, "x") == b"---\nname: x\ndescription: d\n---\n\nA  \nB\nC"


@pytest.mark.parametrize("data", [b"\xff\xfe", b"# No header\n", b"", b"---\nname: x\n"])
def test_what_cannot_be_mended_without_judgement_is_left(data: bytes):
    assert mend(data, "x") == data


@given(
    st.binary(max_size=200)
    | st.text(alphabet="-:#ab \n[]{}'\",\r|>&*1.\ufeff", max_size=80).map(str.encode)
)
@example(b"\xef\xbb\xbf\xef\xbb\xbf")
def test_mending_never_fails_and_is_done_once(data: bytes):
    for whole in (data, b"---\nname: x\n" + data + b"\n---\nbody\n"):
        once = mend(whole, "x")
        assert mend(once, "x") == once


def test_fix_shows_a_diff_writes_and_then_passes(tmp_path: Path):
    text = GOOD.replace("Tidies folders.", "Tidies: folders.").replace("\n", "\r\n")
    directory = skill(tmp_path, text)
    assert run("lint", str(directory)).exit_code == 1
    done = run("lint", str(directory), "--fix")
    assert "-description: Tidies: folders. Use when asked to.<CR>" in done.stdout
    assert '+description: "Tidies: folders. Use when asked to."' in done.stdout
    assert done.exit_code == 0, done.stdout
    assert list(directory.iterdir()) == [directory / "SKILL.md"]


def test_lint_as_json(tmp_path: Path):
    skill(tmp_path, GOOD.replace("license: MIT\n", ""))
    (facts,) = json.loads(run("lint", str(tmp_path), "--json").stdout)
    assert facts["clean"]
    assert [found["code"] for found in facts["findings"]] == ["SKA114"]
    assert run("lint", str(tmp_path / "tidy" / "nowhere")).exit_code == 2


# -- pack -----------------------------------------------------------------------------------


def test_the_archive_is_the_same_bytes_every_time_and_reads_back(tmp_path: Path):
    directory = skill(tmp_path, **{"scripts/a.sh": "x", "b.txt": "y"})
    (directory / "scripts/a.sh").chmod(0o755)
    first = pack(directory, tmp_path / "1.zip")
    (directory / "b.txt").write_text("y")  # a later date
    second = pack(directory, tmp_path / "2.zip")
    assert first.sha256 == second.sha256
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    assert unpacked(tmp_path / "1.zip") == first.files
    assert first.files["scripts/a.sh"].executable
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert archive.namelist() == ["SKILL.md", "b.txt", "scripts/a.sh"]


def test_dot_paths_modules_and_ignored_files_stay_behind(tmp_path: Path):
    ignore = "*.log\n!keep.log\nbuild/\n/top.txt\n# comment\ndocs/**/draft.md\n[ab].tmp\n"
    kept = ["keep.log", "sub/top.txt", "docs/x.md", "c.tmp", "builder"]
    dropped = [
        *(".env", ".git/config", "node_modules/m/i.js", "__pycache__/x.pyc", "x.log", "s/y.log"),
        *("build/out", "sub/build/o", "top.txt", "docs/draft.md", "docs/a/draft.md", "a.tmp"),
    ]
    files = dict.fromkeys([*kept, *dropped], "x")
    directory = skill(tmp_path, **files, **{".gitignore": ignore, ".clawhubignore": "s/\n"})
    packed = pack(directory, tmp_path / "out.zip")
    assert set(packed.files) == {"SKILL.md", *kept}
    assert {".env", "x.log", ".gitignore"} <= set(packed.left_out)


def test_a_link_is_refused_rather_than_lost(tmp_path: Path):
    directory = skill(tmp_path)
    (directory / "link.md").symlink_to("SKILL.md")
    with pytest.raises(SkillFormatError, match="cannot be packed whole"):
        pack(directory, tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_an_archive_inside_the_skill_is_refused(tmp_path: Path):
    directory = skill(tmp_path)
    with pytest.raises(UsageError, match="inside the skill"):
        pack(directory, directory / "out.zip")


def test_pack_prints_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    skill(tmp_path)
    assert "wrote tidy.zip: 1 files, sha256 " in run("pack", "tidy").stdout
    facts = json.loads(run("pack", "tidy", "--json").stdout)
    assert (facts["path"], facts["files"]) == ("tidy.zip", ["SKILL.md"])
