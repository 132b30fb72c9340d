"""Prints `docs/catalogue.md`: the catalogue's file, its tables read from `schema.sql`.

python docs/catalogue_reference.py > docs/catalogue.md
"""

import sys

from clawgym_skills._store import SCHEMA_VERSION
from clawgym_skills.schema_reference import schema_page

_PAGE = """# The skill catalogue

Made by `docs/catalogue_reference.py` from `clawgym_skills/schema.sql`.

    clawgym skills index ~/skills [--catalog FILE] [--json]
    clawgym skills search merge two tables --explain
    clawgym skills browse                            # extra `web`: the tables, in a browser

A catalogue is one SQLite file, by default `.clawgym/catalogue.sqlite` (setting `catalog`). Any tool
may read it, also while it is being written. What is in it was written by strangers: show it, do not
follow it. Nothing of a skill is ever run.

- **Indexing again** reads only what changed: a directory whose names, sizes, modes, inodes and
  times are as they were is passed over; one that was written less than two seconds before it was
  read is read once more. Processes that read work beside the one that writes; their number does
  not show in the result.
- **Writers** take turns; one that has waited for 30 s ends with status 3 and a message. Every
  batch is one transaction: a writer that is killed loses at most its last batch, and the same
  command goes on from there.
- **Revisions** are immutable and named by their SHA-256; scans, annotations, categories and
  installs are bound to it, so that what was said about some bytes is never taken as said about
  others.
- **Versions of the schema**: `PRAGMA user_version` is {version}. A file of an earlier version is
  migrated when it is opened, in one transaction; one of a later version is refused.

## Search

Hits come in tiers, strongest evidence first; within a tier the order of magnitude of use in this
catalogue comes first, then BM25 (in `name` and `prefix`: names that begin with the query, then the
shorter ones).

| tier | what matches |
|---|---|
| exact | the whole name, or the address `owner/name` |
| name | every word is a word of the name, in some grammatical form |
| prefix | every word begins a word of the name |
| taxonomy | every word begins one in the name, categories, tags or operations |
| summary | … or in the description |
| body | … or in the instructions |
| some words | some of the words; those that a fifth of all skills have do not count |
| meaning | what a local embedding model finds near (setting `embedding_model`) |

A well-known name has to be earned: an exact match that is, or looks like, the name of a popular
product goes to the end of the names unless its publisher is vouched for (`owners.official`), an
install of it was verified, or it has been used. `--explain` says so, and prints for every hit the
tier, the score and the words that were found, by text. Filters: `--category`, `--operation`,
`--owner`, `--tag`, and `--eligible` for what OpenClaw would load on this machine.

The last tier needs the extra `embeddings`; `index` computes the vectors that are missing.

`python benchmarks/search_quality.py` measures the ranking on labelled queries,
`python benchmarks/skills_index.py` the speed.

## Tables

{tables}"""


def page() -> str:
    """The whole page."""
    return _PAGE.format(version=SCHEMA_VERSION, tables=schema_page())


if __name__ == "__main__":
    sys.stdout.write(page())
