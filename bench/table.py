"""The leaderboard for a terminal, eighty columns wide for harness names of up to 14 characters."""

from collections.abc import Callable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.excerpt import visible
from bench.leaderboard import Cost, Leaderboard, Row
from bench.statistics import Interval, Verdict

_NONE = "-"
_SAME = "≈"
_WIDTH = 80


def table_console() -> Console:
    """A console for `render_table`: narrower terminals wrap its lines, so that no figure is cut."""
    console = Console()
    console.width = max(console.width, _WIDTH)
    return console


def render_table(board: Leaderboard) -> Table:
    """One line a harness: score, interval, distance to the first row, coverage, pass rate, cost."""
    columns: dict[str, Callable[[Row], str]] = {
        "harness": lambda row: row.harness,
        "score": lambda row: _NONE if row.score is None else f"{row.score:.3f}",
        f"{board.confidence:.0%}": lambda row: _interval(row.interval),
        "vs first": _against_top,
        "graded": lambda row: f"{row.graded}/{row.total}",
        f"pass^{board.attempts}": lambda row: (
            f"{row.pass_rate.value:.2f}" if row.pass_rate else _NONE
        ),
        "turns": _cost(lambda cost: f"{cost.turns:.1f}"),
        "calls": _cost(lambda cost: f"{cost.tool_calls:.1f}"),
        "tokens": _cost(lambda cost: _short(cost.prompt_tokens + cost.completion_tokens)),
        "secs": _cost(lambda cost: f"{cost.seconds:.2f}"),
    }
    table = Table(
        box=None,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        header_style="bold",
        caption_justify="left",
    )
    for name in columns:
        table.add_column(
            name,
            justify="left" if name == "harness" else "right",
            no_wrap=name != "harness",
            overflow="fold",
        )
    for row in board.rows:
        table.add_row(*(Text(visible(show(row))) for show in columns.values()))
    if _SAME in map(_against_top, board.rows):
        table.caption = f"{_SAME} not distinguishable from the first row"
    return table


def _against_top(row: Row) -> str:
    if row.against_top is None:
        return ""
    if row.against_top.difference is None or row.against_top.verdict is Verdict.INDISTINGUISHABLE:
        return _SAME
    return f"{row.against_top.difference:+.3f}"


def _cost(show: Callable[[Cost], str]) -> Callable[[Row], str]:
    return lambda row: show(row.cost) if row.cost else _NONE


def _interval(interval: Interval | None) -> str:
    return f"{interval.low:.2f}-{interval.high:.2f}" if interval else _NONE


def _short(count: float) -> str:
    return f"{count:.0f}" if count < 1_000 else f"{count / 1_000:.1f}k"
