"""The report of a finished synthesis: its dataset card, measured anew."""

from pathlib import Path

from clawgym.errors import UsageError
from synth.dataset.card import card_of, render
from synth.dataset.provenance import source_of
from synth.dataset.reading import index_of, open_tasks, read_profiles, require_tasks
from synth.dataset.survey import survey
from synth.running.run import partial


def card_text(output: Path) -> str:
    """The card of a dataset directory, as Markdown.

    Raises:
        UsageError: the run that makes it is not finished, or it holds no task.
    """
    if not output.exists() and partial(output).is_dir():
        raise UsageError(f"{output} is not finished; run its synthesis again, it goes on")
    suite = open_tasks(output)
    profiles = read_profiles(suite)
    require_tasks(profiles, output)
    index = index_of(suite)
    measured = survey(
        profiles.tasks,
        name=output.resolve().name,
        digest=index.digest if index else None,
        refused=len(profiles.refused),
    )
    return render(card_of(measured, [source_of(suite)]))
