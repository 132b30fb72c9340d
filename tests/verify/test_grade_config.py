"""Configuration files: the new values, and everything else as it was."""

import configparser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.grader import INI, config_check, judge, lib


def look(root: Path, type: str, text: str) -> dict[str, object]:
    (root / "c.ini").write_text(text, encoding="utf-8")
    return judge(root, config_check(type))


@pytest.mark.parametrize("type", ["config_kept", "config_values"])
@pytest.mark.parametrize(
    "text",
    [INI, INI.replace(" = ", "="), INI.replace("90", "90.0"), "; a new comment\n" + INI],
    ids=["exact", "tight", "number", "more-comments"],
)
def test_the_asked_edit_holds(tmp_path: Path, type: str, text: str) -> None:
    assert look(tmp_path, type, text)["passed"]


@pytest.mark.parametrize(
    ("type", "text", "said"),
    [
        ("config_values", INI.replace("90", "60"), "api.timeout = 60"),
        ("config_values", INI.replace("timeout = 90\n", ""), "api.timeout = None"),
        ("config_kept", INI.replace("web = 7", "web = 8"), "limits.web = 8"),
        ("config_kept", INI.replace("enabled = yes\n", ""), "api.enabled = None"),
        ("config_kept", INI.replace("# Managed by hand.\n", ""), "comment lost: # Managed by hand"),
        ("config_kept", INI.replace("# tuned in 2023\n", "", 1), "comment lost: # tuned in 2023"),
        ("config_kept", INI + "store = 3\n", "unexpected key limits.store"),
        ("config_kept", INI + "[new]\n", "unexpected section [new]"),
        ("config_kept", INI + "[api]\ntimeout = 90\n", "section [api] stands twice"),
        ("config_kept", INI + "web = 7\n", "limits.web stands twice"),
        ("config_kept", "web = 7\n" + INI, "neither a section nor an entry"),
        ("config_kept", INI + "done\n", "neither a section nor an entry"),
        ("config_kept", "", "api.enabled = None"),
    ],
)
def test_any_other_edit_is_refused_with_evidence(
    tmp_path: Path, type: str, text: str, said: str
) -> None:
    result = look(tmp_path, type, text)
    assert not result["passed"]
    assert said in str(result["found"])
    assert str(result["where"]).startswith("c.ini")


NAMES = st.text("abz_09-", min_size=1, max_size=5)
VALUES = st.text("ab 1.=#", max_size=6).map(str.strip)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES)))
def test_sections_are_read_as_the_standard_library_reads_them(
    sections: dict[str, dict[str, str]],
) -> None:
    lines = ["# a comment"]
    for name, entries in sections.items():
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in entries.items()), ""]
    parser = configparser.RawConfigParser(delimiters=("=",), default_section="\0")
    parser.optionxform = str
    parser.read_string("\n".join(lines))
    expected = {name: dict(parser.items(name)) for name in parser.sections()}
    assert lib("ini").load_config("\n".join(lines), "c.ini") == expected == sections
