"""How fast sandboxes are, beside plain processes, a bubblewrap for each command, and Docker.

    python benchmarks/sandbox_speed.py                   # everything, in a few minutes
    python benchmarks/sandbox_speed.py --commands 50 --cycles 40 --boxes 100 --rounds 1

All contenders take turns within one run, so that a busy machine slows all alike: latencies command
by command, cycles (make a box of 20 files, run `true`, remove it) in one batch each a round. The
ratio is to plain `subprocess` on a temporary directory. Docker takes part when a daemon answers and
has the image; what is slow is measured less often. Exit code 1 when a bar is missed.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandboxes.contenders import PLAIN, Contender, Opened, contenders
from sandboxes.processes import descendants

from clawgym.files import Files
from clawgym.sandbox import Backend, BoxSpec, Sandbox, open_backend
from clawgym.sandbox.docker.backend import DEFAULT_IMAGE

COMMANDS = {"true": ["true"], "python": ["python3", "-I", "-S", "-c", "pass"]}
PARALLEL = (1, 8)
WORKSPACE = Files({f"d{n % 4}/f{n}.txt": bytes(10_000) for n in range(20)})
BASE_FILES = 10_000
_MIB = 1024**2


@dataclass
class Speed:
    """Of one contender: latencies in ms by command, cycles a second by boxes at a time."""

    latencies: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    cycles: dict[int, list[float]] = field(default_factory=dict[int, list[float]])


@dataclass(frozen=True)
class Crowd:
    """Many boxes alive at once."""

    boxes: int
    start_seconds: float
    available_mib_each: float
    pss_mib_each: float
    exec_p50_ms: float
    kill_seconds: float


@dataclass(frozen=True)
class Base:
    """Getting a workspace of 10,000 files, and removing it: milliseconds."""

    box_ms: float
    copytree_ms: float


def main() -> int:
    options = read_options()
    field_of = contenders(options.image)
    speeds = {contender.name: Speed() for contender in field_of}
    backend = open_backend("bwrap")
    crowds: list[Crowd] = []
    bases: list[Base] = []
    load = [os.getloadavg()[0]]
    for _ in range(options.rounds):
        asyncio.run(measure_round(field_of, speeds, options))
        crowds.append(asyncio.run(measure_crowd(backend, options.boxes)))
        bases.append(asyncio.run(measure_base(backend)))
        load.append(os.getloadavg()[0])
    bars = judge(speeds, crowds, bases)
    if options.json:
        print(as_json(speeds, crowds, bases, bars, load))
    else:
        print_report(speeds, crowds, bases, bars, load)
    return 0 if all(bars.values()) else 1


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure (3)")
    parser.add_argument("--commands", type=int, default=200, help="of each kind a round (200)")
    parser.add_argument("--cycles", type=int, default=200, help="boxes made a round (200)")
    parser.add_argument("--boxes", type=int, default=500, help="alive at once (500)")
    parser.add_argument("--image", default=DEFAULT_IMAGE, help="for Docker")
    parser.add_argument("--json", action="store_true", help="the figures for a program")
    return parser.parse_args()


# -- measuring -------------------------------------------------------------------------------------


async def measure_round(
    field_of: Sequence[Contender], speeds: dict[str, Speed], options: argparse.Namespace
) -> None:
    await measure_latencies(field_of, speeds, options.commands)
    for parallel in PARALLEL:
        for contender in field_of:
            number = max(parallel, options.cycles // contender.slowness)
            rate = await cycles_per_second(contender, number, parallel)
            speeds[contender.name].cycles.setdefault(parallel, []).append(rate)


async def measure_latencies(
    field_of: Sequence[Contender], speeds: dict[str, Speed], commands: int
) -> None:
    opened = {contender: await contender.open(WORKSPACE) for contender in field_of}
    try:
        for workspace in opened.values():
            await seconds_of(workspace, COMMANDS["true"])  # the first one is special everywhere
        for number in range(commands):
            for contender, workspace in opened.items():
                if number % contender.slowness == 0:
                    for name, argv in COMMANDS.items():
                        taken = 1000 * await seconds_of(workspace, argv)
                        speeds[contender.name].latencies.setdefault(name, []).append(taken)
    finally:
        for workspace in opened.values():
            await workspace.close()


async def seconds_of(workspace: Opened, argv: Sequence[str]) -> float:
    started = time.perf_counter()
    code = await workspace.run(argv)
    taken = time.perf_counter() - started
    assert code == 0, f"{argv} ended with {code}"
    return taken


async def cycles_per_second(contender: Contender, number: int, parallel: int) -> float:
    left = iter(range(number))

    async def worker() -> None:
        for _ in left:
            workspace = await contender.open(WORKSPACE)
            await seconds_of(workspace, COMMANDS["true"])
            await workspace.close()

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(parallel)))
    return number / (time.perf_counter() - started)


async def measure_crowd(backend: Backend, number: int) -> Crowd:
    async with crowd(backend, 1):
        pass  # the keeper is there from now on
    available, own = available_bytes(), pss_below_us()
    started = time.perf_counter()
    async with crowd(backend, number) as boxes:
        start_seconds = time.perf_counter() - started
        memory = (available - available_bytes(), pss_below_us() - own)
        latencies: list[float] = []
        for box in boxes[:: max(1, number // 100)]:
            begun = time.perf_counter()
            await box.exec(COMMANDS["true"])
            latencies.append(1000 * (time.perf_counter() - begun))
        ending = time.perf_counter()
    return Crowd(
        boxes=number,
        start_seconds=start_seconds,
        available_mib_each=memory[0] / number / _MIB,
        pss_mib_each=memory[1] / number / _MIB,
        exec_p50_ms=statistics.median(latencies),
        kill_seconds=time.perf_counter() - ending,
    )


@asynccontextmanager
async def crowd(backend: Backend, number: int) -> AsyncGenerator[list[Sandbox]]:
    """That many boxes, made eight at a time."""
    boxes: list[Sandbox] = []
    left = iter(range(number))

    async def worker() -> None:
        for _ in left:
            box = await backend.create(BoxSpec())
            boxes.append(box)

    try:
        await asyncio.gather(*(worker() for _ in range(8)))
        yield boxes
    finally:
        await asyncio.gather(*(box.close() for box in boxes))


def available_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/meminfo does not tell MemAvailable")


def pss_below_us() -> int:
    return sum(process.pss for process in descendants(os.getpid()))


async def measure_base(backend: Backend) -> Base:
    with tempfile.TemporaryDirectory(prefix="clawgym-speed-") as scratch:
        base = Path(scratch, "base")
        Files({f"d{n % 100}/f{n}": bytes(4096) for n in range(BASE_FILES)}).write_to(base)

        async def by_box() -> Callable[[], Awaitable[None]]:
            box = await backend.create(BoxSpec(base=base))
            return box.close

        async def by_copy() -> Callable[[], Awaitable[None]]:
            shutil.copytree(base, Path(scratch, "copy"))
            return lambda: asyncio.to_thread(shutil.rmtree, Path(scratch, "copy"))

        box_ms: list[float] = []
        copy_ms: list[float] = []
        for _ in range(3):
            box_ms += [await milliseconds_until(by_box) for _ in range(5)]
            copy_ms.append(await milliseconds_until(by_copy))
        return Base(statistics.median(box_ms), statistics.median(copy_ms))


async def milliseconds_until(
    ready: Callable[[], Awaitable[Callable[[], Awaitable[None]]]],
) -> float:
    started = time.perf_counter()
    close = await ready()
    taken = 1000 * (time.perf_counter() - started)
    await close()
    return taken


# -- reporting -------------------------------------------------------------------------------------


def judge(
    speeds: dict[str, Speed], crowds: Sequence[Crowd], bases: Sequence[Base]
) -> dict[str, bool]:
    """Each bar in words with its figure, and whether it is met. Medians over the rounds."""
    ours = speeds["our bwrap"]
    rate = statistics.median(ours.cycles[8])
    p50 = statistics.median(ours.latencies["true"])
    start = statistics.median(crowd.start_seconds for crowd in crowds)
    available = statistics.median(crowd.available_mib_each for crowd in crowds)
    pss = statistics.median(crowd.pss_mib_each for crowd in crowds)
    base = statistics.median(base.box_ms for base in bases)
    number = crowds[0].boxes
    return {
        f"at least 100 cycles/s, 8 boxes at a time: {rate:.0f}": rate >= 100,
        f"a command takes at most 4 ms (p50): {p50:.2f}": p50 <= 4,
        f"{number} boxes start within 3 s: {start:.2f}": start <= 3,
        f"a box costs at most 1 MiB of the machine: {available:.2f}": available <= 1,
        f"a box costs at most 1 MiB of PSS: {pss:.2f}": pss <= 1,
        f"{BASE_FILES:,} files are ready within 10 ms: {base:.1f}": base <= 10,
    }


def print_report(
    speeds: dict[str, Speed],
    crowds: Sequence[Crowd],
    bases: Sequence[Base],
    bars: dict[str, bool],
    load: Sequence[float],
) -> None:
    print(f"uid {os.getuid()}, {os.cpu_count()} CPUs, load " + " ".join(f"{x:.1f}" for x in load))
    print_speeds(speeds)
    print(f"\n{'boxes alive':>11} {'start s':>8} {'MiB each':>9} {'PSS MiB':>8} ", end="")
    print(f"{'exec p50 ms':>12} {'kill s':>7}")
    for crowd in crowds:
        print(
            f"{crowd.boxes:>11} {crowd.start_seconds:>8.2f} {crowd.available_mib_each:>9.2f} ",
            end="",
        )
        print(f"{crowd.pss_mib_each:>8.2f} {crowd.exec_p50_ms:>12.2f} {crowd.kill_seconds:>7.2f}")
    for base in bases:
        print(
            f"\n{BASE_FILES:,} files: a box with them as its base {base.box_ms:.1f} ms, "
            f"copytree {base.copytree_ms:.0f} ms, {base.copytree_ms / base.box_ms:.0f} times that",
            end="",
        )
    print("\n")
    for bar, met in bars.items():
        print("met   " if met else "MISSED", bar)


def print_speeds(speeds: dict[str, Speed]) -> None:
    print(f"\n{'':<18}{'true, ms':^24}{'python, ms':^24}{'cycles/s':^24}")
    print(f"{'':<18}" + f"{'p50':>8}{'p95':>8}{'ratio':>8}" * 2, end="")
    print("".join(f"{f'{parallel} at once':>12}" for parallel in PARALLEL))
    for name, speed in speeds.items():
        print(f"{name:<18}", end="")
        for command in COMMANDS:
            plain = statistics.median(speeds[PLAIN].latencies[command])
            p50 = statistics.median(speed.latencies[command])
            print(f"{p50:>8.2f}{p95(speed.latencies[command]):>8.2f}{p50 / plain:>8.2f}", end="")
        print("".join(f"{statistics.median(speed.cycles[n]):>12.1f}" for n in PARALLEL))


def p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * len(values))]


def as_json(
    speeds: dict[str, Speed],
    crowds: Sequence[Crowd],
    bases: Sequence[Base],
    bars: dict[str, bool],
    load: Sequence[float],
) -> str:
    told = {
        "uid": os.getuid(),
        "load": load,
        "speeds": {name: asdict(speed) for name, speed in speeds.items()},
        "crowds": [asdict(crowd) for crowd in crowds],
        "bases": [asdict(base) for base in bases],
        "bars": bars,
    }
    return json.dumps(told, indent=1)


if __name__ == "__main__":
    sys.exit(main())
