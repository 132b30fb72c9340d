"""Output of programs that failed: chatter, and tracebacks in between."""

import random
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from synth.values.text import TextFile, Tree
from synth.world.project import Project, kernels, make_project
from synth.world.world import World

_CHAINS = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)


class _Place(BaseModel):
    """A function of the worker, with what fails there: (exception, message, library)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    function: str
    errors: tuple[tuple[str, str, str], ...]


class _Worker(BaseModel):
    """What one worker says while all is well, and its functions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chatter: tuple[str, ...]
    spot: tuple[_Place, ...]


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    libraries: dict[str, tuple[str, str, str]]
    worker: tuple[_Worker, ...]


def _read(name: str) -> str:
    return files("synth").joinpath("data", "words", name).read_text(encoding="utf-8")


@cache
def _words() -> _Words:
    return _Words.model_validate(tomllib.loads(_read("failures.toml")))


@dataclass(frozen=True)
class Spot:
    """A place in a program of ours, with the text of its line where the program is at hand."""

    file: str
    line: int
    function: str
    code: str = ""


@dataclass(frozen=True)
class Failure:
    """One traceback: its root is the first exception of a chain, `last` what it ended as."""

    log_line: int
    exception: str
    last: str
    spot: Spot
    library: Spot | None


@dataclass(frozen=True)
class RunLog(TextFile):
    """What a program printed, and what failed in it."""

    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class _Cause:
    exception: str
    message: str
    spot: Spot
    library: Spot | None = None
    wrapped: str = ""


@dataclass(frozen=True)
class _Frames:
    """What stands above our own code: where it is called, and where a failure is wrapped."""

    call: tuple[Spot, ...]
    caught: tuple[Spot, ...]
    wrap: tuple[Spot, ...]


_WORKER = _Frames(
    (Spot("main.py", 41, "<module>"), Spot("main.py", 27, "guard")),
    (Spot("main.py", 27, "guard"),),
    (Spot("main.py", 41, "<module>"), Spot("main.py", 31, "guard")),
)


def make_log(rng: random.Random, world: World) -> RunLog:
    """The output of a worker, in which a few causes show up again and again."""
    words, level = _words(), world.knobs.level
    worker, chain = rng.choice(words.worker), rng.choice(_CHAINS)
    causes: list[_Cause] = []
    for place in rng.sample(worker.spot, 3 + level):
        exception, message, called = rng.choice(place.errors)
        spot = Spot(place.file, rng.randint(12, 240), place.function)
        library = None
        if called:
            file, line, function = words.libraries[called]
            library = Spot(file, int(line), function)
        wrapped = "RuntimeError" if level > 1 and rng.random() < 0.3 else ""
        causes.append(_Cause(exception, message, spot, library, wrapped))
    lines, failures, seconds = list[str](), list[Failure](), rng.randint(0, 9000)
    for cause in _turns(rng, world, causes):
        for _ in range(rng.randint(1, 4)):
            seconds += rng.randint(1, 90)
            said = rng.choice(worker.chatter).format(n=rng.randint(2, 90))
            lines.append(f"{world.today} {_clock(seconds)} worker: {said}")
        failures.append(_failure(cause, len(lines) + 1))
        lines += _traceback(rng, cause, _WORKER, chain, rng.randint(100, 999))
    lines.append(f"{world.today} {_clock(seconds + 5)} worker: stopped")
    return RunLog("\n".join(lines) + "\n", tuple(failures))


def make_program(rng: random.Random, world: World) -> tuple[Tree, RunLog, str]:
    """A project, the log of a run in which no line of code is shown, and the project's name."""
    project = make_project(rng, world.knobs.level, buggy=False)
    spots = _spots(project)
    chosen = rng.sample(spots, min(len(spots), 3 + world.knobs.level))
    causes = [
        replace(cause, wrapped="RuntimeError")
        if world.knobs.level > 1 and rng.random() < 0.3
        else cause
        for cause in chosen
    ]
    tree = Tree(dict(sorted({**project.texts, "main.py": _worker(project)}.items())))
    return tree, _run(rng, world, causes, tree.texts["main.py"]), project.package


def _spots(project: Project) -> list[_Cause]:
    """Where the functions of a project can fail, and how; one way a line."""
    spots: dict[tuple[str, int, str], _Cause] = {}
    for kernel in kernels(project.package):
        path = f"{project.package}/{kernel.module}.py"
        lines = project.texts.get(path, "").splitlines()
        for code, exception, message in kernel.fails:
            for number, line in enumerate(lines, 1):
                if line.strip() == code:
                    spot = Spot(path, number, kernel.name, code)
                    spots[path, number, exception] = _Cause(exception, message, spot)
    return list(spots.values())


def _worker(project: Project) -> str:
    """The program that calls the functions of a project."""
    known = [
        kernel
        for kernel in kernels(project.package)
        if f"def {kernel.name}(" in project.texts.get(f"{project.package}/{kernel.module}.py", "")
    ]
    return _read("worker.txt").format(
        package=project.package,
        modules=", ".join(sorted({kernel.module for kernel in known})),
        jobs="\n".join(f'    "{kernel.name}": {kernel.module}.{kernel.name},' for kernel in known),
    )


def _run(rng: random.Random, world: World, causes: list[_Cause], program: str) -> RunLog:
    """What that program prints: each job by its number."""
    source = program.splitlines()
    call, wrap, main = (
        Spot("main.py", next(n for n, line in enumerate(source, 1) if said in line), function)
        for said, function in (
            ("return JOBS[", "run"),
            ("raise RuntimeError", "run"),
            ("    run(job)", "main"),
        )
    )
    frames = _Frames((main, call), (call,), (main, wrap))
    lines, failures, seconds = list[str](), list[Failure](), rng.randint(0, 9000)
    number = rng.randint(100, 700)

    def say(text: str) -> None:
        lines.append(f"{world.today} {_clock(seconds)} {text}")

    for cause in _turns(rng, world, causes):
        for ends_well in (*[True] * rng.randint(0, 2), False):
            number, seconds = number + 1, seconds + rng.randint(1, 40)
            say(f"job {number} started")
            if ends_well:
                seconds += rng.randint(0, 2)
                say(f"job {number} done")
        failures.append(_failure(cause, len(lines) + 1))
        lines += _traceback(rng, cause, frames, _CHAINS[1], number)
    say("queue is empty")
    return RunLog("\n".join(lines) + "\n", tuple(failures))


def _turns(rng: random.Random, world: World, causes: list[_Cause]) -> list[_Cause]:
    """Each cause once, and some of them again."""
    most = sum(world.knobs.rows) // 4 + len(causes)
    turns = [*causes, *rng.choices(causes, k=max(2, most - len(causes)))]
    rng.shuffle(turns)
    return turns


def _failure(cause: _Cause, log_line: int) -> Failure:
    last = cause.wrapped or cause.exception
    return Failure(log_line, cause.exception, last, cause.spot, cause.library)


def _traceback(
    rng: random.Random, cause: _Cause, above: _Frames, chain: str, number: int
) -> list[str]:
    head = "Traceback (most recent call last):"
    frames = [*(above.caught if cause.wrapped else above.call), cause.spot]
    frames += [cause.library] if cause.library else []
    message = cause.message.format(n=rng.randint(2, 90))
    said = f"{cause.exception}: {message}" if message else cause.exception
    lines = [head, *map(_frame, frames), said]
    if not cause.wrapped:
        return lines
    lines += ["", chain, "", head, *map(_frame, above.wrap)]
    return [*lines, f"{cause.wrapped}: job {number} gave up"]


def _frame(spot: Spot) -> str:
    return f'  File "{spot.file}", line {spot.line}, in {spot.function}'


def _clock(seconds: int) -> str:
    return f"{6 + seconds // 3600 % 18:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
