"""One harness of the soak: boxes, commands, and all that can go wrong with them.

    python soak_harness.py SEED COMMANDS BOXES ALIVE KEEPER_DIES MARKER

It tells how far it is in lines of JSON; the last one says what it found.
"""

import asyncio
import gc
import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Awaitable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from clawgym.errors import SandboxError
from clawgym.files import Files
from clawgym.sandbox import Backend, BoxSpec, ExecResult, Limits, Sandbox, box, open_backend
from sandboxes.processes import Process, descendants
from sandboxes.soak_commands import Task, random_task

_FILES = Files({f"d{n % 4}/f{n}.txt": bytes(1000) for n in range(20)})
_LIMITS = Limits(processes=100)
_SETTLE_TIMES = 50
_AFTERMATH_SECONDS = 0.4
"""How long a killed first process may take to take the others along, on a busy machine."""
_CALM_SECONDS = 0.2
"""How long the first box's last descriptors may stay in the keeper."""
_MOST_WRONG = 50
_MOST_AT_ONCE = 8
"""So many processes are killed at once, at most."""


@dataclass(frozen=True)
class Orders:
    """What to do: so many commands, over so many boxes, so many of which live at a time.

    The keeper is killed `keeper_dies` times on the way.
    """

    seed: int
    commands: int
    boxes: int
    alive: int
    keeper_dies: int
    marker: str


@dataclass
class Findings:
    """What has been done, what was wrong, and what is left when every box is closed."""

    commands: int = 0
    boxes: int = 0
    checked: int = 0
    killed: dict[str, int] = field(default_factory=dict[str, int])
    kinds: dict[str, int] = field(default_factory=dict[str, int])
    wrong: list[str] = field(default_factory=list[str])
    processes: list[str] = field(default_factory=list[str])
    descriptors: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])

    @property
    def kills(self) -> int:
        return sum(self.killed.values())

    @property
    def leaked(self) -> bool:
        return bool(self.processes) or any(now > then for then, now in self.descriptors.values())


@dataclass
class Scene:
    """A box. What overlaps a disturbance, or something violent, need not come out right."""

    box: Sandbox
    kills_before: int
    disturbances: int = 0
    violent: int = 0

    @contextmanager
    def disturbed(self) -> Generator[None]:
        """Something that harms what else runs in this box, rightly so."""
        self.violent += 1
        try:
            yield
        finally:
            self.violent -= 1
            self.disturbances += 1


class Soak:
    """Boxes that come and go, with commands in them."""

    def __init__(self, orders: Orders, backend: Backend) -> None:
        self._orders = orders
        self._backend = backend
        self._dice = random.Random(orders.seed)
        self._killing = 0
        self.findings = Findings()

    async def run(self) -> None:
        """Run all the commands."""
        killing = asyncio.create_task(self._kill_at_random())
        keepers = asyncio.create_task(self._kill_keepers())
        await asyncio.gather(*(self._slot() for _ in range(self._orders.alive)))
        killing.cancel()
        keepers.cancel()

    async def _slot(self) -> None:
        while not self._over:
            await self._noting("a box's life", self._life())

    async def _life(self) -> None:
        kills = self.findings.kills
        opened = await self._create()
        if opened is None:
            return
        self.findings.boxes += 1
        scene = Scene(opened, kills)
        mean = self._orders.commands / self._orders.boxes
        left = iter(range(1 + int(self._dice.expovariate(1 / mean))))
        workers = {asyncio.create_task(self._work(scene, left)) for _ in range(self._one_or_two)}
        hasty = self._dice.random() < 0.2
        await asyncio.wait(workers, timeout=self._dice.uniform(0, 0.5) if hasty else None)
        with scene.disturbed():
            await self._end(opened)
            await asyncio.wait(workers)

    async def _create(self) -> Sandbox | None:
        creating = asyncio.create_task(self._backend.create(BoxSpec(_FILES, limits=_LIMITS)))
        if self._dice.random() < 0.05:
            await self._cancel_soon(creating, 0.02)
        kills = self.findings.kills
        try:
            return await creating
        except asyncio.CancelledError:
            return None
        except SandboxError:
            if kills == self.findings.kills and not self._killing:
                raise
            return None

    async def _end(self, opened: Sandbox) -> None:
        if self._dice.random() < 0.5:
            await self._noting("seal", opened.seal())
            await self._noting("collect", opened.collect())
        closing = asyncio.create_task(opened.close())
        if self._dice.random() < 0.1:
            await self._cancel_soon(closing, 0.01)
        with suppress(asyncio.CancelledError):
            await closing

    # -- what happens in a box ---------------------------------------------------------------------

    async def _work(self, scene: Scene, left: Iterator[int]) -> None:
        for _ in left:
            if self._over:
                return
            before = self._disturbances(scene)
            try:
                await self._step(scene)
            except (SandboxError, OSError) as error:
                killed = scene.kills_before != self.findings.kills
                if not (killed or scene.violent) and self._disturbances(scene) == before:
                    self._complain(f"{type(error).__name__} in a box that nobody touched: {error}")
                return
            except Exception:  # noqa: BLE001 - whatever it is, it is a finding
                self._complain(traceback.format_exc())
                return

    async def _step(self, scene: Scene) -> None:
        fate = self._dice.random()
        if fate < 0.03:
            await self._use_files(scene)
        elif fate < 0.04:
            with scene.disturbed():
                snapshot = await scene.box.snapshot()
                await scene.box.restore(snapshot)
        else:
            await self._run(scene, cancelled=fate > 0.95)

    async def _use_files(self, scene: Scene) -> None:
        name, data = f"n/{self._dice.randrange(9)}", self._dice.randbytes(9000)
        await scene.box.write(name, data)
        await scene.box.read(name)
        await scene.box.list()

    async def _run(self, scene: Scene, *, cancelled: bool) -> None:
        task = random_task(self._dice, self._orders.marker)
        self.findings.commands += 1
        kind = "cancelled" if cancelled else task.kind
        self.findings.kinds[kind] = self.findings.kinds.get(kind, 0) + 1
        running = asyncio.create_task(
            scene.box.exec(task.argv, stdin=task.stdin, timeout=task.timeout)
        )
        if cancelled:
            with scene.disturbed(), suppress(asyncio.CancelledError):
                await self._cancel_soon(running, 0.05)
                await running
        elif task.violent:
            before = self._disturbances(scene)
            with scene.disturbed():
                result = await running
                await self._check(task, result, calm=scene.violent == 1, scene=scene, before=before)
        else:
            before = self._disturbances(scene)
            calm = scene.violent == 0
            result = await running
            await self._check(
                task, result, calm=calm and scene.violent == 0, scene=scene, before=before
            )

    async def _check(
        self,
        task: Task,
        result: ExecResult,
        *,
        calm: bool,
        scene: Scene,
        before: tuple[int, int, int],
    ) -> None:
        if calm and not self._killing and before == self._disturbances(scene):
            self.findings.checked += 1
            if not task.right(result) and not await self._late(scene, result):
                self._complain(f"{task.kind}: {result}"[:1000])

    async def _late(self, scene: Scene, result: ExecResult) -> bool:
        """Whether a command was killed by the end of its box, after `_AFTERMATH_SECONDS`."""
        if result.exit_code != 128 + signal.SIGKILL or scene.kills_before == self.findings.kills:
            return False
        try:
            await scene.box.exec(["true"])
        except SandboxError:
            return True
        return False

    def _disturbances(self, scene: Scene) -> tuple[int, int, int]:
        return self.findings.kills, scene.disturbances, self._killing

    # -- trouble -----------------------------------------------------------------------------------

    async def _kill_at_random(self) -> None:
        """Kill commands, first processes and holders from outside, a few at a time."""
        while True:
            await asyncio.sleep(self._dice.uniform(0.05, 0.8))
            found = await self._family()
            roles = [role for role in found if role != "keepers"]
            victims: dict[Process, str] = {}
            for _ in range(self._dice.randint(1, _MOST_AT_ONCE)):
                if roles:
                    role = self._dice.choice(roles)
                    victims[self._dice.choice(found[role])] = role
            await self._kill(victims)

    async def _kill_keepers(self) -> None:
        """Kill a keeper, or the parent that it has outside its namespace, when half is done."""
        for _ in range(self._orders.keeper_dies):
            while self.findings.commands < self._orders.commands // 2:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            await self._kill({self._dice.choice((await self._family())["keepers"]): "keepers"})

    async def _family(self) -> dict[str, list[Process]]:
        return _by_role(await asyncio.to_thread(descendants, os.getpid()))

    async def _kill(self, victims: dict[Process, str]) -> None:
        self._killing += 1
        for victim, role in victims.items():
            with suppress(ProcessLookupError):
                os.kill(victim.pid, signal.SIGKILL)
                self.findings.killed[role] = self.findings.killed.get(role, 0) + 1
        await asyncio.sleep(_AFTERMATH_SECONDS)
        self._killing -= 1

    async def _cancel_soon(self, task: "asyncio.Task[object]", most: float) -> None:
        await asyncio.wait({task}, timeout=self._dice.uniform(0, most))
        task.cancel()

    async def _noting(self, what: str, action: Awaitable[object]) -> None:
        try:
            await action
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            self._complain(f"{what}: {traceback.format_exc()}")

    def _complain(self, text: str) -> None:
        self.findings.wrong.append(text)

    @property
    def _over(self) -> bool:
        enough = len(self.findings.wrong) >= _MOST_WRONG
        return enough or self.findings.commands >= self._orders.commands

    @property
    def _one_or_two(self) -> int:
        return self._dice.choice([1, 1, 2])


def _by_role(below: list[Process]) -> dict[str, list[Process]]:
    """Processes by what they are: the keeper is our child, and that child's only child.

    The holder of a box is bubblewrap, a child of the keeper, and its own child the first inside.
    """
    keepers = {process.pid for process in below if process.parent == os.getpid()}
    keepers |= {process.pid for process in below if process.parent in keepers}
    holders = {process.pid for process in below if process.name == "bwrap"}
    found: dict[str, list[Process]] = {}
    for process in below:
        if process.pid in keepers:
            role = "keepers"
        elif process.pid in holders:
            role = "holders"
        else:
            role = "first processes" if process.parent in holders else "commands"
        found.setdefault(role, []).append(process)
    return found


async def soak(orders: Orders) -> Findings:
    """Do it, and look at what is left."""
    backend = open_backend("bwrap")
    async with box(backend, BoxSpec(_FILES)) as first:
        await first.exec(["true"])
    await asyncio.sleep(_CALM_SECONDS)
    before = _descriptors()
    progress = asyncio.create_task(_tell_progress(current := Soak(orders, backend)))
    await current.run()
    progress.cancel()
    findings = current.findings
    for _ in range(_SETTLE_TIMES):
        after = _descriptors()
        findings.descriptors = {
            name: (before[name], after[name]) for name in before if name in after
        }
        left = _by_role(descendants(os.getpid()))
        findings.processes = [
            f"{process} of {role}"
            for role, found in left.items()
            if role != "keepers"
            for process in found
        ]
        if not findings.leaked:
            break
        await asyncio.sleep(0.1)
    return findings


async def _tell_progress(soak: Soak) -> None:
    while True:
        _tell(asdict(soak.findings))
        await asyncio.sleep(0.2)


def _descriptors() -> dict[str, int]:
    """How many files are open, here and in the keeper, as far as we may know."""
    gc.collect()
    found = {"harness": len(os.listdir("/proc/self/fd"))}
    for process in descendants(os.getpid()):
        number = process.descriptors
        if number is not None and process.state != "Z":
            found[f"{process.name} {process.pid}"] = number
    return found


def _tell(message: object) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:6]]
    _tell(asdict(asyncio.run(soak(Orders(*numbers, marker=sys.argv[6])))))
