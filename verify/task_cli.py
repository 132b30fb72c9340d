"""`clawgym task`: look at tasks of any supported format, lint them, convert them."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawgym.errors import ExitCode

if TYPE_CHECKING:
    from clawgym.task import Task
    from verify.suites import Repair, Suite
    from verify.suites.exports import Conversion
    from verify.suites.lint import TaskFinding

app = typer.Typer(
    help="Show, lint and convert tasks of any supported format.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)

PathArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="A task, a directory or a file of tasks.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def show(
    path: PathArgument,
    task_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The task; without it, list the ids.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show one task: what is asked, the files it starts with, how it is graded."""
    from verify.suites import open_suite

    suite = open_suite(path)
    if task_id is None and len(suite) != 1:
        _list(suite, as_json)
        return
    task = suite.load(task_id or suite.task_ids[0])
    if as_json:
        typer.echo(json.dumps(_described(task, suite), ensure_ascii=False))
    else:
        _print_task(task, suite)


@app.command()
def lint(
    path: PathArgument,
    select: Annotated[
        list[str] | None, typer.Option(help="Only these rules, by code or its beginning.")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Not these rules, by code or its beginning.")
    ] = None,
    run: Annotated[
        bool, typer.Option("--run", help="Also grade a few workspaces, to find dead verifiers.")
    ] = False,
    sandbox: Annotated[
        str | None, typer.Option(help="For --run: auto, bwrap, docker, landlock or local.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Find missing inputs, network needs, leaked answers, near-duplicates, dead verifiers.

    Exit code 1 when something is found.
    """
    from verify.suites import open_suite
    from verify.suites.lint import lint_suite

    suite = open_suite(path)
    found = list(lint_suite(suite))
    if run:
        found += asyncio.run(_dead_verifiers(suite, sandbox))
    chosen = [finding for finding in found if _counts(finding.code, select, ignore)]
    if as_json:
        _echo_findings(suite, chosen)
    else:
        _print_findings(suite, chosen)
    if chosen:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="Tasks of any supported format.")],
    destination: Annotated[
        Path, typer.Argument(metavar="DEST", help="A new directory; for clawgym-jsonl, a file.")
    ],
    to: Annotated[str, typer.Option(help="harbor, clawgym, clawgym-jsonl or pinchbench.")],
    as_json: JsonOption = False,
) -> None:
    """Write tasks in another format, and say what was mended and what was lost.

    Exit code 1 when a task was refused; the others are written.
    """
    from verify.suites import open_suite
    from verify.suites.exports import convert as convert_suite

    done = convert_suite(open_suite(source), destination, to)
    if as_json:
        typer.echo(json.dumps(_converted(done), ensure_ascii=False))
    else:
        _print_conversion(done, destination, to)
    if done.refused:
        raise typer.Exit(ExitCode.FINDINGS)


async def _dead_verifiers(suite: "Suite", sandbox: str | None) -> "list[TaskFinding]":
    from clawgym.errors import TaskFormatError
    from clawgym.sandbox import open_backend
    from clawgym.settings import load
    from verify.suites import Refusal, load_all
    from verify.suites.lint.dead import about_scores
    from verify.suites.lint.rules import finding

    backend = open_backend(load({"sandbox": sandbox}).settings.sandbox)
    found: list[TaskFinding] = []
    for task in load_all(suite):
        if isinstance(task, Refusal):
            continue
        try:
            remarks = await about_scores(task, backend)
        except TaskFormatError as error:
            remarks = [("dead-verifier", str(error))]
        found += [finding(task.id, rule, message) for rule, message in remarks]
    return found


def _counts(code: str, select: Iterable[str] | None, ignore: Iterable[str] | None) -> bool:
    chosen = not select or any(code.startswith(name.upper()) for name in select)
    return chosen and not any(code.startswith(name.upper()) for name in ignore or ())


def _list(suite: "Suite", as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"kind": suite.kind, "tasks": suite.task_ids}))
        return
    for task_id in suite.task_ids:
        typer.echo(task_id)


def _described(task: "Task", suite: "Suite") -> dict[str, object]:
    return {
        "id": task.id,
        "suite": suite.kind,
        "instruction": task.instruction,
        "workspace": {path: len(file.data) for path, file in task.workspace.items()},
        "tests": list(task.tests),
        "solution": list(task.solution),
        "digest": task.digest,
        "config": task.config.model_dump(mode="json", exclude_none=True),
        "repairs": [asdict(repair) for repair in suite.repairs],
    }


def _print_task(task: "Task", suite: "Suite") -> None:
    settings = task.clawgym
    typer.echo(f"{task.id}  ({suite.kind}, {settings.kind})\n\n{task.instruction.strip()}\n")
    for title, files in (("workspace", task.workspace), ("tests", task.tests)):
        typer.echo(f"{title}:")
        for path, file in files.items():
            typer.echo(f"  {len(file.data):>9,}  {path}")
    weights = f"code {settings.code_weight:g}, rubric {settings.rubric_weight:g}"
    typer.echo(f"weights: {weights}; reference solution: {'yes' if task.solution else 'no'}")
    _print_repairs(suite.repairs)


def _print_repairs(repairs: "list[Repair]") -> None:
    for repair in repairs:
        typer.echo(f"repaired: {repair.where}: {repair.code}: {repair.message}")


def _echo_findings(suite: "Suite", findings: "list[TaskFinding]") -> None:
    document = {
        "tasks": len(suite),
        "findings": [asdict(finding) for finding in findings],
        "rules": dict(Counter(finding.code for finding in findings)),
        "repairs": [asdict(repair) for repair in suite.repairs],
    }
    typer.echo(json.dumps(document, ensure_ascii=False))


def _print_findings(suite: "Suite", findings: "list[TaskFinding]") -> None:
    from clawgym.terminal import counted

    for finding in findings:
        typer.echo(str(finding))
    _print_repairs(suite.repairs)
    for (code, rule), count in sorted(Counter((f.code, f.rule) for f in findings).items()):
        typer.echo(f"{count:>6}  {code} {rule}")
    typer.echo(f"{counted(len(suite), 'task')}, {counted(len(findings), 'finding')}")


def _converted(done: "Conversion") -> dict[str, object]:
    return {
        "written": done.written,
        "refused": [asdict(refusal) for refusal in done.refused],
        "repairs": [asdict(repair) for repair in done.repairs],
        "losses": [asdict(loss) for loss in done.losses],
    }


def _print_conversion(done: "Conversion", destination: Path, to: str) -> None:
    from clawgym.terminal import counted

    for refusal in done.refused:
        typer.echo(f"refused: {refusal.task_id}: {refusal.reason}")
    _print_repairs(done.repairs)
    for loss in done.losses:
        typer.echo(f"lost: {loss.task_id}: {loss.code}: {loss.message}")
    typer.echo(
        f"{counted(done.written, 'task')} written to {destination} as {to}; "
        f"{len(done.refused)} refused, {len(done.repairs)} repairs, {len(done.losses)} losses"
    )


if __name__ == "__main__":
    app()
