"""What the demo does: the same functions as the commands that it names, one after the other."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import typer
from rich.console import Console

from bench.leaderboard import rank
from bench.report import write_report
from bench.table import render_table, table_console
from clawgym.dataset import Dataset
from clawgym.errors import ExitCode, SandboxUnsupportedError, UsageError
from clawgym.model import ChatModel
from clawgym.model.endpoint import serve
from clawgym.model.openai_client import OpenAIModel
from clawgym.run import RunDirectory
from clawgym.sandbox import Backend, open_backend
from clawgym.settings import Settings, load
from clawgym.task import Task
from clawgym.terminal import command_line, progress_bar
from clawgym_skills.bundle import bundled_directory
from clawgym_skills.catalogue import Catalogue
from graph_agents.expert import ExpertModel
from graph_agents.harness import AgentHarness, Harness, ModelFactory, make_harnesses
from graph_agents.rollout_run import finish_run, open_run, require_grades
from synth import Recipe, choose_skills, synthesise
from synth.sources import skill_sources
from verify.proof import prove_dataset

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DemoOptions:
    """The options of the command; None leaves the choice to the settings."""

    output: Path
    tasks: int
    seed: int
    jobs: int | None
    sandbox: str | None


def run_demo(options: DemoOptions) -> None:
    """Index, synthesise, prove, roll out, verify, report.

    Raises:
        typer.Exit: with code 1 when a task could not be proven, 3 when trials stayed ungraded.
    """
    settings = load({"jobs": options.jobs, "sandbox": options.sandbox}).settings
    backend = _trusted_backend(settings)
    console = Console()
    with _step(console, "index", "clawgym skills index"):
        _index(options, console)
    command = f"clawgym synth run -n {options.tasks} --seed {options.seed} --no-prove"
    with _step(console, "synthesise", command):
        dataset = _synthesise(options)
    with _step(console, "prove", f"clawgym verify {dataset.path}"):
        _prove(dataset, backend, settings.jobs, console)
    with _step(
        console, "roll out", "clawgym rollout --harness noop --harness lazy --harness expert …"
    ):
        run = asyncio.run(_roll_out(options, dataset, backend, settings.jobs))
    with contextlib.closing(run):
        _report(run, dataset, console)
        require_grades(run)


def _report(run: RunDirectory, dataset: Dataset, console: Console) -> None:
    path = run.path / "report.html"
    with _step(console, "report", f"clawgym bench report {run.path}"):
        write_report(run, dataset, path)
    table_console().print(render_table(rank(run.trials(), dataset, run.plan)))
    console.print(f"\nreport: {path.resolve().as_uri()}", soft_wrap=True)
    following = (
        command_line("bench", "compare", run.path, "expert", "expert:flawed"),
        command_line("train", "sft", run.path, "-o", run.path.parent / "model"),
    )
    console.print(
        f"next:   {following[0]}\n        {following[1]}   (needs the extra `train`: see README)",
        markup=False,
        soft_wrap=True,
    )


@contextlib.contextmanager
def _step(console: Console, name: str, command: str) -> Generator[None]:
    started = time.monotonic()
    yield
    console.print(
        f"{name:<11} {time.monotonic() - started:5.1f} s   {command}", markup=False, soft_wrap=True
    )


def _trusted_backend(settings: Settings) -> Backend:
    """The chosen sandbox; the demo runs only our own programs, so it may do without one."""
    try:
        return open_backend(settings.sandbox)
    except SandboxUnsupportedError as error:
        if settings.sandbox != "auto":
            raise
        _log.warning("%s", error)
        typer.echo(
            "the demo goes on WITHOUT isolation: it runs nothing but ClawGym's own code", err=True
        )
        return open_backend("local")


def _index(options: DemoOptions, console: Console) -> None:
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot write to {options.output}: {error.strerror}; choose another --output"
        ) from error
    with Catalogue(options.output / "catalogue.sqlite") as catalogue:
        report = catalogue.index([bundled_directory()])
    console.print(f"{report.found} skills found, {report.refused} refused")


def _synthesise(options: DemoOptions) -> Dataset:
    path = options.output / "tasks"
    if not path.exists():
        recipe = Recipe(
            choose_skills(skill_sources(options.output / "catalogue.sqlite"), ()), options.seed
        )
        with progress_bar("synthesising", options.tasks) as advance:
            synthesise(recipe, options.tasks, path, gates="none", on_task=advance)
    dataset = Dataset(path)
    index = dataset.index
    if index is None or index.seed != options.seed or len(dataset) != options.tasks:
        raise UsageError(
            f"{path} holds other tasks than these options make; choose another --output"
        )
    return dataset


def _prove(dataset: Dataset, backend: Backend, jobs: int, console: Console) -> None:
    with progress_bar("proving", len(dataset)) as advance:
        proving = prove_dataset(dataset, backend, jobs=jobs, on_card=lambda _: advance())
        proof = asyncio.run(proving)
    means = (proof.mean("oracle"), proof.mean("noop"), proof.lazy_mean)
    console.print("oracle {}, no-op {}, lazy {}".format(*means), soft_wrap=True)
    for finding in proof.findings:
        console.print(f"{finding.task_id}: {finding.rule}: {finding.message}", markup=False)
    if proof.findings:
        raise typer.Exit(ExitCode.FINDINGS)


async def _roll_out(
    options: DemoOptions, dataset: Dataset, backend: Backend, jobs: int
) -> RunDirectory:
    async with _experts_over_http() as over_http:
        harnesses: dict[str, Harness] = {
            **make_harnesses(("noop", "lazy")),
            "expert": AgentHarness("expert", over_http(lambda task, _: ExpertModel(task))),
            "expert:flawed": AgentHarness("expert:flawed", over_http(ExpertModel)),
        }
        run = open_run(dataset, options.output / "run", harnesses, backend, seed=options.seed)
        await finish_run(dataset, run, harnesses, backend, jobs=jobs)
    return run


_Wrap = Callable[[Callable[[Task, Random], ChatModel]], ModelFactory]


@contextlib.asynccontextmanager
async def _experts_over_http() -> AsyncGenerator[_Wrap]:
    """Serve experts on loopback, one key a trial: the agent talks HTTP, as to any provider."""
    served: dict[str, ChatModel] = {}
    async with serve(served.get) as endpoint, contextlib.AsyncExitStack() as clients:

        def wrap(make: Callable[[Task, Random], ChatModel]) -> ModelFactory:
            def factory(task: Task, rng: Random) -> ChatModel:
                key, expert = secrets.token_hex(8), make(task, rng)
                served[key] = expert
                client = OpenAIModel(expert.name, endpoint.base_url, key)
                clients.push_async_callback(client.close)
                return client

            return factory

        yield wrap
