"""The dozen ways in which public skills are malformed: each is read, and each repair is named."""

import pytest

from clawgym_skills import Skill, read_skill
from clawgym_skills.diagnostic import Code

PLAIN = "---\nname: demo\ndescription: Shows how.\n---\n# Demo\n\nDo it.\n"


def codes(skill: Skill) -> set[str]:
    return {found.code for found in skill.diagnostics}


def line_of(skill: Skill, code: Code) -> int | None:
    return next(found.line for found in skill.diagnostics if found.code == code.code)


def test_a_well_formed_skill_has_no_diagnostics(write_skill):
    skill = read_skill(write_skill("demo", PLAIN))
    assert (skill.name, skill.description, skill.body) == ("demo", "Shows how.", "# Demo\n\nDo it.")
    assert skill.diagnostics == ()


def test_1_no_frontmatter_takes_the_directory_and_the_first_paragraph(write_skill):
    text = "# Open sea\n\n![badge](x)\n\nBuys **shells**,\nsells [pearls](http://x).\n\nMore.\n"
    skill = read_skill(write_skill("opensea", text))
    assert (skill.name, skill.description) == ("opensea", "Buys shells, sells pearls.")
    assert skill.body == text.strip()
    assert codes(skill) == {"SK001"}


def test_1_no_frontmatter_prefers_the_slug_of_the_registry(write_skill):
    meta = '{"owner": "mara", "slug": "sea-shells"}'
    skill = read_skill(write_skill("v2", "# Shells\n\nBuys shells.", **{"_meta.json": meta}))
    assert (skill.name, skill.owner) == ("sea-shells", "mara")


def test_1_bare_entries_without_any_fence(write_skill):
    skill = read_skill(write_skill("udau", "name: udau\ndescription: A union.\n\n# Union\n\nJoin."))
    assert (skill.name, skill.description, skill.body) == ("udau", "A union.", "# Union\n\nJoin.")
    assert line_of(skill, Code.NO_FENCE) == 1


@pytest.mark.parametrize(
    "preamble",
    ["\n", "\n\n", "<!-- made by\na tool -->\n", "> A note.\n\n", "Some words.\n\n---\n\n"],
    ids=["blank", "blanks", "comment", "quote", "words"],
)
def test_2_frontmatter_after_a_preamble(write_skill, preamble):
    skill = read_skill(write_skill("demo", preamble + PLAIN))
    assert (skill.name, skill.description) == ("demo", "Shows how.")
    assert line_of(skill, Code.LATE_FRONTMATTER) == preamble.count("\n") + 1
    assert skill.body.endswith("Do it.")
    assert skill.body.startswith(preamble.strip()[:4])


def test_2_frontmatter_in_a_code_fence(write_skill):
    text = "```yaml\n---\nname: demo\ndescription: Shows how.\n---\n```\n\n# Demo\n"
    skill = read_skill(write_skill("demo", text))
    assert (skill.name, skill.body) == ("demo", "# Demo")
    assert codes(skill) == {"SK002"}


def test_2_an_example_of_frontmatter_in_the_text_is_not_the_frontmatter(write_skill):
    text = "# Writing skills\n\nStart like this:\n\n```yaml\n---\nname: example\n---\n```\n"
    skill = read_skill(write_skill("writing-skills", text))
    assert (skill.name, skill.description) == ("writing-skills", "Start like this:")


def test_2_horizontal_rules_are_not_fences(write_skill):
    skill = read_skill(write_skill("rules", "---\nNothing\n---\n\nReal text: here.\n"))
    assert (skill.name, skill.description) == ("rules", "Nothing")
    assert "SK001" in codes(skill)


def test_3_an_unclosed_fence_ends_where_the_text_begins(write_skill):
    text = "---\nname: gog\ndescription: Mail.\n\nmetadata:\n  a: b\n\n# Gog\n\nText: here.\n"
    skill = read_skill(write_skill("gog", text))
    assert skill.frontmatter == {"name": "gog", "description": "Mail.", "metadata": {"a": "b"}}
    assert skill.body == "# Gog\n\nText: here."
    assert codes(skill) == {"SK003"}


def test_3_a_rule_far_below_does_not_close_the_frontmatter(write_skill):
    text = "---\nname: gog\ndescription: Mail.\n\n# Gog\n\nSends mail.\n\n---\n\nEnd.\n"
    skill = read_skill(write_skill("gog", text))
    assert skill.body == "# Gog\n\nSends mail.\n\n---\n\nEnd."


def test_4_a_colon_in_an_unquoted_description(write_skill):
    text = "---\nname: discord\ndescription: Use it to: post, and read.\nhomepage: x\n---\nBody"
    skill = read_skill(write_skill("discord", text))
    assert skill.description == "Use it to: post, and read."
    assert skill.frontmatter["homepage"] == "x"
    assert codes(skill) == {"SK004"}
    assert line_of(skill, Code.QUOTED_VALUE) == 3


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("description: *bold* claims", "*bold* claims"),
        ("description: {{placeholder}} of things", "{{placeholder}} of things"),
        ("description: Reads: a\n and also: b", "Reads: a and also: b"),
        ("description: 'It's fine'", "It's fine"),
        ("description: a\x07b: c: d", "ab: c: d"),
        ("description: @here", "@here"),
        ("description: !important text", "!important text"),
    ],
)
def test_4_other_broken_values_are_kept_as_text(write_skill, entry, expected):
    skill = read_skill(write_skill("demo", f"---\nname: demo\n{entry}\n---\nBody"))
    assert skill.description == expected
    assert skill.repaired


def test_4_one_broken_entry_costs_only_itself(write_skill):
    text = '---\nname: demo\ndescription: Fine.\nmetadata: {"a": [1, }\nversion: 1.10\n---\nBody'
    skill = read_skill(write_skill("demo", text))
    assert (skill.description, skill.frontmatter["version"]) == ("Fine.", "1.10")
    assert codes(skill) == {"SK004", "SK015"}


def test_4_an_indented_first_key(write_skill):
    skill = read_skill(write_skill("demo", "---\n  name: demo\ndescription: Fine.\n---\nBody"))
    assert (skill.name, skill.description) == ("demo", "Fine.")


def test_4_a_duplicate_key_keeps_the_first(write_skill):
    text = "---\nname: demo\ndescription: One.\ndescription: Two.\n---\nBody"
    skill = read_skill(write_skill("demo", text))
    assert skill.description == "One."
    assert line_of(skill, Code.DUPLICATE_KEY) == 4


def test_4_the_marks_of_an_unresolved_merge_are_passed_over(write_skill):
    conflict = "<<<<<<< ours\nlicense: MIT\n=======\n>>>>>>> theirs\n"
    text = f"---\nname: demo\ndescription: One.\n{conflict}---\n"
    skill = read_skill(write_skill("demo", text))
    assert (skill.description, skill.frontmatter["license"]) == ("One.", "MIT")


@pytest.mark.parametrize(
    "data", [PLAIN.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + PLAIN.encode()]
)
def test_5_carriage_returns_and_byte_order_marks(write_skill, data):
    skill = read_skill(write_skill("demo", data))
    assert (skill.name, skill.body) == ("demo", "# Demo\n\nDo it.")
    assert codes(skill) == {"SK006"}
    assert skill.files["SKILL.md"].data == data


def test_5_bytes_that_are_not_utf8_are_replaced_and_located(write_skill):
    data = b"---\nname: demo\ndescription: Caf\xe9 finder\n---\nBody"
    skill = read_skill(write_skill("demo", data))
    assert skill.description == "Caf\N{REPLACEMENT CHARACTER} finder"
    assert line_of(skill, Code.NOT_UTF8) == 3


def test_6_a_closing_fence_at_the_very_end(write_skill):
    skill = read_skill(write_skill("demo", "---\nname: demo\ndescription: Fine.\n---"))
    assert (skill.description, skill.body) == ("Fine.", "")
    assert codes(skill) == {"SK107"}


def test_7_three_dashes_inside_a_value_close_nothing(write_skill):
    text = "---\nname: demo\ndescription: Before --- after\nlicense: MIT\n---\nBody"
    skill = read_skill(write_skill("demo", text))
    assert (skill.description, skill.frontmatter["license"]) == ("Before --- after", "MIT")
    assert line_of(skill, Code.SPLIT_TRAP) == 3


def test_7_an_indented_fence_inside_a_block_does_not_close(write_skill):
    text = "---\nname: demo\ndescription: |\n  One\n  ---\n  two\n---\nBody"
    skill = read_skill(write_skill("demo", text))
    assert (skill.description, skill.body) == ("One --- two", "Body")


@pytest.mark.parametrize("spelling", ["skill.md", "Skill.md", "skills.md", "SKILLS.md", "SKILL.MD"])
def test_8_other_spellings_of_the_file_name(write_skill, spelling):
    directory = write_skill("demo", PLAIN)
    (directory / "SKILL.md").rename(directory / spelling)
    skill = read_skill(directory)
    assert (skill.name, skill.file_name) == ("demo", spelling)
    assert codes(skill) == {"SK008"}


@pytest.mark.parametrize(
    "written",
    [
        '{"openclaw": {"emoji": "🦞", "requires": {"bins": ["jq"]}}}',
        '{"clawdbot": {"emoji": "🦞", "requires": {"bins": ["jq"],},}}',
        """'{"openclaw": {"emoji": "🦞", "requires": {"bins": ["jq"]}}}'""",
        """'{"openclaw": {"emoji": "🦞", "requires": {"bins": "jq"},},}'""",
        "\n  openclaw:\n    emoji: 🦞\n    requires: {bins: [jq]}",
        """\n  openclaw: '{"emoji": "🦞", "requires": ["jq"]}'""",
        '\n  moltbot: {"emoji": "🦞", "requires": {"bins": "jq"}}',
    ],
)
def test_9_openclaw_metadata_in_every_spelling(write_skill, written):
    text = f"---\nname: demo\ndescription: Fine.\nmetadata: {written}\n---\nBody"
    skill = read_skill(write_skill("demo", text))
    assert (skill.emoji, skill.openclaw.requires.bins) == ("🦞", ("jq",))


def test_9_metadata_null_is_no_metadata(write_skill):
    text = "---\nname: demo\ndescription: Fine.\nmetadata: null\n---\nBody"
    assert read_skill(write_skill("demo", text)).diagnostics == ()


def test_9_numbers_keep_their_spelling(write_skill):
    text = "---\nname: demo\ndescription: Fine.\nversion: 1.10\nbuild: 007\ncount: 7\n---\nBody"
    frontmatter = read_skill(write_skill("demo", text)).frontmatter
    assert (frontmatter["version"], frontmatter["build"], frontmatter["count"]) == (
        "1.10",
        "007",
        7,
    )


@pytest.mark.parametrize(
    "entry", ["allowed-tools: [Read]", "allowed-tools: Read, Write", "tools: x"]
)
def test_10_allowed_tools_in_another_form(write_skill, entry):
    skill = read_skill(
        write_skill("demo", f"---\nname: demo\ndescription: Fine.\n{entry}\n---\nBody")
    )
    assert line_of(skill, Code.TOOLS_FORM) == 4


@pytest.mark.parametrize(
    ("hidden", "kind"),
    [
        ("\u200b", "zero width"),
        ("a\u200db", "zero width"),
        ("\u202e", "bidirectional"),
        ("\U000e0041", "tag"),
    ],
)
def test_11_hidden_characters_are_reported_with_their_line(write_skill, hidden, kind):
    skill = read_skill(write_skill("demo", PLAIN + f"Now {hidden} then\n"))
    (found,) = skill.diagnostics
    assert (found.code, found.line) == ("SK105", 8)
    assert kind in found.message


@pytest.mark.parametrize(
    "shown",
    [
        "👩\u200d💻",
        "म\u200cह",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    ],
)
def test_11_joiners_in_emoji_and_scripts_are_not_hidden(write_skill, shown):
    assert read_skill(write_skill("demo", PLAIN + shown)).diagnostics == ()


@pytest.mark.parametrize("name", ["Job Search", "web_search", "UPPER", "a--b", "-a", "x" * 65])
def test_12_names_outside_the_specification_are_kept_and_reported(write_skill, name):
    text = f"---\nname: {name}\ndescription: Fine.\n---\nBody"
    skill = read_skill(write_skill("demo", text))
    assert skill.name == name
    assert codes(skill) == {"SK101", "SK102"}


def test_12_letters_of_any_script_make_a_name(write_skill):
    skill = read_skill(write_skill("天气", "---\nname: 天气\ndescription: 查询天气。\n---\n正文"))
    assert (skill.name, skill.diagnostics) == ("天气", ())
