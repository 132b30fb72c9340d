"""Settings: coherent by construction, and told in words that fit."""

import os
import random
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.errors import UsageError
from synth.taxonomy import (
    Domain,
    closing,
    domains,
    domains_of,
    make_setting,
    opening,
    persona,
    subcategories,
)
from synth.taxonomy.opening import Style, with_article
from synth.taxonomy.setting import suits

seeds = st.integers(0, 2**32)
styles = st.sampled_from(["brief", "spec"])


@given(seeds)
def test_the_data_are_the_work_of_whoever_asks(seed: int) -> None:
    setting = make_setting(random.Random(seed))
    assert setting.subcategory in setting.domain.subcategories
    assert suits(setting.domain, setting.persona)
    assert setting.period.end < setting.today


@given(seeds)
def test_a_setting_is_a_function_of_its_seed(seed: int) -> None:
    assert make_setting(random.Random(seed)) == make_setting(random.Random(seed))


@given(seeds, st.sampled_from(sorted(subcategories())))
def test_what_is_asked_for_is_kept(seed: int, name: str) -> None:
    asked = persona(seed, 0)
    setting = make_setting(random.Random(seed), subcategory=name, persona=asked)
    assert setting.persona is asked
    assert setting.domain in domains_of(name)


@given(seeds, st.sampled_from(domains()))
def test_a_domain_brings_its_subcategory(seed: int, domain: Domain) -> None:
    setting = make_setting(random.Random(seed), domain=domain)
    assert setting.subcategory in setting.domain.subcategories


def test_an_unknown_subcategory_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="meeting-notes"):
        make_setting(random.Random(1), subcategory="cooking")


def test_all_subcategories_are_drawn() -> None:
    drawn = {make_setting(random.Random(seed)).subcategory for seed in range(600)}
    assert drawn == set(subcategories())


@given(seeds)
def test_results_lie_elsewhere_than_sources(seed: int) -> None:
    setting = make_setting(random.Random(seed))
    source, result = setting.source_folder, setting.result_folder
    assert "{" not in source + result
    assert not f"{result}/".startswith(f"{source}/")
    assert not f"{source}/".startswith(f"{result}/")


@given(seeds, styles)
def test_openings_and_closings_are_whole_sentences(seed: int, style: Style) -> None:
    rng = random.Random(seed)
    setting = make_setting(rng)
    said, end = opening(rng, setting, style), closing(rng, setting, style)
    for text in (said, end):
        assert "{" not in text
        assert "  " not in text
        assert not text or text[-1] in ".?"
    assert said[0].isupper()


@given(seeds)
def test_nobody_speaks_for_a_house_in_private(seed: int) -> None:
    rng = random.Random(seed)
    setting = make_setting(rng, subcategory="household-decisions")
    if setting.persona.private:
        assert setting.persona.organisation not in opening(rng, setting, "brief")


@pytest.mark.parametrize(
    ("noun", "said"),
    [
        ("accountant", "an accountant"),
        ("HR officer", "an HR officer"),
        ("user researcher", "a user researcher"),
        ("SEO consultant", "an SEO consultant"),
        ("case", "a case"),
    ],
)
def test_articles(noun: str, said: str) -> None:
    assert with_article(noun) == said


def test_the_hash_seed_of_the_process_does_not_matter() -> None:
    told = {_told_under(hash_seed) for hash_seed in ("0", "1", "77")}
    assert len(told) == 1


def _told_under(hash_seed: str) -> str:
    script = (
        "import random; from synth.taxonomy import make_setting, opening, persona\n"
        "for n in range(40):\n"
        "    rng = random.Random(n)\n"
        "    print(persona(7, n), s := make_setting(rng, persona=persona(7, n)))\n"
        "    print(opening(rng, s, 'brief'))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        check=True,
    )
    return ran.stdout.decode()
