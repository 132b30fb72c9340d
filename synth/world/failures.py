"""Output of programs that failed: chatter, and tracebacks in between."""

import random
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from synth.values.text import TextFile, Tree
from synth.world.project import make_project
from synth.world.world import World

_CHAINS = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)


class _Error(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    message: str


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    functions: tuple[str, ...]
    modules: tuple[str, ...]
    libraries: tuple[str, ...]
    chatter: tuple[str, ...]
    errors: tuple[_Error, ...]


@cache
def _words() -> _Words:
    text = files("synth").joinpath("data", "words", "failures.toml").read_text(encoding="utf-8")
    return _Words.model_validate(tomllib.loads(text))


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
    error: _Error
    spot: Spot
    library: str
    wrapped: str


def make_log(rng: random.Random, world: World) -> RunLog:
    """The output of a worker, in which a few causes show up again and again."""
    words, level = _words(), world.knobs.level
    places = rng.sample(range(len(words.modules)), 3 + level)
    spots = [Spot(words.modules[at], rng.randint(12, 240), words.functions[at]) for at in places]
    return _log(rng, world, _causes(rng, spots, level))


def make_program(rng: random.Random, world: World) -> tuple[Tree, RunLog, str]:
    """A project, the log of a run in which no line of code is shown, and the project's name."""
    project = make_project(rng, world.knobs.level, buggy=False)
    spots: list[Spot] = []
    for path, text in project.texts.items():
        function = ""
        for number, line in enumerate(text.splitlines(), 1):
            function = line[4:].partition("(")[0] if line.startswith("def ") else function
            body = (
                line.startswith("    ") and '"""' not in line and path.startswith(project.package)
            )
            if function and body:
                spots.append(Spot(path, number, function, line.strip()))
    chosen = rng.sample(spots, min(len(spots), 3 + world.knobs.level))
    log = _log(rng, world, _causes(rng, chosen, world.knobs.level))
    return Tree(project.texts), log, project.package


def _causes(rng: random.Random, spots: list[Spot], level: int) -> list[_Cause]:
    words, causes = _words(), list[_Cause]()
    for spot in spots:
        library = rng.choice(words.libraries) if rng.random() < 0.5 else ""
        wrapped = "RuntimeError" if level > 1 and rng.random() < 0.3 else ""
        causes.append(_Cause(rng.choice(words.errors), spot, library, wrapped))
    return causes


def _log(rng: random.Random, world: World, causes: list[_Cause]) -> RunLog:
    lines, failures = list[str](), list[Failure]()
    seconds = rng.randint(0, 9000)
    most = sum(world.knobs.rows) // 4 + len(causes)
    turns = [*causes, *rng.choices(causes, k=max(2, most - len(causes)))]
    rng.shuffle(turns)
    for cause in turns:
        for _ in range(rng.randint(1, 4)):
            seconds += rng.randint(1, 90)
            said = rng.choice(_words().chatter).format(n=rng.randint(2, 90))
            lines.append(f"{world.today} {_clock(seconds)} worker: {said}")
        failures.append(_failure(cause, len(lines) + 1))
        lines += _traceback(rng, cause)
    lines.append(f"{world.today} {_clock(seconds + 5)} worker: stopped")
    return RunLog("\n".join(lines) + "\n", tuple(failures))


def _failure(cause: _Cause, log_line: int) -> Failure:
    kind = cause.error.kind
    return Failure(log_line, kind, cause.wrapped or kind, cause.spot, _library(cause))


def _library(cause: _Cause) -> Spot | None:
    return Spot(cause.library, len(cause.library) * 7, "call") if cause.library else None


def _traceback(rng: random.Random, cause: _Cause) -> list[str]:
    head, frames = "Traceback (most recent call last):", [Spot("main.py", 41, "<module>")]
    library = _library(cause)
    frames += [cause.spot, *([library] if library else [])]
    message = cause.error.message.format(n=rng.randint(2, 90))
    lines = [head, *map(_frame, frames), f"{cause.error.kind}: {message}"]
    if not cause.wrapped:
        return lines
    outer = [Spot("main.py", 41, "<module>"), Spot("main.py", 27, "guard")]
    lines += ["", rng.choice(_CHAINS), "", head, *map(_frame, outer)]
    return [*lines, f"{cause.wrapped}: job {rng.randint(100, 999)} gave up"]


def _frame(spot: Spot) -> str:
    return f'  File "{spot.file}", line {spot.line}, in {spot.function}'


def _clock(seconds: int) -> str:
    return f"{6 + seconds // 3600 % 18:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
