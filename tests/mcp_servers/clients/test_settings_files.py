"""Settings files are changed in one entry and stay what they were in all else."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.clients.jsonc import SettingsSyntaxError, read_jsonc, set_in_jsonc
from mcp_servers.clients.toml import read_toml, set_in_toml

VALUE = {"command": "python", "args": ["-m", "clawgym"]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9999, 9999) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=4), JSON, max_size=4)


@given(OBJECTS, st.sampled_from([None, 2, "\t"]))
def test_json_is_read_as_json(settings, indent):
    assert read_jsonc(json.dumps(settings, indent=indent)) == settings


@given(OBJECTS, st.sampled_from([None, 2, "\t"]))
def test_an_entry_is_added_and_nothing_else(settings, indent):
    settings.pop("mcpServers", None)
    changed = set_in_jsonc(json.dumps(settings, indent=indent), ("mcpServers", "x"), VALUE)
    assert json.loads(changed) == {**settings, "mcpServers": {"x": VALUE}}


@given(st.text("{}[]\"':,/*\\ \na1", max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        read_jsonc(text)
    except SettingsSyntaxError:
        return
    assert set_in_jsonc(text, ("x",), VALUE)


def test_comments_and_commas_stay():
    before = """// my settings
{
    "theme": "dark", // not light
    /* servers */
    "servers": {
        "other": {"command": "x"}, // keep
    },
}
"""
    after = set_in_jsonc(before, ("servers", "mine"), {"command": "y"})
    assert after == before.replace(
        '{"command": "x"}, // keep',
        '{"command": "x"},\n        "mine": {\n            "command": "y"\n        }, // keep',
    )


def test_an_entry_is_replaced_where_it_stands():
    before = '{"mcp": {"a": {"old": true}, "b": 1}}'
    after = set_in_jsonc(before, ("mcp", "a"), {})
    assert after == '{"mcp": {"a": {}, "b": 1}}'


def test_json5_is_read():
    text = "{ name: 'it\\'s', \"n\": 0x1F, list: [1, 2,], }"
    assert read_jsonc(text) == {"name": "it's", "n": 31, "list": [1, 2]}


@pytest.mark.parametrize("text", ["", "  \n", "\ufeff"])
def test_an_empty_file_becomes_an_object(text):
    assert json.loads(set_in_jsonc(text, ("a", "b"), {"c": 1})) == {"a": {"b": {"c": 1}}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": }', "line 1: expected a value"),
        ('{\n"a": 1\n"b": 2}', "line 3: expected a comma"),
        ('{"a": 1} x', "the end of the file"),
        ("[1]", "no object"),
        ('{"a": 1, "a": 2}', "once"),
        ("{" * 200, "expected"),
        ('{"mcp": 3}', "mcp is not an object"),
    ],
)
def test_what_cannot_be_read_is_not_changed(text, reason):
    with pytest.raises(SettingsSyntaxError, match=reason):
        set_in_jsonc(text, ("mcp", "a"), {})


TOML = """# mine
model = "x"

[mcp_servers.other]
command = "o" # keep

[mcp_servers.clawgym]
command = "old"

[mcp_servers.clawgym.env]
A = "1"

[profiles.work]
model = "y"
"""


def test_a_toml_table_is_replaced_with_its_inner_ones():
    after = set_in_toml(TOML, ("mcp_servers", "clawgym"), VALUE)
    expected = tomllib.loads(TOML)
    expected["mcp_servers"]["clawgym"] = VALUE
    assert read_toml(after) == expected
    assert "# mine" in after
    assert 'command = "o" # keep' in after


def test_a_toml_table_is_added_at_the_end():
    after = set_in_toml('model = "x"', ("mcp_servers", "a.b"), VALUE)
    assert after.startswith('model = "x"\n\n[mcp_servers."a.b"]\n')
    assert read_toml(after)["mcp_servers"] == {"a.b": VALUE}


@pytest.mark.parametrize("text", ["[a", 'x = "', "[a]\n[a]"])
def test_broken_toml_is_refused(text):
    with pytest.raises(SettingsSyntaxError):
        set_in_toml(text, ("a", "b"), {})
