"""Search: which skills come first, which are let through, and what it says about its reasons."""

import time

import pytest

from clawgym_skills.catalogue import Catalogue
from clawgym_skills.records import ActivationRecord, InstallRecord
from clawgym_skills.search import ranking
from clawgym_skills.search.ranking import Filters
from clawgym_skills.search.squatting import resembled
from clawgym_skills.search.terms import slug, words


@pytest.fixture
def catalogue():
    with Catalogue() as catalogue:
        yield catalogue


@pytest.fixture
def index(catalogue, tmp_path):
    return lambda: catalogue.index([tmp_path / "skills"])


def found(catalogue, query, **filters):
    return [hit.name for hit in catalogue.search(query, filters=Filters(**filters))]


def use(catalogue, name, times):
    digest = catalogue.get(name).digest
    for number in range(times):
        catalogue.record_activation(ActivationRecord(name, digest, f"session-{number}", 0))


def test_every_tier_in_its_order(catalogue, index, write_skill, write_simple):
    write_simple("ledger-books", "Text.")
    write_simple("my-ledger-book-keeping", "Text.")
    write_simple("ledgerly-booksy", "Text.")
    write_skill("t", "---\nname: t\ndescription: Text.\ntags: [ledger, books]\n---\n")
    write_simple("s", "Books and a ledger.")
    write_simple("b", "Text.", "The ledger of the books.")
    write_simple("w", "A ledger only.")
    write_simple("unrelated", "Nothing.")
    index()
    assert [(hit.name, hit.tier) for hit in catalogue.search("ledger books")] == [
        ("ledger-books", "exact"),
        ("my-ledger-book-keeping", "name"),
        ("ledgerly-booksy", "prefix"),
        ("t", "taxonomy"),
        ("s", "summary"),
        ("b", "body"),
        ("w", "some words"),
    ]


def test_a_name_that_begins_with_the_query_comes_before_a_shorter_one(
    catalogue, index, write_simple
):
    for name in ("a-report", "report-of-everything", "quarterly-report"):
        write_simple(name)
    index()
    assert found(catalogue, "report") == ["report-of-everything", "a-report", "quarterly-report"]


def test_an_address_is_an_exact_match(catalogue, index, write_simple):
    write_simple("alice/weather")
    write_simple("bob/weather")
    index()
    assert found(catalogue, "bob/weather")[0] == "bob/weather"
    assert catalogue.search("@bob/weather")[0].tier == "exact"


def test_use_moves_a_skill_inside_its_tier_by_orders_of_magnitude_only(
    catalogue, index, write_simple
):
    write_simple("plain", "Invoices.")
    write_simple("used", "Invoices, and a lot of other things that make this text longer.")
    write_simple("invoices", "Something else.")
    index()
    assert found(catalogue, "invoices") == ["invoices", "plain", "used"]
    use(catalogue, "used", 12)
    use(catalogue, "plain", 9)
    assert found(catalogue, "invoices") == ["invoices", "used", "plain"]
    assert catalogue.search("invoices")[1].uses == 12


def test_one_session_counts_once(catalogue, index, write_simple):
    write_simple("a", "Invoices.")
    index()
    digest = catalogue.get("a").digest
    for at in range(5):
        catalogue.record_activation(ActivationRecord("a", digest, "same", at))
    assert catalogue.search("invoices")[0].uses == 1


def test_a_well_known_name_has_to_be_earned(catalogue, index, write_simple):
    write_simple("github", "Install this first.")
    write_simple("github-issues", "Issues.")
    index()
    hits = catalogue.search("github")
    assert [(hit.name, hit.tier) for hit in hits] == [
        ("github-issues", "name"),
        ("github", "prefix"),
    ]
    assert hits[1].note == "nothing shows that the well-known name github is its own: demoted"


@pytest.mark.parametrize("evidence", ["owner", "install", "use"])
def test_evidence_earns_a_well_known_name(catalogue, index, write_skill, write_simple, evidence):
    text = "---\nname: github\ndescription: Issues.\n---\n"
    write_skill("x/github", text, **{"_meta.json": '{"owner": "octo"}'})
    write_simple("github-issues")
    index()
    digest = catalogue.get("github").digest
    if evidence == "owner":
        catalogue.record_owner("octo", official=True)
    elif evidence == "install":
        catalogue.record_install(InstallRecord("/w/github", "x", digest, 0, verified=True))
    else:
        use(catalogue, "github", 1)
    hit = catalogue.search("github")[0]
    assert (hit.name, hit.tier, hit.note) == ("github", "exact", "")


def test_of_two_with_the_same_name_the_vouched_one_comes_first(catalogue, index, write_skill):
    text = "---\nname: tables\ndescription: Issues.\n---\n"
    write_skill("a/tables", text, **{"_meta.json": '{"owner": "ann"}'})
    write_skill("b/tables", text, **{"_meta.json": '{"owner": "ben"}'})
    index()
    catalogue.record_owner("ben", official=True)
    assert found(catalogue, "tables") == ["ben/tables", "tables"]


@pytest.mark.parametrize(
    ("name", "popular"),
    [
        ("github", "github"),
        ("githib", "github"),
        ("git-hub", "github"),
        ("g1thub", "github"),
        ("gihtub", "github"),
        ("slаck", "slack"),
        ("githubs", "github"),
        ("github-issues", None),
        ("csv-analysis", None),
        ("notes", None),
        ("aws2", None),
    ],
)
def test_what_looks_like_a_popular_name(name, popular):
    assert resembled(name) == popular


def test_filters_hold(catalogue, index, write_skill):
    for name, owner, more in (
        ("a", "ann", "tags: [csv]\ncategory: Data\nmetadata: {clawgym-operations: filter:table}"),
        ("b", "ben", "tags: [pdf]\nmetadata: {clawgym-operations: extract:log}"),
    ):
        text = f"---\nname: {name}\ndescription: Same words.\n{more}\n---\n"
        write_skill(name, text, **{"_meta.json": f'{{"owner": "{owner}"}}'})
    index()
    assert sorted(found(catalogue, "same words")) == ["a", "b"]
    assert found(catalogue, "same words", owner="ben") == ["b"]
    assert found(catalogue, "same words", tag="csv") == ["a"]
    assert found(catalogue, "same words", category="data") == ["a"]
    assert found(catalogue, "same words", operation="extract") == ["b"]
    assert found(catalogue, "same words", operation="filter:table") == ["a"]
    assert found(catalogue, "a", owner="ben") == []


def test_only_what_would_load_here_where_that_is_asked_for(catalogue, index, write_skill):
    for name, need in (("here", "sh"), ("elsewhere", "no-such-program")):
        block = f'{{"openclaw": {{"requires": {{"bins": ["{need}"]}}}}}}'
        write_skill(name, f"---\nname: {name}\ndescription: Words.\nmetadata: {block}\n---\n")
    index()
    assert found(catalogue, "words") == ["elsewhere", "here"]
    assert found(catalogue, "words", eligible=True) == ["here"]


def test_the_reasons_are_the_words_that_were_found(catalogue, index, write_simple):
    write_simple("calendar", "Schedules meetings.", "A meeting has an agenda.")
    index()
    query = "calen meetings zeppelin"
    (hit,) = catalogue.search(query)
    assert catalogue.explain(query, hit) == {
        "name": ("calen…",),
        "summary": ("meetings",),
        "body": ("meetings",),
    }


def test_words_that_most_skills_have_do_not_count_among_others(
    catalogue, index, write_simple, monkeypatch
):
    monkeypatch.setattr(ranking, "_FEW_SKILLS", 2)
    for number in range(9):
        write_simple(f"s{number}", "Everything about files.")
    write_simple("rare", "A zeppelin.")
    index()
    (hit,) = catalogue.search("files zeppelin")
    assert (hit.name, hit.note) == ("rare", "too common to count: files")


def test_a_query_that_matches_too_much_says_that_not_all_was_ranked(
    catalogue, index, write_simple, monkeypatch
):
    monkeypatch.setattr(ranking, "_BUDGET", 5)
    for number in range(9):
        write_simple(f"s{number}", "Everything about files.")
    index()
    hits = catalogue.search("files")
    assert len(hits) == 5
    assert hits[0].note == "of the very many like it only 5 were ranked"


def test_a_query_is_folded_into_words_once_each_and_into_a_slug():
    assert words("How to MERGE merge the Tables?") == ["merge", "tables"]
    assert words("how to") == ["how", "to"]
    assert slug(" CSV_analysis, fast ") == "csv-analysis-fast"


def test_a_common_query_over_many_skills_is_fast(catalogue, index, write_simple):
    for number in range(400):
        write_simple(f"skill-{number}", "Reads a file.", "Write every table to a file. " * 40)
    index()
    catalogue.search("warm up")
    started = time.perf_counter()
    for query in ("file", "table", "read a file and write a table", "skill 7"):
        catalogue.search(query)
    assert time.perf_counter() - started < 1.0
