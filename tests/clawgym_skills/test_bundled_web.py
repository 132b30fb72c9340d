"""html-extract, site-crawl, text-search and markdown-check: pages, sites and documentation."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clawgym_skills.bundled_scripts import Workspace, load, script_of


@pytest.fixture
def html(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("html-extract"))


@pytest.fixture
def site(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("site-crawl"))


@pytest.fixture
def search(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("text-search"))


@pytest.fixture
def markdown(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path, script_of("markdown-check"))


def rows(workspace: Workspace, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(workspace.read(name))))


# -- html-extract ---------------------------------------------------------------------------


def test_cells_that_span_are_repeated_and_the_rest_is_filled_up(html: Workspace):
    html.write(
        "p.html",
        "<table><tr><th>A<th>B<th>A<th></tr>"
        "<tr><td rowspan=2>1<td colspan=2>2<td>3</tr><tr><td>4</tr>"
        "<tr><td rowspan=99>5</tr></table>",
    )
    html.ok("table", "p.html", "-o", "t.json")
    assert json.loads(html.read("t.json")) == [
        {"A": 1, "B": 2, "A_2": 2, "column_4": 3},
        {"A": 1, "B": 4, "A_2": "", "column_4": ""},
        {"A": 5, "B": "", "A_2": "", "column_4": ""},
    ]


def test_unclosed_tags_scripts_and_nested_tables(html: Workspace):
    html.write(
        "p.html",
        "<p>One<p>Two <script>if (a < b) document.write('<p>no')</script><ul><li>x<li>y</ul>"
        "<table><tr><td>out<table><tr><td>in</table></table>end",
    )
    html.ok("text", "p.html", "-o", "t.md")
    text = html.read("t.md")
    assert text.startswith("One\n\nTwo\n\n- x\n- y\n")
    assert "document.write" not in text
    assert text.endswith("end\n")
    assert "2 tables" in html.ok("show", "p.html")
    html.ok("table", "p.html", "-o", "t.csv", "--number", "2")
    assert html.read("t.csv") == "in\n"


@pytest.mark.parametrize(
    "data",
    [
        "<meta charset=latin1><p>Olá".encode("latin-1"),
        "<p>Olá".encode("cp1252"),
        "<p>Olá".encode("utf-16"),
        "<p>Olá".encode("utf-8-sig"),
        "<meta charset='no-such'><p>Olá".encode(),
    ],
)
def test_pages_in_any_encoding_are_read(html: Workspace, data: bytes):
    html.write("p.html", data)
    html.ok("text", "p.html", "-o", "t.md")
    assert html.read("t.md") == "Olá\n"


def test_what_is_not_there_is_said(html: Workspace):
    html.write("p.html", "")
    assert "0 tables, none is number 1" in html.refused("table", "p.html", "-o", "t.csv")
    assert "cannot read" in html.refused("text", "gone.html", "-o", "t.md")
    html.write("p.png", b"\x89PNG\0\0\0")
    assert "no HTML page" in html.refused("text", "p.png", "-o", "t.md")
    html.ok("links", "p.html", "-o", "l.csv")
    assert html.read("l.csv") == "text,target\n"


@given(st.text(alphabet="<>/table trdhpaspn='\"123!-&;", max_size=120))
@settings(max_examples=200)
def test_any_markup_gives_rectangles(markup: str):
    module = load("html-extract")
    page = module.Page()
    page.feed(markup)
    page.close()
    for table in page.tables:
        assert len({len(line) for line in module.grid_of(table)}) <= 1


# -- site-crawl -----------------------------------------------------------------------------


def test_every_way_of_writing_a_link(site: Workspace):
    site.write(
        "s/index.html",
        '<a href="a%20b.html#x">1</a><a href="/d/">2</a><a href="d">3</a><a href="?q=1">4</a>'
        '<a href="#top">5</a><a href="MAILTO:x@y.org">6</a><a href="//cdn/x">7</a>'
        '<a href="../out.html">8</a><a href="javascript:void(0)">9</a><a href="gone.png">10</a>'
        '<a href="">11</a><a name="old"></a><a href="#old">12</a>',
    )
    site.write("s/a b.html", '<p id="x">')
    site.write("s/d/index.html", '<a href="../index.html#nope">up</a>')
    outcome = site.run("check", "s", "-o", "f.csv")
    assert outcome.status == 1
    found = [(row["page"], row["target"], row["problem"]) for row in rows(site, "f.csv")]
    assert found == [
        ("index.html", "../out.html", "outside"),
        ("index.html", "gone.png", "missing"),
        ("d/index.html", "../index.html#nope", "anchor"),
    ]
    site.ok("pages", "s", "-o", "p.csv")
    assert [row["path"] for row in rows(site, "p.csv")] == [
        "index.html",
        "a b.html",
        "d/index.html",
    ]


def test_a_circle_of_links_ends(site: Workspace):
    for number in range(50):
        site.write(f"s/{number}.html", f'<a href="{(number + 1) % 50}.html">next</a>')
    printed = site.ok("check", "s", "--start", "0.html")
    assert printed == "50 pages, 0 external links, 0 problems\n"


def test_a_site_without_a_start_page_is_refused(site: Workspace):
    site.write("s/x.html", "")
    assert "has no page index.html" in site.refused("check", "s")
    assert "not a folder" in site.refused("check", "nowhere")


# -- text-search ----------------------------------------------------------------------------


def test_rare_words_and_short_passages_win(search: Workspace):
    search.write("d/a.md", "the plan\n\n" * 20 + "filler " * 200 + "notice\n")
    search.write("d/b.txt", "Notice period: one month.\n")
    search.ok("find", "the notice", "d", "-o", "h.json")
    hits = json.loads(search.read("h.json"))
    assert (hits[0]["file"], hits[0]["line"], hits[0]["rank"]) == ("d/b.txt", 1, 1)
    assert len(hits) == 10


def test_accents_case_plurals_and_required_words(search: Workspace):
    search.write("a.md", "Políticas de CANCELAMENTO\n\npolitica nova\n")
    assert search.ok("find", "política", "a.md").endswith("2 of 2 matches\n")
    assert search.ok("find", 'política "cancelamento"', "a.md").endswith("1 of 1 matches\n")
    assert search.run("find", "inexistente", "a.md").status == 1


def test_binary_files_and_hidden_folders_are_passed_over(search: Workspace):
    search.write("d/x.bin", b"word\0word")
    search.write("d/.git/x.md", "word")
    search.write("d/latin.txt", "word é".encode("latin-1"))
    outcome = search.run("phrase", "WORD", "d")
    assert outcome.out == "d/latin.txt:1: word �\n1 of 1 matches\n"
    assert "1 binary files" in outcome.err
    assert "does not exist" in search.refused("find", "word", "nowhere")
    assert "holds no word" in search.refused("find", "?!", "d")


def test_a_long_file_is_read_in_pieces(search: Workspace):
    search.write("big.txt", "needle hay\n" + "hay hay hay\n" * 200_000 + "needle\n")
    assert search.ok("find", "needle", "big.txt").endswith("2 of 2 matches\n")


# -- markdown-check -------------------------------------------------------------------------


def checked(workspace: Workspace, *arguments: str) -> list[tuple[str, str]]:
    workspace.run("check", *arguments, "-o", "f.csv")
    return [(row["rule"], row["found"]) for row in rows(workspace, "f.csv")]


def test_links_in_code_comments_and_definitions(markdown: Workspace):
    markdown.write(
        "a.md",
        "# A\n`[x](no.md)`\n\n```\n[x](no.md)\n```\n~~~~\n```\n[x](no.md)\n~~~~\n"
        "<!-- [x](no.md) -->\n"
        '[ok](<b c.md>) [ok](b%20c.md "title") [r][ref] [bad][nope] [empty]()\n\n[ref]: gone.md\n',
    )
    markdown.write("b c.md", "")
    assert checked(markdown, "a.md") == [
        ("empty-link", ""),
        ("undefined-reference", "[bad][nope]"),
        ("missing-file", "gone.md"),
    ]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Hello, World!", "hello-world"),
        ("`code` & *more*", "code--more"),
        ("Über_uns – Größe", "über_uns--größe"),
        ("A [link](x) here", "a-link-here"),
        ("Own {#mine}", "mine"),
        ("Closed ##", "closed"),
    ],
)
def test_anchors_follow_the_rule_of_github(markdown: Workspace, heading: str, anchor: str):
    markdown.write("a.md", f"# T\n## {heading}\n[x](#{anchor}) [y](x)\n")
    markdown.write("x", "")
    assert checked(markdown, "a.md") == []


def test_headings_that_repeat_or_jump(markdown: Workspace):
    markdown.write("a.md", "# T\n## A\n#### Deep\n## A\n[second](#a-1)\n")
    assert checked(markdown, "a.md") == [("skipped-level", "Deep"), ("duplicate-heading", "A")]


def test_links_out_of_the_root_and_across_files(markdown: Workspace):
    markdown.write("docs/a.md", "[up](../../etc/passwd) [root](/docs/b.md#x) [b](b.md#y)\n")
    markdown.write("docs/b.md", '<a id="y"></a>\n')
    assert checked(markdown, "docs") == [
        ("missing-anchor", "/docs/b.md#x"),
        ("outside", "../../etc/passwd"),
    ]


def test_contents_keep_every_other_byte(markdown: Workspace):
    before = b"# T\r\n<!-- toc -->\r\nold\r\n<!-- /toc -->\r\n## A `b`\r\n\r\ntext  \r\n### C\r\n"
    markdown.write("a.md", before)
    assert markdown.run("toc", "a.md", "--check").status == 1
    markdown.ok("toc", "a.md")
    after = (markdown.root / "a.md").read_bytes()
    assert after == before.replace(b"old\r\n", b"- [A `b`](#a-b)\r\n  - [C](#c)\r\n")
    markdown.ok("toc", "a.md", "--check")
    markdown.write("b.md", "# T\n")
    assert "has no <!-- toc -->" in markdown.refused("toc", "b.md")
