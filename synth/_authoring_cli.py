"""`clawgym synth author` and `clawgym synth phrase`: tasks and words by a model."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawgym.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from clawgym.dataset import Dataset
    from clawgym.settings import Settings
    from clawgym.task import Task
    from synth.authoring.commissioning import Commissions
    from synth.authoring.office import Endpoint, Terms
    from synth.authoring.rephrasing import Rephrased
    from synth.authoring.report import AuthoringReport
    from synth.authoring.running import Run

_CACHE = Path(".clawgym/authoring.sqlite")

Model = Annotated[str | None, typer.Option("--model", help="The model that writes.")]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Its endpoint; default: the setting base_url.")
]
MaxTokens = Annotated[
    int | None, typer.Option(min=0, help="Tokens to spend at most, over all runs of this output.")
]
MaxCost = Annotated[
    float | None, typer.Option(min=0, help="Money to spend at most, over all runs of this output.")
]
PriceIn = Annotated[float, typer.Option(min=0, help="Price of a million prompt tokens.")]
PriceOut = Annotated[float, typer.Option(min=0, help="Price of a million completion tokens.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Questions to the model at a time.")]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds that one answer may take.")]
CacheFile = Annotated[Path, typer.Option(help="Where answers of the model are kept.")]
Json = Annotated[bool, typer.Option("--json", help="End with one JSON object.")]


class RouteChoice(StrEnum):
    """What tasks start from."""

    PERSONA = "persona"
    SKILL = "skill"


def author(
    output: Annotated[Path, typer.Option("-o", "--output", help="The dataset directory to make.")],
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many tasks.")] = 10,
    model: Model = None,
    base_url: BaseUrl = None,
    review_model: Annotated[
        str | None,
        typer.Option(help="The model that solves again, attacks and judges; default: --model."),
    ] = None,
    review_base_url: Annotated[
        str | None, typer.Option(help="Its endpoint; default: that of --model.")
    ] = None,
    route: Annotated[RouteChoice, typer.Option(help="What tasks start from.")] = (
        RouteChoice.PERSONA
    ),
    catalog: Annotated[
        Path | None, typer.Option(help="Take skills from this catalogue, not the bundled ones.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides personas, scenarios and skills.")] = 0,
    tries: Annotated[
        int | None, typer.Option(min=1, help="Tasks to try at most; default: 4 times -n, plus 10.")
    ] = None,
    second: Annotated[bool, typer.Option(help="Demand a second, independent solution.")] = True,
    review: Annotated[bool, typer.Option(help="Have each verifier attacked.")] = True,
    max_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    price_in: PriceIn = 0.0,
    price_out: PriceOut = 0.0,
    concurrency: Concurrency = 4,
    timeout: Timeout = 600.0,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="Tasks proven at a time.")
    ] = None,
    sandbox: Annotated[
        str | None, typer.Option(help="auto, bwrap, docker, landlock or local.")
    ] = None,
    cache: CacheFile = _CACHE,
    as_json: Json = False,
) -> None:
    """Have a model write new tasks, in four stages, and keep those that pass every gate.

    Each stage's outcome is kept beside the output: the same command goes on where it was stopped.
    """
    from clawgym.settings import load
    from synth.authoring.office import Terms

    settings = load({"base_url": base_url, "model": model, "jobs": jobs, "sandbox": sandbox})
    writing, reviewing = _endpoints(settings.settings, review_model, review_base_url)
    identity = {
        "command": "author",
        "route": route.value,
        "seed": str(seed),
        "catalog": str(catalog.resolve()) if catalog else "bundled",
        "second": str(second),
        "review": str(review),
        **_identity(writing, reviewing),
    }
    terms = Terms(max_tokens, max_cost, price_in, price_out, concurrency, timeout)
    commissions = _commissions(route, seed, catalog)
    _check_output(output)
    run, report = asyncio.run(
        _author(
            output, number, tries, commissions, (writing, reviewing), identity, cache, terms,
            settings.settings, seed,
        )
    )  # fmt: skip
    _tell(report, run.losses, output, len(run.accepted), as_json=as_json)
    if run.stopped:
        typer.echo(f"{len(run.accepted)} of {number} tasks are accepted and kept; the same command "
                   "goes on, or takes what there is with a smaller -n", err=True)  # fmt: skip
        raise run.stopped
    if len(run.accepted) < number:
        raise typer.Exit(ExitCode.FINDINGS)


def phrase(
    dataset: Annotated[Path, typer.Argument(metavar="DATASET", help="A dataset directory.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The dataset directory to make.")],
    model: Model = None,
    base_url: BaseUrl = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides who asks for which task.")] = 0,
    max_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    price_in: PriceIn = 0.0,
    price_out: PriceOut = 0.0,
    concurrency: Concurrency = 4,
    timeout: Timeout = 600.0,
    cache: CacheFile = _CACHE,
    as_json: Json = False,
) -> None:
    """Have a model say each instruction in the voice of a persona; files and checks stay.

    A wording that loses a path, name, number or condition is refused, and the old one kept.
    """
    from clawgym.dataset import Dataset
    from clawgym.settings import load
    from synth.authoring.office import Terms

    settings = load({"base_url": base_url, "model": model}).settings
    writing, _ = _endpoints(settings, None, None)
    source = Dataset(dataset)
    identity = {
        "command": "phrase",
        "dataset": source.digest,
        "seed": str(seed),
        **_identity(writing, writing),
    }
    terms = Terms(max_tokens, max_cost, price_in, price_out, concurrency, timeout)
    _check_output(output)
    result, report = asyncio.run(_phrase(source, output, seed, writing, identity, cache, terms))
    if result.stopped is None:
        _write(output, result.tasks, "phrased/1", seed, report)
    _tell(report, (), output, result.funnel["tried"], as_json=as_json)
    if result.stopped:
        typer.echo("what was answered is kept: the same command goes on", err=True)
        raise result.stopped


def _endpoints(
    settings: "Settings", review_model: str | None, review_base_url: str | None
) -> "tuple[Endpoint, Endpoint]":
    from clawgym.errors import UsageError
    from synth.authoring.office import Endpoint

    if settings.model is None or settings.model == "offline":
        raise UsageError(
            "which model shall write? give --model NAME, and --base-url where it is not the default"
        )
    writing = Endpoint(settings.model, settings.base_url, settings.api_key_env)
    url = review_base_url or settings.base_url
    key_env = settings.api_key_env
    if url != settings.base_url:
        key_env = settings.judge_api_key_env or "CLAWGYM_REVIEW_API_KEY"
    return writing, Endpoint(review_model or settings.model, url, key_env)


def _identity(writing: "Endpoint", reviewing: "Endpoint") -> dict[str, str]:
    return {
        "model": writing.model,
        "base_url": writing.base_url,
        "review_model": reviewing.model,
        "review_base_url": reviewing.base_url,
    }


def _commissions(route: RouteChoice, seed: int, catalog: Path | None) -> "Commissions":
    from synth.authoring.commissioning import (
        catalogue_skills,
        persona_commissions,
        skill_commissions,
    )

    if route is RouteChoice.PERSONA:
        return persona_commissions(seed)
    return skill_commissions(seed, catalogue_skills(catalog))


async def _author(
    output: Path,
    number: int,
    tries: int | None,
    commissions: "Commissions",
    endpoints: "tuple[Endpoint, Endpoint]",
    identity: dict[str, str],
    cache: Path,
    terms: "Terms",
    settings: "Settings",
    seed: int,
) -> "tuple[Run, AuthoringReport]":
    from clawgym.sandbox import open_backend
    from clawgym.terminal import progress_bar
    from synth.authoring import running
    from synth.authoring.journal import journal_of
    from synth.authoring.office import open_desk
    from synth.authoring.proving import Prover
    from synth.authoring.report import make_report
    from synth.authoring.writing import Writer

    prover = Prover(open_backend(settings.sandbox), asyncio.Semaphore(settings.jobs))
    opened = open_desk(
        *endpoints, journal=journal_of(output), settings=identity, cache=cache, terms=terms
    )
    flags = {name: identity[name] == "True" for name in ("second", "review")}
    async with opened as (desk, journal):
        writer = Writer(desk, journal, prover, **flags)
        with progress_bar("authoring", number) as advance:
            run = await running.author(
                commissions,
                number,
                writer,
                tries=tries,
                concurrency=terms.concurrency,
                on_task=advance,
            )
        report = make_report(journal, run.funnel, run.repaired, desk.from_cache)
        if run.stopped is None and run.accepted:
            _write(output, run.tasks, "authored/1", seed, report)
        return run, report


async def _phrase(
    source: "Dataset",
    output: Path,
    seed: int,
    writing: "Endpoint",
    identity: dict[str, str],
    cache: Path,
    terms: "Terms",
) -> "tuple[Rephrased, AuthoringReport]":
    from clawgym.terminal import progress_bar
    from synth.authoring.commissioning import personas
    from synth.authoring.journal import journal_of
    from synth.authoring.office import open_desk
    from synth.authoring.rephrasing import rephrase
    from synth.authoring.report import make_report

    opened = open_desk(
        writing, writing, journal=journal_of(output), settings=identity, cache=cache, terms=terms
    )
    async with opened as (desk, journal):
        with progress_bar("phrasing", len(source)) as advance:
            result = await rephrase(
                source,
                personas(seed),
                desk,
                journal,
                concurrency=terms.concurrency,
                on_task=advance,
            )
        return result, make_report(journal, result.funnel, result.repaired, desk.from_cache)


def _check_output(output: Path) -> None:
    """Make sure that the output can be written, or is what an earlier run of ours wrote."""
    from clawgym.dataset import check_vacant
    from synth.authoring.journal import journal_of

    if not journal_of(output).exists():
        check_vacant(output)


def _write(
    output: Path,
    tasks: "Callable[[], Iterable[Task]]",
    generator: str,
    seed: int,
    report: "AuthoringReport",
) -> None:
    """Write the dataset, unless exactly that stands there already."""
    from clawgym.dataset import INDEX_NAME, Dataset, write_dataset
    from clawgym.errors import UsageError

    if (output / INDEX_NAME).is_file():
        index = Dataset(output).index
        if index and index.tasks == {task.id: task.digest for task in tasks()}:
            return
        raise UsageError(
            f"{output} holds other tasks than these; remove it and run the same "
            "command again: everything is kept in the journal"
        )
    write_dataset(
        output, tasks(), name=output.name, generator=generator, seed=seed, funnel=report.funnel
    )


def _tell(
    report: "AuthoringReport",
    losses: "Sequence[tuple[int, str, tuple[str, ...]]]",
    output: Path,
    made: int,
    *,
    as_json: bool,
) -> None:
    from clawgym.terminal import counted

    if as_json:
        typer.echo(report.model_dump_json())
        return
    lost = {k: v for k, v in report.funnel.items() if k not in ("tried", "accepted")}
    typer.echo(f"{counted(made, 'task')} for {output}; tried {report.funnel.get('tried', 0)}")
    for name, count in sorted(lost.items(), key=lambda entry: -entry[1]):
        reason = next((said[0] for _, at, said in losses if at == name and said), "")
        typer.echo(f"  lost {count} at {name}{': ' if reason else ''}{reason[:160]}")
    for entry in report.stages:
        typer.echo(
            f"  {entry.stage:<13}{entry.model}: {counted(entry.answers, 'answer')}, "
            f"{entry.prompt_tokens:,} + {entry.completion_tokens:,} tokens, cost {entry.cost:.4f}"
        )
    each = "n/a" if report.cost_each is None else f"{report.cost_each:.4f}"
    typer.echo(
        f"cost {report.cost:.4f}, {each} an accepted task; {report.requests:,} requests, "
        f"{report.from_cache:,} answers from the cache"
    )


def register(app: typer.Typer) -> None:
    """Add the commands to `clawgym synth`."""
    app.command()(author)
    app.command()(phrase)
