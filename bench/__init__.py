"""Benchmarks: what a run shows, how sure it is, and a report that a person can open.

- `statistics`: intervals, paired comparisons, pass rates; the standard library only
- `leaderboard`: one row a harness; `breakdown`: scores by operation, difficulty and skill
- `table`: the leaderboard for a terminal
- `report`: one self-contained HTML file, from `templates/` and
  `task_page`, `timeline`, `passage`, `heatmap`, `graph_layout`, `graph_svg`, `excerpt`
- `cli`: `clawgym bench`

The names below are imported when they are first used, so that the command line starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.leaderboard import Leaderboard, compare_harnesses, rank
    from bench.report import write_report
    from bench.table import render_table

__all__ = ["Leaderboard", "compare_harnesses", "rank", "render_table", "write_report"]

_HOMES = {
    "Leaderboard": "bench.leaderboard",
    "compare_harnesses": "bench.leaderboard",
    "rank": "bench.leaderboard",
    "render_table": "bench.table",
    "write_report": "bench.report",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
