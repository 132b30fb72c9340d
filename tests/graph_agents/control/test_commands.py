"""Shell commands are taken apart, and what is not certain is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_agents.control.commands import Command, read_script


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("ls -la", ["ls -la"]),
        ("cd notes && rm -rf old; ls | wc -l", ["cd notes", "rm -rf old", "ls", "wc -l"]),
        ("LANG=C sort a.txt", ["sort a.txt"]),
        ("sudo -n nice -n 5 rm x", ["rm x"]),
        ("timeout 10s rm x", ["rm x"]),
        ("if test -f a; then rm a; fi", ["test -f a", "rm a"]),
        ("echo 'a && rm b'", ["echo a && rm b"]),
        ("(cd a; make)", ["cd a", "make"]),
        ("ls # rm -rf /\nrm x", ["ls", "rm x"]),
        ("ls \\\n  -l", ["ls -l"]),
        ("> 'x ' rm y", ["rm y"]),
    ],
)
def test_simple_commands_are_found(text: str, commands: list[str]):
    found = [str(command) for command in read_script(text).commands]
    assert found == commands


def test_files_that_output_goes_to_are_found():
    script = read_script("sort a > b.txt 2>&1; date >> log; make 2> err")
    assert [command.writes for command in script.commands] == [("b.txt",), ("log",), ("err",)]
    assert [str(command) for command in script.commands] == ["sort a", "date", "make"]


@pytest.mark.parametrize(
    "text",
    [
        "$(echo rm) x",
        "`echo rm` x",
        'sh -c "rm x"',
        "bash run.sh",
        "eval rm x",
        "cat <<E\nrm\nE",
        "echo 'unfinished",
        "rm $HOME/x",
        ". ./setup",
    ],
)
def test_what_is_not_certain_is_said(text: str):
    assert read_script(text).opaque


@pytest.mark.parametrize("text", ["ls", "echo '$HOME'", r"echo \$HOME", "python3 script.py"])
def test_plain_commands_are_certain(text: str):
    assert not read_script(text).opaque


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str):
    script = read_script(text)
    assert all(isinstance(command, Command) for command in script.commands)


@given(st.lists(st.from_regex(r"\A[a-z]{1,8}\Z"), min_size=1, max_size=5))
def test_no_command_of_a_plain_list_is_lost(words: list[str]):
    plain = [f"x{word}" for word in words]
    assert [str(one) for one in read_script(" && ".join(plain)).commands] == plain
