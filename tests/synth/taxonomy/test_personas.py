"""Personas: coherent, many, the same for the same seed; and those that users bring along."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import UsageError
from synth.taxonomy import Persona, draw_persona, persona
from synth.taxonomy.locale import locales
from synth.taxonomy.organisation import industries
from synth.taxonomy.persona import space
from synth.taxonomy.persona_files import read_personas

seeds, indices = st.integers(0, 2**31), st.integers(0, 10**6)


@given(seeds, indices)
def test_name_fits_the_locale_and_role_fits_the_industry(seed: int, index: int) -> None:
    drawn = persona(seed, index)
    given_name, _, family = drawn.name.partition(" ")
    assert given_name in locales()[drawn.locale].given
    assert family in locales()[drawn.locale].family
    assert drawn.role in industries()[drawn.industry].roles(drawn.function)
    assert drawn.email.endswith(".example")
    assert drawn.email.isascii()


@given(seeds, indices)
def test_a_persona_is_a_pure_function_of_seed_and_index(seed: int, index: int) -> None:
    assert persona(seed, index) == persona(seed, index)


@given(seeds, indices)
def test_personas_survive_their_file_format(seed: int, index: int) -> None:
    drawn = persona(seed, index)
    assert Persona.model_validate_json(drawn.model_dump_json()) == drawn


def test_a_sample_of_3000_is_all_different_and_the_space_is_large() -> None:
    sample = {persona(1, index).model_dump_json() for index in range(3000)}
    assert len(sample) == 3000
    assert space() >= 100_000


def test_names_and_roles_spread_over_the_space() -> None:
    sample = [persona(2, index) for index in range(3000)]
    assert {person.locale for person in sample} == set(locales())
    assert {person.industry for person in sample} == set(industries())
    assert len({(person.name, person.role) for person in sample}) > 2900


def test_a_persona_can_be_asked_for_by_work() -> None:
    import random

    drawn = draw_persona(random.Random(1), ["health"], ["care"])
    assert (drawn.industry, drawn.function) == ("health", "care")
    with pytest.raises(ValueError, match="none of the industries"):
        draw_persona(random.Random(1), ["household"], ["legal"])


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_of_text_are_descriptions(tmp_path: Path) -> None:
    path = write(tmp_path, "p.txt", "# mine\nA night-owl dispatcher from Gdynia.\n\n- A poet.\n")
    read = read_personas(path)
    assert [person.about for person in read.personas] == [
        "A night-owl dispatcher from Gdynia.",
        "A poet.",
    ]
    assert read.personas[0].role == "dispatcher"
    assert read.personas[0].function == "logistics"
    assert read.personas[1].role == "poet"
    assert [(repair.code, repair.entry) for repair in read.repairs] == [("unknown-role", 2)]


@pytest.mark.parametrize(
    ("text", "role", "private"),
    [
        ("A retired ship captain from Hamburg who repairs clocks.", "retired ship captain", True),
        ("I'm a bee keeper, with 30 hives.", "bee keeper", False),
        ("The grandmother of four who plans the holidays", "grandmother of four", True),
        ("An accountant from Leeds", "accountant", False),
    ],
)
def test_a_description_says_who_somebody_is(
    tmp_path: Path, text: str, role: str, private: bool
) -> None:
    [person] = read_personas(write(tmp_path, "p.txt", text)).personas
    assert person.role == role
    assert person.private is private


@pytest.mark.parametrize(
    "text", ["They like cats and dogs", "Works as a marine guide in Kiel.", "Dr. Smith paints."]
)
def test_a_description_that_names_no_role_names_none(tmp_path: Path, text: str) -> None:
    read = read_personas(write(tmp_path, "p.txt", text))
    assert text.split(maxsplit=1)[0].lower() not in read.personas[0].role.lower()
    assert [repair.code for repair in read.repairs] == ["unknown-role"]


def test_whoever_lives_in_a_known_town_has_a_name_from_there(tmp_path: Path) -> None:
    [person] = read_personas(write(tmp_path, "p.txt", "A nurse in Leeds")).personas
    assert person.locale == "en-GB"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.jsonl", '{"full_name": "Ada Moss", "job": "bookkeeper"}\n'),
        ("p.json", '{"personas": [{"Full Name": "Ada Moss", "job": "bookkeeper"}]}'),
        ("p.csv", "full_name,job\nAda Moss,bookkeeper\n"),
    ],
)
def test_every_format_gives_the_same_person(tmp_path: Path, name: str, text: str) -> None:
    (person,) = read_personas(write(tmp_path, name, text)).personas
    assert (person.name, person.role, person.function) == ("Ada Moss", "bookkeeper", "finance")


def test_what_is_written_as_a_persona_is_read_back_unchanged(tmp_path: Path) -> None:
    people = [persona(3, index) for index in range(20)]
    text = "".join(person.model_dump_json() + "\n" for person in people)
    assert read_personas(write(tmp_path, "p.jsonl", text)).personas == people


def test_repairs_are_reported_by_code(tmp_path: Path) -> None:
    entries = [
        '{"role": "falconer"}',
        '{"role": "falconer"}',
        "no json",
        '{"about": ""}',
        '{"role": "paralegal", "tone": "angry", "locale": "xx-XX", "shoe": 44}',
        "[1]",
    ]
    read = read_personas(write(tmp_path, "p.jsonl", "\n".join(entries)))
    codes = [(repair.entry, repair.code) for repair in read.repairs]
    assert codes == [
        (1, "unknown-role"),
        (2, "duplicate-entry"),
        (3, "unreadable-entry"),
        (4, "empty-entry"),
        (5, "unknown-field"),
        (5, "bad-value"),
        (5, "bad-value"),
        (6, "unreadable-entry"),
    ]
    assert [person.role for person in read.personas] == ["falconer", "paralegal"]


@pytest.mark.parametrize(("name", "text"), [("p.json", "{"), ("p.jsonl", "\n"), ("p.txt", "#x")])
def test_a_file_without_personas_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(UsageError, match=r"p\."):
        read_personas(write(tmp_path, name, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read personas"):
        read_personas(tmp_path / "none.txt")


@given(st.lists(st.dictionaries(st.text(max_size=8), st.text(max_size=12)), max_size=6))
def test_any_objects_are_read_or_reported(entries: list[dict[str, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), "p.json", json.dumps([*entries, "A gardener."]))
        read = read_personas(path)
    dropped = {"unreadable-entry", "empty-entry", "duplicate-entry"}
    left_out = sum(repair.code in dropped for repair in read.repairs)
    assert len(read.personas) + left_out == len(entries) + 1
