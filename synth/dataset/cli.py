"""`clawgym dataset`: figures of datasets, and new datasets made of them."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synth.dataset._report_cli import report, report_export, report_refused

if TYPE_CHECKING:
    from synth.dataset.contamination import Benchmarks
    from synth.dataset.meaning import SameMeaning
    from synth.dataset.reading import Profiles
    from verify.cards import Card
    from verify.suites import Suite

app = typer.Typer(
    help="Measure, merge, split, filter, sample and export datasets.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class Format(StrEnum):
    """What a dataset can be exported to."""

    CLAWGYM_JSONL = "clawgym-jsonl"
    CLAWGYM_PARQUET = "clawgym-parquet"
    CLAWGYM_RL = "clawgym-rl"
    HARBOR = "harbor"
    HF = "hf"


_Dataset = Annotated[Path, typer.Argument(help="A dataset, or a suite of any supported format.")]
_Output = Annotated[Path, typer.Option("-o", "--output", help="The dataset directory to make.")]
_Json = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]
_Seed = Annotated[int, typer.Option(min=0, help="The same seed chooses the same tasks.")]


@app.callback()
def _group() -> None:
    """Measure, merge, split, filter, sample and export datasets."""


@app.command()
def stats(
    path: _Dataset,
    texts: Annotated[bool, typer.Option(help="Compare the instructions with one another.")] = True,
    words: Annotated[int, typer.Option(min=1, help="Words that distinct-n is taken over.")] = (
        200_000
    ),
    sample: Annotated[int, typer.Option(min=2, help="Tasks compared each with each.")] = 500,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Print what a dataset consists of and how diverse it is; nothing is run."""
    from dataclasses import asdict

    from rich.console import Console

    from synth.dataset.survey import survey
    from synth.dataset.tables import print_survey

    suite, profiles = _measured(path)
    measured = survey(
        profiles.tasks,
        name=suite.path.resolve().name,
        digest=_digest(suite),
        refused=len(profiles.refused),
        words=words,
        sample=sample,
        texts=texts,
        seed=seed,
    )
    if as_json:
        refusals = [asdict(refusal) for refusal in profiles.refused]
        document = {**measured.model_dump(mode="json"), "refusals": refusals}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        print_survey(measured, Console())
        report_refused(profiles.refused)


@app.command("merge")
def merge_command(
    paths: Annotated[list[Path], typer.Argument(help="Datasets or suites of any format.")],
    output: _Output,
    similarity: Annotated[
        float, typer.Option(min=0, max=1, help="Drop instructions this similar; 0 keeps them.")
    ] = 0.7,
    meaning: Annotated[
        float, typer.Option(min=0, max=1, help="With an embedding model, drop from this cosine.")
    ] = 0.9,
    embedding_model: Annotated[
        Path | None, typer.Option(help="Directory of a local embedding model.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Put datasets together; of tasks that are the same the first one stays."""
    from clawgym.terminal import progress_bar
    from synth.dataset.merging import merge
    from synth.dataset.reading import open_tasks

    suites = [open_tasks(path) for path in paths]
    with progress_bar("merging", sum(map(len, suites))) as advance:
        derivation = merge(
            suites,
            output,
            threshold=similarity or None,
            meaning=_meaning(embedding_model, meaning),
            on_task=advance,
        )
    report([derivation], output, as_json)


@app.command("split")
def split_command(
    path: _Dataset,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The directory to make; a dataset for each part.")
    ],
    shares: Annotated[
        str, typer.Option(help="Parts and their shares.")
    ] = "train=0.8,val=0.1,test=0.1",
    stratify: Annotated[
        str, typer.Option(help="Features that every part has in the same shares.")
    ] = "kind,difficulty,category",
    group_by: Annotated[
        str, typer.Option(help="Features whose values stay in one part, such as persona.")
    ] = "",
    similarity: Annotated[
        float, typer.Option(min=0.1, max=1, help="Instructions this similar stay together.")
    ] = 0.7,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Deal tasks out to parts; near-duplicates and tasks of one family never straddle."""
    from clawgym.terminal import progress_bar
    from synth.dataset.reading import open_tasks
    from synth.dataset.selecting import write_split

    suite, parts = open_tasks(path), _shares(shares)
    with progress_bar("measuring", len(suite)) as advance:
        found, derivations = write_split(
            suite,
            output,
            parts,
            stratify=_names(stratify),
            group_by=_names(group_by),
            threshold=similarity,
            seed=seed,
            on_task=advance,
        )
    report(derivations, output, as_json, groups=found.groups, largest_group=found.largest)


@app.command("filter")
def filter_command(
    path: _Dataset,
    output: _Output,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="A condition, such as 'difficulty>=3', 'operation=join,aggregate', "
            "'skill!=log-triage', 'rubric=yes' or 'id~invoice'; all must hold."
        ),
    ] = None,
    max_similarity: Annotated[
        float | None, typer.Option(min=0, max=1, help="Drop what is this similar to a kept task.")
    ] = None,
    benchmark: Annotated[
        list[Path] | None, typer.Option(help="Drop what repeats a task of this suite.")
    ] = None,
    installed: Annotated[
        bool, typer.Option("--installed", help="Drop what repeats any installed benchmark.")
    ] = False,
    run: Annotated[
        int, typer.Option(min=5, help="Words in a row that count as copied from a benchmark.")
    ] = 13,
    as_json: _Json = False,
) -> None:
    """Keep the tasks that meet every condition, repeat no other and no benchmark."""
    from clawgym.terminal import progress_bar
    from synth.dataset.conditions import parse
    from synth.dataset.reading import open_tasks
    from synth.dataset.selecting import Sieve, write_filtered
    from synth.dataset.similarity import Novelty

    sieve = Sieve(
        [parse(text) for text in where or ()],
        Novelty(max_similarity) if max_similarity is not None else None,
        _benchmarks(benchmark or [], installed, run),
    )
    suite = open_tasks(path)
    with progress_bar("filtering", len(suite)) as advance:
        derivation = write_filtered(suite, output, sieve, advance)
    report([derivation], output, as_json)


@app.command("sample")
def sample_command(
    path: _Dataset,
    output: _Output,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many tasks.")],
    balance: Annotated[
        str, typer.Option(help="Features whose rare values are taken first.")
    ] = "operation,difficulty",
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Choose tasks so that the values of some features become as frequent as one another."""
    from clawgym.terminal import progress_bar
    from synth.dataset.reading import open_tasks
    from synth.dataset.selecting import write_sample

    suite = open_tasks(path)
    with progress_bar("measuring", len(suite)) as advance:
        derivation = write_sample(
            suite, output, number, balance=_names(balance), seed=seed, on_task=advance
        )
    report([derivation], output, as_json)


@app.command("export")
def export_command(
    path: Annotated[
        Path, typer.Argument(help="A dataset; for hf also a directory of parts that split made.")
    ],
    to: Annotated[Format, typer.Option(help="The format to write.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file or directory to make.")],
    cards: Annotated[
        Path | None, typer.Option(help="Verifier cards, for the dataset card of hf.")
    ] = None,
    license_id: Annotated[
        str, typer.Option("--license", help="The licence of the data, for hf.")
    ] = "",
    as_json: _Json = False,
) -> None:
    """Write a dataset in another format, and say what the format has no room for."""
    from clawgym.terminal import progress_bar
    from synth.dataset.exporting import export, export_hub
    from synth.dataset.reading import open_tasks, parts_of

    if to is Format.HF:
        parts = parts_of(path) or {"train": path}
        suites = {name: open_tasks(part) for name, part in parts.items()}
        held = _cards(cards)
        with progress_bar("exporting", sum(map(len, suites.values()))) as advance:
            done = export_hub(suites, output, cards=held, license_id=license_id, on_task=advance)
    else:
        done = export(open_tasks(path), output, to.value)
    report_export(done, output, to.value, as_json)


@app.command("card")
def card_command(
    path: _Dataset,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Where to write; default: README.md of the dataset."),
    ] = None,
    cards: Annotated[
        Path | None, typer.Option(help="Verifier cards that 'clawgym verify --out' made.")
    ] = None,
    license_id: Annotated[str, typer.Option("--license", help="The licence of the data.")] = "",
    seed: _Seed = 0,
) -> None:
    """Measure a dataset and write its card, README.md and card.json."""
    from synth.dataset.card import card_of, check_replaceable, figures_beside, write_card
    from synth.dataset.provenance import read_provenance, source_of
    from synth.dataset.survey import survey

    held = _cards(cards)
    place = output or (path if path.is_dir() else path.parent) / "README.md"
    check_replaceable(place)
    suite, profiles = _measured(path)
    name, refused = suite.path.resolve().name, len(profiles.refused)
    measured = survey(profiles.tasks, name=name, digest=_digest(suite), refused=refused, seed=seed)
    made_of = read_provenance(path)
    sources = [source_of(suite), *(made_of.sources if made_of else ())]
    card = card_of(
        measured,
        sources,
        cards=[card for card in held if card.task_id in {task.id for task in profiles.tasks}],
        license_id=license_id,
    )
    write_card(card, place)
    report_refused(profiles.refused, err=True)
    typer.echo(f"{place} and {figures_beside(place)}")


def _measured(path: Path) -> "tuple[Suite, Profiles]":
    from clawgym.terminal import progress_bar
    from synth.dataset.reading import open_tasks, read_profiles, require_tasks

    suite = open_tasks(path)
    with progress_bar("measuring", len(suite)) as advance:
        profiles = read_profiles(suite, advance)
    require_tasks(profiles, path)
    return suite, profiles


def _digest(suite: "Suite") -> str | None:
    from synth.dataset.reading import index_of

    index = index_of(suite)
    return index.digest if index else None


def _meaning(model: Path | None, cosine: float) -> "SameMeaning | None":
    from clawgym.settings import load

    chosen = load({"embedding_model": model}).settings.embedding_model
    if chosen is None:
        return None
    from clawgym_skills.search.meaning import load_model
    from synth.dataset.meaning import SameMeaning

    return SameMeaning(load_model(chosen), cosine)


def _benchmarks(paths: list[Path], installed: bool, run: int) -> "Benchmarks | None":
    from clawgym.errors import UsageError
    from clawgym.settings import load
    from synth.dataset.contamination import Benchmarks
    from synth.dataset.contamination import installed as installed_in

    if installed:
        folder = load().settings.benchmarks
        found = installed_in(folder)
        if not found:
            raise UsageError(f"{folder} holds no benchmark; put or link suites there")
        paths = [*paths, *found]
    if not paths:
        return None
    benchmarks = Benchmarks.open(paths, run=run)
    for refusal in benchmarks.refused:
        typer.echo(f"refused: {refusal.task_id}: {refusal.reason}", err=True)
    return benchmarks


def _cards(folder: Path | None) -> "tuple[Card, ...]":
    if folder is None:
        return ()
    from synth.dataset.card import read_cards

    return read_cards(folder)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _shares(text: str) -> dict[str, float]:
    from clawgym.errors import UsageError
    from clawgym.paths import check_name

    shares: dict[str, float] = {}
    for part in _names(text):
        name, _, share = (word.strip() for word in part.partition("="))
        if name in shares:
            raise UsageError(f"--shares names the part {name!r} twice; give each a name of its own")
        try:
            shares[check_name(name)] = float(share)
        except ValueError as error:
            raise UsageError(
                f"{part!r} is no part with its share ({error}); write train=0.8,val=0.1,test=0.1"
            ) from error
    return shares


if __name__ == "__main__":
    app()
