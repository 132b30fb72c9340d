"""Which relative paths may be joined to a directory that we own."""

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clawgym.paths import MAX_NAME_BYTES, MAX_PATH_BYTES, check_name, check_relative
from tests.clawgym.strategies import NAMES, PATHS

ROUGH = st.text(st.sampled_from("a./\\\0\n\r~é\ud800"), max_size=12)


def accepted(path: str) -> bool:
    try:
        return check_relative(path) == path
    except ValueError:
        return False


@given(ROUGH | st.text())
@example("..")
@example("a/../../b")
@example("/etc/passwd")
@example("a//b")
@example("./a")
@example("a/")
def test_what_is_accepted_stays_below_and_is_normalised(path: str) -> None:
    if accepted(path):
        joined = os.path.normpath(os.path.join("/root/box", path))
        assert joined == f"/root/box/{path}"


@given(PATHS)
def test_odd_but_legal_names_are_accepted(path: str) -> None:
    assert accepted(path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "must have 1 to 512 bytes"),
        ("a/" * 255 + "abc", "must have 1 to 512 bytes"),
        ("n" * 256, "more than 255 bytes"),
        ("/etc/passwd", "must be relative"),
        ("a/../b", "without '.' or '..'"),
        ("a/./b", "without '.' or '..'"),
        ("a//b", "normalised"),
        ("a/", "normalised"),
        ("a\\b", "backslash"),
        ("a\0b", "NUL"),
        ("a\nb", "line break"),
        ("half a pair \ud83d", "surrogates not allowed"),
    ],
)
def test_a_refusal_says_why(path: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_relative(path)


def test_limits_count_bytes_and_are_inclusive() -> None:
    assert accepted("é" * (MAX_NAME_BYTES // 2))
    assert not accepted("é" * (MAX_NAME_BYTES // 2 + 1))
    assert accepted("a/" * (MAX_PATH_BYTES // 2 - 1) + "ab")


@given(NAMES)
def test_a_name_is_a_path_of_one_part(name: str) -> None:
    assert check_name(name) == name
    with pytest.raises(ValueError, match="slash"):
        check_name(f"{name}/b")
