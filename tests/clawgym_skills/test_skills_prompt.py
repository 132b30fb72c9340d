"""The list of skills in a system prompt: complete while it fits, honest when it does not."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from clawgym.files import Files
from clawgym_skills import Skill, skills_prompt


def skill(name: str, description: str = "Does a thing.", **frontmatter: bool) -> Skill:
    return Skill(name, description, "", frontmatter, Files(), Path("/src"))


def location(skill: Skill) -> str:
    return f"/skills/{skill.name}/{skill.file_name}"


def listed(prompt: str) -> list[dict[str, str]]:
    xml = re.search(r"<available_skills>.*</available_skills>", prompt, re.DOTALL)
    assert xml
    return [{e.tag: e.text or "" for e in item} for item in ET.fromstring(xml[0])]


def test_names_descriptions_and_locations_sorted_by_name():
    prompt = skills_prompt([skill("b"), skill("a", "Reads & <writes>.")], location)
    assert listed(prompt) == [
        {"name": "a", "description": "Reads & <writes>.", "location": "/skills/a/SKILL.md"},
        {"name": "b", "description": "Does a thing.", "location": "/skills/b/SKILL.md"},
    ]
    assert prompt.startswith("## Skills\n")
    assert "Note:" not in prompt


def test_without_skills_there_is_no_section():
    assert skills_prompt([], location) == ""


def test_skills_that_a_model_may_not_choose_are_left_out():
    hidden = skill("hidden", **{"disable-model-invocation": True})
    assert [item["name"] for item in listed(skills_prompt([hidden, skill("a")], location))] == ["a"]


def test_over_the_budget_descriptions_are_shortened_and_the_prompt_says_so():
    skills = [skill(f"s{n:02}", "word " * 100) for n in range(20)]
    prompt = skills_prompt(skills, location, max_characters=5_000)
    assert 4_800 < len(prompt) <= 5_000
    assert prompt.endswith("Note: descriptions are shortened to save space.\n")
    assert all(item["description"].endswith("…") for item in listed(prompt))


def test_then_they_are_left_out():
    skills = [skill(f"s{n:02}", "word " * 100) for n in range(20)]
    prompt = skills_prompt(skills, location, max_characters=2_700)
    assert len(prompt) <= 2_700
    assert "descriptions are left out" in prompt
    assert [set(item) for item in listed(prompt)] == [{"name", "location"}] * 20


def test_then_skills_are():
    skills = [skill(f"s{n:02}", "word " * 100) for n in range(20)]
    prompt = skills_prompt(skills, location, max_characters=2_000)
    kept = len(listed(prompt))
    assert 0 < kept < 20
    assert f"only {kept} of 20 skills are listed" in prompt
    assert len(prompt) <= 2_000


def test_too_many_skills_are_cut_with_a_note():
    prompt = skills_prompt([skill(f"s{n}") for n in range(9)], location, max_skills=4)
    assert len(listed(prompt)) == 4
    assert prompt.endswith("Note: only 4 of 9 skills are listed to save space.\n")


@pytest.mark.parametrize("budget", range(0, 4_000, 97))
def test_any_budget_gives_a_well_formed_list(budget):
    skills = [skill(f"s{n:02}", "words and more words " * n) for n in range(20)]
    prompt = skills_prompt(skills, location, max_characters=budget)
    assert len(prompt) <= budget or listed(prompt) == []
