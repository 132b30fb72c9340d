"""Does anything leak? Thousands of commands over hundreds of boxes, with everything going wrong.

    python benchmarks/sandbox_soak.py                # 20,000 commands, 500 boxes: minutes
    python benchmarks/sandbox_soak.py --quick        # 400 commands, 25 boxes: seconds

Several harnesses run one after the other. In each, commands of every kind (floods, daemons,
time-outs, fork bombs, big inputs) run in boxes that are sealed and closed at any moment, while
commands, first processes and holders are killed from outside, and tasks are cancelled. Every other
harness is itself killed with -9, alone or with its keeper at once, and in others the keeper alone
is. Then nothing may be left: no process
(by descent and by a marker in the command line), no zombie, mount, directory, control group, nor an
open descriptor in a harness or keeper that lived on. Commands that nobody disturbed must have come
out right. Exit code 1 if anything is left or wrong.
"""

import argparse
import ctypes
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandboxes.processes import descendants, processes

_HARNESS = Path(__file__).parent / "sandboxes" / "soak_harness.py"
_PR_SET_CHILD_SUBREAPER = 36
_DYING_SECONDS = 10.0
_FATES = ("clean", "killed", "no keeper", "killed with its keeper")
"""How harnesses go, in turns; in the third kind the keeper is killed, and the harness goes on."""

Message = dict[str, Any]


@dataclass
class Report:
    """What was done, and what was wrong: `leaks` by kind."""

    commands: int = 0
    boxes: int = 0
    checked: int = 0
    harnesses: int = 0
    killed: dict[str, int] = field(default_factory=dict[str, int])
    kinds: dict[str, int] = field(default_factory=dict[str, int])
    leaks: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def leaked(self, kind: str, found: Sequence[str]) -> None:
        self.leaks.setdefault(kind, []).extend(found)


def main() -> int:
    options = read_options()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="clawgym-soak-") as place:
        report = Soak(options, Path(place)).run()
    print_report(report, time.monotonic() - started)
    return 1 if any(report.leaks.values()) else 0


def print_report(report: Report, seconds: float) -> None:
    """The table that ends it: what was done, what was done to it, and what was left or wrong."""
    print(f"\n\n{report.commands:>7,} commands over {report.boxes:,} boxes", end="")
    print(f" in {report.harnesses} harnesses, uid {os.getuid()}", end="")
    print(f", {seconds:.0f} s, load {os.getloadavg()[0]:.1f}")
    print(f"{report.checked:>7,} results of commands that nothing had disturbed, checked")
    for title, numbers in (("run", report.kinds), ("killed with -9", report.killed)):
        print(f"\n{title}:")
        print(*(f"{number:>7,} {kind}" for kind, number in sorted(numbers.items())), sep="\n")
    print("\nleft or wrong:")
    for kind, found in report.leaks.items():
        print(f"{len(found):>7} {kind}")
        for line in found[:10]:
            print(f"        {line}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--commands", type=int, default=20_000)
    parser.add_argument("--boxes", type=int, default=500, help="about so many, over all (500)")
    parser.add_argument("--alive", type=int, default=50, help="boxes at a time (50)")
    parser.add_argument("--harnesses", type=int, default=12, help="one after the other (12)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="400 commands over 25 boxes")
    options = parser.parse_args()
    if options.quick:
        options.commands, options.boxes, options.harnesses = 400, 25, 4
    return options


class Soak:
    """Runs the harnesses, and looks for what they leave behind."""

    def __init__(self, options: argparse.Namespace, place: Path) -> None:
        self._options = options
        self._place = place
        self._dice = random.Random(options.seed)
        self._marker = f"86400.{self._dice.randrange(10**8, 10**9)}"
        self._pids: list[int] = []
        self._mounts = set(_mounts())
        self.report = Report()

    def run(self) -> Report:
        for kind in ("broken", "wrong results", "processes", "zombies", "descriptors"):
            self.report.leaked(kind, [])
        share = -(-self._options.commands // self._options.harnesses)
        fates = itertools.cycle(_FATES)
        while self.report.commands < self._options.commands and not self.report.leaks["broken"]:
            left = self._options.commands - self.report.commands
            self._run_harness(min(share, left), fate=next(fates))
        self._run_harness(1, fate="clean")  # collects what its predecessors could not
        self._look_around()
        return self.report

    def _run_harness(self, commands: int, *, fate: str) -> None:
        boxes = max(1, round(self._options.boxes * commands / self._options.commands))
        alive = min(self._options.alive, boxes)
        orders = (self._dice.randrange(1 << 30), commands, boxes, alive, int(fate == "no keeper"))
        harness = subprocess.Popen(
            [sys.executable, _HARNESS, *map(str, orders), self._marker],
            stdout=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(self._place)},
            text=True,
        )
        self._pids.append(harness.pid)
        killed = fate.startswith("killed")
        limit = self._dice.randrange(commands) if killed else None
        done = self._follow(harness, limit, with_keeper=fate.endswith("with its keeper"))
        code = harness.wait()
        if code != (-signal.SIGKILL if killed else 0):
            self.report.leaked("broken", [f"a harness that was to end {fate!r} ended with {code}"])
        self._add(done)
        self._look_for_processes()

    def _follow(
        self, harness: "subprocess.Popen[str]", limit: int | None, *, with_keeper: bool
    ) -> Message:
        """What the harness told last; it is killed as soon as it has run `limit` commands."""
        done: Message = {"commands": 0, "boxes": 0}
        assert harness.stdout
        with harness.stdout as lines:
            for line in lines:
                if not line.endswith("\n"):
                    break  # killed in the middle of it
                done = json.loads(line)
                self._show(done["commands"])
                if limit is not None and done["commands"] >= limit:
                    self._kill(harness.pid, with_keeper=with_keeper)
                    break
        return done

    def _kill(self, harness: int, *, with_keeper: bool) -> None:
        """Kill a harness, perhaps with the keeper and its parent, which are its only child."""
        family = [harness]
        if with_keeper:
            below = descendants(harness)
            family += [process.pid for process in below if process.parent == harness]
            family += [process.pid for process in below if process.parent in family[1:]]
        for pid in family[::-1] if self._dice.random() < 0.5 else family:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        name = "harnesses with their keepers" if with_keeper else "harnesses"
        self.report.killed[name] = self.report.killed.get(name, 0) + 1

    def _show(self, commands: int) -> None:
        done = self.report.commands + commands
        print(f"\r{done:>7,} of {self._options.commands:,} commands", end="", flush=True)

    def _add(self, done: Message) -> None:
        report = self.report
        report.harnesses += 1
        report.commands += done["commands"]
        report.boxes += done["boxes"]
        report.checked += done.get("checked", 0)
        for mine, told in ((report.kinds, "kinds"), (report.killed, "killed")):
            for kind, number in done.get(told, {}).items():
                mine[kind] = mine.get(kind, 0) + number
        report.leaked("wrong results", done.get("wrong", []))
        report.leaked("processes", done.get("processes", []))
        for name, (before, after) in done.get("descriptors", {}).items():
            if after > before:
                report.leaked("descriptors", [f"{name}: {before} before, {after} after"])

    # -- looking for leaks -------------------------------------------------------------------------

    def _look_for_processes(self) -> None:
        """All that descends from a harness is adopted by us when it is gone."""
        deadline = time.monotonic() + _DYING_SECONDS
        while left := descendants(os.getpid()):
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        for process in left:
            kind = "zombies" if process.state == "Z" else "processes"
            self.report.leaked(kind, [str(process)])

    def _look_around(self) -> None:
        marked = [process for process in processes() if self._marker.encode() in process.words]
        for process in marked:
            if process.pid != os.getpid():
                self.report.leaked("processes", [f"{process}, by its marker"])
        self.report.leaked("mounts", sorted(set(_mounts()) - self._mounts))
        boxes = self._place.glob("clawgym-*/boxes/*")
        others = (path for path in self._place.iterdir() if not path.name.startswith("clawgym-"))
        self.report.leaked("directories", [str(path) for path in (*boxes, *others)])
        self.report.leaked("control groups", [*_groups(self._pids)])


def _mounts() -> list[str]:
    """Mounts that everybody sees, but for those of Docker, which others may be using."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [line.split(" ", 3)[3] for line in lines if "docker" not in line]


def _groups(pids: Sequence[int]) -> Iterator[str]:
    names = tuple(f"clawgym-{pid}-" for pid in pids)
    for place, folders, _ in os.walk("/sys/fs/cgroup"):
        yield from (f"{place}/{folder}" for folder in folders if folder.startswith(names))


if __name__ == "__main__":
    sys.exit(main())
