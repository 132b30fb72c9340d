"""What a person sees while long work runs: one progress line on stderr, nothing when piped."""

from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def progress_bar(what: str, total: int, *, done: int = 0) -> Generator[Callable[[], None]]:
    """Show a progress bar on stderr while the block runs.

    Args:
        what: the work, as a present participle such as `proving`.
        total: how many steps there are.
        done: how many of them were finished before, by an interrupted run.

    Yields:
        A function to call after each step.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.file.isatty()) as progress:
        bar = progress.add_task(what, total=total, completed=done)
        yield lambda: progress.advance(bar)
