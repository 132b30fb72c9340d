"""What every room's command line says in the same way: progress, counts, commands to type."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path


def counted(number: int, noun: str) -> str:
    """`1 task`, `1,200 tasks`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def command_line(*arguments: str | Path) -> str:
    """A `clawgym` command that can be pasted into a shell, wherever the program was found."""
    started_as = sys.argv[0]
    on_path = os.path.basename(started_as) != "clawgym" or shutil.which("clawgym")
    return shlex.join(["clawgym" if on_path else started_as, *map(str, arguments)])


@contextmanager
def progress_bar(what: str, total: int, *, done: int = 0) -> Generator[Callable[[], None]]:
    """Show a progress bar on stderr while the block runs; nothing where that is no terminal.

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
