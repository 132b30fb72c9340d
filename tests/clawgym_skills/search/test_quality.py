"""The labelled queries of `benchmarks/search_quality.py`: what the ranking must not fall below."""

import tomllib
from pathlib import Path
from statistics import mean

import pytest

from benchmarks import search_quality
from clawgym_skills import bundled_directory
from clawgym_skills.catalogue import Catalogue

QUERIES = tomllib.loads(
    Path(search_quality.__file__).with_name("search_queries.toml").read_text("utf-8")
)
ASKED = [one for queries in QUERIES.values() for one in queries]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    others = tmp_path_factory.mktemp("others")
    search_quality.write_distractors(others, 100)
    with Catalogue() as catalogue:
        catalogue.index([bundled_directory(), others])
        yield catalogue


def test_there_are_enough_queries_and_every_answer_exists(catalogue):
    assert len({one["ask"] for one in ASKED}) == len(ASKED) >= 60
    assert {name for one in ASKED for name in one["want"]} <= set(catalogue.names())


def test_the_ranking_is_better_than_plain_full_text_search(catalogue):
    def quality(search):
        scores = [search_quality.judge(search(one["ask"]), one["want"]) for one in ASKED]
        return mean(score.reciprocal for score in scores), mean(score.ndcg for score in scores)

    ours = quality(lambda query: [hit.name for hit in catalogue.search(query)])
    plain = quality(search_quality.plain(catalogue))
    assert ours[0] > max(0.85, plain[0] + 0.05)
    assert ours[1] > max(0.85, plain[1] + 0.05)
