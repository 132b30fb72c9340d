"""How good the search over skills is, on labelled queries, next to plain FTS5 with BM25.

    python benchmarks/search_quality.py [--distractors 600] [--misses]

The queries are in search_queries.toml. The catalogue holds the bundled skills and distractors:
skills about other things whose long texts use the same everyday words. The baseline is one FTS5
table over name, description and body with its default tokenizer and BM25, asked for any of the
words. nDCG is over the first ten with gains 3 and 1 for the labels 2 and 1.
"""

import argparse
import math
import random
import sqlite3
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from clawgym_skills.bundle import bundled_directory
from clawgym_skills.catalogue import Catalogue
from clawgym_skills.search.terms import words

Search = Callable[[str], Sequence[str]]

TOPICS = {
    "weather": "Forecast rain, wind and temperature for a city.",
    "crypto-wallet": "Watch balances and token prices on several chains.",
    "smart-lights": "Switch lamps, scenes and colours in every room.",
    "music-player": "Play songs, albums and playlists on a speaker.",
    "flight-search": "Find flights, fares and seats between airports.",
    "recipe-planner": "Plan meals for a week and make a shopping basket.",
    "fitness-coach": "Track runs, sleep and heart rate of an athlete.",
    "video-editor": "Cut clips, add captions and render a film.",
    "image-generator": "Draw pictures from a prompt in many styles.",
    "stock-ticker": "Follow quotes, dividends and earnings of companies.",
    "home-camera": "Show live streams and motion alarms of cameras.",
    "language-tutor": "Practise vocabulary, grammar and dialogues.",
    "garden-helper": "Water, prune and seed at the right season.",
    "chess-trainer": "Play openings and endgames against an engine.",
    "kubernetes-ops": "Scale, restart and inspect pods of a cluster.",
    "social-poster": "Schedule posts and answer replies on networks.",
    "car-charger": "Start, stop and price the charging of a car.",
    "podcast-studio": "Record, level and publish episodes of a show.",
    "travel-visa": "Say which visa a passport needs for a country.",
    "dream-journal": "Write down dreams and find symbols in them.",
}
KINDS = ["", "-pro", "-lite", "-agent", "-assistant", "-toolkit", "-daily", "-cloud", "-plus"]
EVERYDAY = """
file files table tables csv json markdown log logs error errors mail email message report
convert export import merge join split sort list folder duplicate link links page web test
tests run check schema field fields record records row rows sum tax date time calendar meeting
notes text word excel sheet setting config patch change changes version release sample rank
compare extract copy share customer data output input read write find search summary document
number code project
"""


@dataclass(frozen=True)
class Scores:
    recall: float
    reciprocal: float
    ndcg: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--distractors", type=int, default=600)
    parser.add_argument("--misses", action="store_true", help="print queries not answered first")
    options = parser.parse_args()
    queries = tomllib.loads(Path(__file__).with_name("search_queries.toml").read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="search-") as scratch:
        root = Path(scratch)
        write_distractors(root / "others", options.distractors)
        with Catalogue(root / "catalogue.sqlite") as catalogue:
            catalogue.index([bundled_directory(), root / "others"])
            searches: dict[str, Search] = {
                "clawgym": lambda query: [hit.name for hit in catalogue.search(query, 10)],
                "plain BM25": plain(catalogue),
            }
            print(f"{'':<12}{'queries':<12}{'count':>6}{'recall@5':>10}{'MRR':>8}{'nDCG@10':>9}")
            for name, search in searches.items():
                report(name, search, queries, misses=options.misses)


def report(name: str, search: Search, queries: Mapping[str, list[dict]], *, misses: bool) -> None:
    every: list[Scores] = []
    for kind, asked in queries.items():
        scores = [judge(search(one["ask"]), one["want"]) for one in asked]
        every += scores
        print(row(name, kind, scores))
        for one, score in zip(asked, scores, strict=True) if misses else ():
            if score.reciprocal < 1:
                print(f"    {one['ask']}: {list(search(one['ask']))[:4]}")
    print(row(name, "all", every))


def row(name: str, kind: str, scores: Sequence[Scores]) -> str:
    return (
        f"{name:<12}{kind:<12}{len(scores):>6}{mean(one.recall for one in scores):>10.3f}"
        f"{mean(one.reciprocal for one in scores):>8.3f}{mean(one.ndcg for one in scores):>9.3f}"
    )


def judge(found: Sequence[str], want: Mapping[str, int]) -> Scores:
    best = [rank for rank, name in enumerate(found, 1) if want.get(name) == 2]
    ideal = gain(sorted(want.values(), reverse=True))
    return Scores(
        recall=sum(name in want for name in found[:5]) / min(5, len(want)),
        reciprocal=1 / best[0] if best else 0.0,
        ndcg=gain([want.get(name, 0) for name in found[:10]]) / ideal,
    )


def gain(labels: Sequence[int]) -> float:
    return sum((2**label - 1) / math.log2(rank + 1) for rank, label in enumerate(labels, 1))


def plain(catalogue: Catalogue) -> Search:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE plain USING fts5 (name, description, body)")
    names: list[str] = []
    for skill in catalogue.iterate():
        names.append(skill.id)
        values = (len(names), skill.name, skill.description, skill.body)
        connection.execute(
            "INSERT INTO plain (rowid, name, description, body) VALUES (?,?,?,?)", values
        )

    def search(query: str) -> list[str]:
        expression = " OR ".join(f'"{word}"' for word in words(query))
        rows = connection.execute(
            "SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY rank LIMIT 10", (expression,)
        )
        return [names[rowid - 1] for (rowid,) in rows]

    return search


def write_distractors(root: Path, count: int) -> None:
    random_number = random.Random(11)
    topics, everyday = list(TOPICS.items()), EVERYDAY.split()
    for number in range(count):
        topic, description = topics[number % len(topics)]
        kind = KINDS[number // len(topics) % len(KINDS)]
        name = f"{topic}{kind}" + (f"-{number // 200}" if number >= 200 else "")
        length = random_number.choice((40, 150, 400, 900))
        text = " ".join(random_number.choice(everyday) for _ in range(length))
        tail = f"Use to {' and '.join(random_number.sample(everyday, 2))}." if number % 3 else ""
        folder = root / f"{number:04}" / name
        folder.mkdir(parents=True)
        content = (
            f"---\nname: {name}\ndescription: {description} {tail}\n---\n# {name}\n\n{text}.\n"
        )
        (folder / "SKILL.md").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
