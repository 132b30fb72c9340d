"""`clawgym skills annotate`: what skills need, and which of them synthesis may use."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawgym.errors import ExitCode

if TYPE_CHECKING:
    from clawgym.model.budget import Budget
    from clawgym_skills.annotate.asking import Asked
    from clawgym_skills.annotate.record import Annotation
    from clawgym_skills.annotate.storing import Source

_CACHE = Path(".clawgym/annotations.sqlite")
_OPENAI = "https://api.openai.com/v1"


def annotate(
    directories: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DIR", help="Folders with skills; default: the catalogue."),
    ] = None,
    catalog: Annotated[
        Path | None,
        typer.Option("--catalog", help="Catalogue file; default: the setting `catalog`."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Ask this model instead of going by rules.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="The model's endpoint; default: the setting.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the records here, one JSON object a line.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="With --model: say how far it and the rules agree.")
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls to the model at a time.")] = 4,
    max_calls: Annotated[
        int | None, typer.Option(min=0, help="Calls to the model, at most.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(min=0, help="Tokens, at most.")] = None,
    cache: Annotated[Path, typer.Option(help="Where answers of the model are kept.")] = _CACHE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say of each skill what it needs and does, and count who is kept out of synthesis and why.

    By rules, offline; or with --model by a model, whose answers are kept: the same command goes on
    where it was stopped. Without DIR the records go into the catalogue too.
    """
    from clawgym.atomic import check_writable, write_atomic
    from clawgym.errors import UsageError
    from clawgym_skills.annotate.record import dumps

    if compare and model is None:
        raise UsageError("--compare compares a model with the rules: give --model NAME")
    if out:
        check_writable(out)
    source, path = _read(directories, catalog)
    stopped = None
    if model is None:
        records = _by_rules(source)
    else:
        budget = _budget(max_calls, max_tokens)
        asked = asyncio.run(_ask(source, model, base_url, cache, budget, concurrency))
        records, stopped = [r for r in asked.records if r], asked.stopped
    if out:
        write_atomic(out, dumps(records).encode())
    if path:
        _record(path, records)
    ruled = _by_rules(source) if compare else None
    _print(records, source, ruled, out=out, as_json=as_json)
    if stopped:
        missing = len(source.entries) - len(records)
        typer.echo(f"{missing:,} skills are not annotated: run the same command again", err=True)
        raise stopped
    if any(record.annotation is None for record in records):
        raise typer.Exit(ExitCode.FINDINGS)


def _read(directories: list[Path] | None, catalog: Path | None) -> "tuple[Source, Path | None]":
    """The skills, and the catalogue file they are from."""
    from clawgym.settings import load
    from clawgym_skills.annotate.storing import from_catalogue, from_directories
    from clawgym_skills.catalogue import open_catalogue

    if directories:
        return from_directories(directories), catalog
    with open_catalogue(load({"catalog": catalog}).settings.catalog) as catalogue:
        return from_catalogue(catalogue), catalogue.path


def _by_rules(source: "Source") -> "list[Annotation]":
    from clawgym.terminal import progress_bar
    from clawgym_skills.annotate.batch import annotate_all

    with progress_bar("annotating", len(source.entries)) as advance:
        return annotate_all(source.entries, advance)


async def _ask(
    source: "Source",
    model: str,
    base_url: str | None,
    cache: Path,
    budget: "Budget",
    concurrency: int,
) -> "Asked":
    import contextlib

    from clawgym.model.answer_cache import AnswerCache
    from clawgym.model.openai_client import OpenAIModel
    from clawgym.settings import load
    from clawgym.terminal import progress_bar
    from clawgym_skills.annotate.asking import ModelAnnotator

    settings = load({"base_url": base_url}).settings
    url, key = settings.base_url, _key(settings.api_key_env, settings.base_url)
    kept = AnswerCache(cache, advice="choose another place with --cache")
    with contextlib.closing(kept), progress_bar("annotating", len(source.entries)) as advance:
        async with OpenAIModel(model, url, key) as opened:
            annotator = ModelAnnotator(
                opened, cache=kept, budget=budget, sampling=url, concurrency=concurrency
            )
            return await annotator.annotate_all(source.entries, advance)


def _key(name: str, base_url: str) -> str:
    import os

    from clawgym.errors import UsageError

    key = os.environ.get(name, "")
    if not key and base_url == _OPENAI:
        raise UsageError(
            f"the model at {base_url} needs an API key: set {name}, name another variable with "
            "CLAWGYM_API_KEY_ENV, or give the --base-url of a local server"
        )
    return key


def _budget(calls: int | None, tokens: int | None) -> "Budget":
    from clawgym.model.budget import Budget

    return Budget(calls=calls, tokens=tokens)


def _record(path: Path, records: "list[Annotation]") -> None:
    from clawgym_skills.annotate.storing import record_all
    from clawgym_skills.catalogue import Catalogue

    with Catalogue(path) as catalogue:
        record_all(catalogue, records)


def _print(
    records: "list[Annotation]",
    source: "Source",
    ruled: "list[Annotation] | None",
    *,
    out: Path | None,
    as_json: bool,
) -> None:
    from clawgym_skills.annotate.agreement import agreement
    from clawgym_skills.annotate.eligibility import funnel
    from clawgym_skills.annotate.report import as_fields, print_report

    counted = funnel(records, len(source.refused))
    compared = agreement(records, ruled) if ruled is not None else None
    if as_json:
        typer.echo(as_fields(records, counted, compared, out))
    else:
        print_report(records, counted, compared, out)


def register(app: typer.Typer) -> None:
    """Add the command to `clawgym skills`."""
    app.command()(annotate)
