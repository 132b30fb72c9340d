"""What authored files may be called and hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.paths import check_relative
from synth.authoring.answers import AuthoredFile
from synth.authoring.limits import file_problems, path_problems, paths_problems


@pytest.mark.parametrize(
    "path",
    ["input/a.csv", "notes.md", "config/app.toml", "data/2026-03/a_b.jsonl", "src/main.py"],
)
def test_ordinary_paths_are_fine(path: str) -> None:
    assert path_problems(path) == []


@pytest.mark.parametrize(
    "path",
    [
        "../a.csv", "/etc/passwd.txt", "a/../../b.csv", "a//b.csv", "./a.csv", "a\\b.csv",
        "a\0.csv",
        "a\n.csv", "", " a.csv", ".bashrc.sh", ".git/config.ini", "tests/check.py", "solution/s.py",
        "skills/x.md", "CON.txt", "input/nul.csv", "sitecustomize.py", "conftest.py", "a.png", "a",
        "a/b/c/d/e/f.csv", "a b.csv", "données.csv", "a" * 300 + ".csv", "~/x.csv", "$HOME/x.csv",
        "\ud800.csv", "-rf.sh",
    ],
)  # fmt: skip
def test_strange_paths_are_refused(path: str) -> None:
    assert path_problems(path)


@given(st.text(max_size=40))
def test_no_path_that_passes_can_leave_the_folder(path: str) -> None:
    if not path_problems(path):
        assert check_relative(path) == path
        assert path.isascii()


def test_paths_must_get_along() -> None:
    assert "two files are called 'a.csv'" in paths_problems(["a.csv", "A.csv"])
    assert "'a.csv' is both a file and a folder" in paths_problems(["a.csv", "a.csv/b.csv"])
    assert paths_problems([f"f{n}.csv" for n in range(41)])[-1].startswith("there are 41 files")


@pytest.mark.parametrize(
    ("path", "content", "problem"),
    [
        ("a.json", "{'a': 1}", "not valid"),
        ("a.jsonl", '{"a": 1}\n{"a"', "not valid"),
        ("a.csv", "one\ntwo\n", "no columns"),
        ("a.csv", 'a,"b\n1,2\n', "not valid"),
        ("a.toml", "a = ", "not valid"),
        ("a.yaml", "a: [", "not valid"),
        ("a.xml", "<a><b></a>", "not valid"),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "no document type"),
        ("a.txt", "a\x1b[2Jb", "control characters"),
        ("a.txt", "\n \n", "empty"),
        ("a.txt", "x" * 200_001, "bytes"),
        ("a.md", "我们的仓库在北方,订单很多,请查看这些文件并写一份报告。" * 5, "not in English"),
        ("a.json", "[" * 100_000, "not valid"),
    ],
)
def test_content_that_does_not_do_is_told(path: str, content: str, problem: str) -> None:
    told = file_problems([AuthoredFile(path=path, content=content)])
    assert len(told) == 1
    assert problem in told[0]


def test_many_large_files_are_too_much() -> None:
    files = [AuthoredFile(path=f"f{n}.txt", content="word " * 30_000) for n in range(8)]
    assert file_problems(files) == ["the files have 1,200,000 bytes; 1,000,000 are allowed"]
