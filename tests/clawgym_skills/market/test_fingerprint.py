"""Which files count for a fingerprint, and the ignore files that decide it."""

import subprocess

import pytest

from clawgym.files import Files
from clawgym_skills.market.fingerprint import fingerprint, published_files
from clawgym_skills.market.ignoring import IgnoreRules

SKILL = "---\nname: demo\ndescription: A demo.\n---\n# Demo\n"


def test_the_fingerprint_is_that_of_the_clawhub_cli():
    # As `clawhub publish --dry-run --json` printed it for this folder.
    files = Files({"SKILL.md": SKILL, "README.md": "a\n", "references/a.md": "b\n"})

    assert fingerprint(files) == "5d43619fb7daaf0f5320ee76147dcf6cb944d5b1648abd7951891c5335d09c74"


def test_hidden_files_and_node_modules_do_not_count():
    noise = {".env": "x", "a/.hidden/b": "x", "node_modules/a.js": "x", ".clawhub/origin.json": "x"}

    assert fingerprint(Files({"SKILL.md": SKILL, **noise})) == fingerprint(
        Files({"SKILL.md": SKILL})
    )


def test_what_the_ignore_files_name_does_not_count():
    files = Files(
        {
            "SKILL.md": SKILL,
            ".gitignore": "*.log\n/build/\n",
            ".clawhubignore": "drafts\n!keep.log\n",
            "a.log": "",
            "keep.log": "",
            "build/x": "",
            "sub/build/y": "",
            "drafts/z": "",
        }
    )

    assert list(published_files(files)) == ["SKILL.md", "keep.log", "sub/build/y"]


def test_an_empty_file_counts():
    assert fingerprint(Files({"SKILL.md": SKILL, "empty": ""})) != fingerprint(
        Files({"SKILL.md": SKILL})
    )


PATTERNS = [
    "*.log",
    "build/",
    "/top.txt",
    "a/b",
    "**/deep",
    "docs/**",
    "x/**/y",
    "?.md",
    "[ab].txt",
    "[!ab].csv",
    "\\#hash",
    "!kept.log",
    "trail  ",
    "# comment",
    "",
    "a/*/c",
]
PATHS = [
    "a.log",
    "kept.log",
    "sub/a.log",
    "build/x",
    "sub/build/x",
    "build",
    "top.txt",
    "sub/top.txt",
    "a/b",
    "a/b/c",
    "z/a/b",
    "deep",
    "q/deep/r",
    "docs/a/b",
    "docs",
    "x/y",
    "x/1/2/y",
    "q.md",
    "qq.md",
    "a.txt",
    "c.txt",
    "a.csv",
    "c.csv",
    "#hash",
    "trail",
    "a/q/c",
    "a/q/r/c",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_ignores_what_git_ignores(pattern, tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    lines = ["*.log", pattern] if pattern.startswith("!") else [pattern]
    tmp_path.joinpath(".gitignore").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *PATHS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    rules = IgnoreRules(lines)

    assert [path for path in PATHS if rules.ignores(path)] == done.stdout.splitlines()
