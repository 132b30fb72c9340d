"""Control groups, version 1 or 2, where this process may make them; otherwise none."""

import errno
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

_PREFIX = "clawgym-"
"""What the names of all harnesses' groups start with."""

_PERIOD_MICROSECONDS = 100_000

_DYING_SECONDS = 2.0
"""How long to wait for the last processes of dead groups."""
_PAUSE = 0.01


class Cgroups:
    """Makes one group a box. `controllers` says which limits are real: memory, pids, cpu."""

    def __init__(self, name: str | None) -> None:
        """Try to make the group `name` for this harness below the one that we are in."""
        self._parents = (_parents_v1(name) or _parent_v2(name)) if name else {}
        self.unified = "" in self._parents
        self.controllers = _V2_CONTROLLERS if self.unified else frozenset(self._parents)

    def open(self, box: str, limits: dict[str, float]) -> "Group":
        """A group for one box.

        Args:
            box: its name.
            limits: any of `memory` (bytes), `pids` (count), `cpu` (CPUs).
        """
        return Group(self, box, limits)

    def paths(self, box: str) -> dict[str, str]:
        """Controller (or `""` for the unified hierarchy) to the box's directory."""
        return {controller: f"{parent}/{box}" for controller, parent in self._parents.items()}

    def close(self) -> None:
        """Remove the harness's own groups, and those of boxes that an earlier keeper left."""
        _remove(self._parents.values())


class Group:
    """The groups of one box, one for each hierarchy."""

    def __init__(self, cgroups: Cgroups, box: str, limits: dict[str, float]) -> None:
        self._unified = cgroups.unified
        self._paths = cgroups.paths(box)
        for path in self._paths.values():
            os.makedirs(path, exist_ok=True)
        self._set(limits)
        # A process that writes "0" to `tasks` moves itself and nothing else, at once. To
        # `cgroup.procs` it would first stop every fork of the machine: 10 ms, if all was quiet.
        file = "cgroup.procs" if self._unified else "tasks"
        self.joins = [
            os.open(f"{path}/{file}", os.O_WRONLY | os.O_CLOEXEC) for path in self._paths.values()
        ]
        self._kills = self._oom_kills()

    def oom_killed(self) -> bool:
        """Whether the kernel killed something here for want of memory since the last call."""
        before, self._kills = self._kills, self._oom_kills()
        return self._kills > before

    def close(self) -> bool:
        """Remove the groups; False while a dying process is still in one."""
        for descriptor in self.joins:
            os.close(descriptor)
        self.joins = []
        for path in list(self._paths.values()):
            try:
                os.rmdir(path)
            except FileNotFoundError:
                pass
            except OSError as error:
                if error.errno == errno.EBUSY:
                    return False
                raise
        return True

    def _set(self, limits: dict[str, float]) -> None:
        if self._unified:
            files = {
                "memory": ("memory.max", "{:.0f}"),
                "pids": ("pids.max", "{:.0f}"),
                "cpu": ("cpu.max", f"{{}} {_PERIOD_MICROSECONDS}"),
            }
        else:
            files = {
                "memory": ("memory.limit_in_bytes", "{:.0f}"),
                "pids": ("pids.max", "{:.0f}"),
                "cpu": ("cpu.cfs_quota_us", "{}"),
            }
        for name, value in limits.items():
            path = self._paths.get("" if self._unified else name)
            if path is not None:
                file, form = files[name]
                amount = int(value * _PERIOD_MICROSECONDS) if name == "cpu" else value
                _write(f"{path}/{file}", form.format(amount))
        if self._unified:
            with suppress(OSError):
                _write(f"{self._paths['']}/memory.swap.max", "0")

    def _oom_kills(self) -> int:
        path = self._paths.get("" if self._unified else "memory")
        if path is None:
            return 0
        name = "memory.events" if self._unified else "memory.oom_control"
        with suppress(OSError), open(f"{path}/{name}", encoding="ascii") as stream:
            for line in stream:
                word, _, number = line.partition(" ")
                if word == "oom_kill":
                    return int(number)
        return 0


_V1_CONTROLLERS = ("memory", "pids", "cpu")
_V2_CONTROLLERS = frozenset(_V1_CONTROLLERS)


@cache
def _root() -> str:
    """The mounted hierarchies, by a descriptor: the keeper covers their path later on."""
    try:
        return f"/proc/self/fd/{os.open('/sys/fs/cgroup', os.O_PATH | os.O_CLOEXEC)}"
    except FileNotFoundError:
        return "/nonexistent"


def _parents_v1(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for controller in _V1_CONTROLLERS:
        own = _own_group(controller)
        path = f"{_root()}/{controller}{own.rstrip('/')}/{name}" if own else ""
        with suppress(OSError):
            if path and os.path.exists(os.path.dirname(path)):
                os.makedirs(path, exist_ok=True)
                found[controller] = path
    return found


def _parent_v2(name: str) -> dict[str, str]:
    if not os.path.exists(f"{_root()}/cgroup.controllers"):
        return {}
    path = f"{_root()}/{name}"
    try:
        os.makedirs(path, exist_ok=True)
        for place in (_root(), path):
            _write(f"{place}/cgroup.subtree_control", "+memory +pids +cpu")
    except OSError:
        with suppress(OSError):
            os.rmdir(path)
        return {}
    return {"": path}


def _own_group(controller: str) -> str | None:
    with open("/proc/self/cgroup", encoding="utf-8") as stream:
        for line in stream:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            if controller in controllers.split(","):
                return path
    return None


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)


def remove_dead_groups(names: Iterable[str]) -> None:
    """Remove the groups of harnesses or keepers that no longer live; only root has any."""
    wanted = frozenset(names)
    if os.geteuid() == 0 and wanted:
        _remove(_find(wanted))


def _find(names: frozenset[str]) -> list[str]:
    """Groups of these names, wherever they are: harnesses run in groups of their own."""
    unified = os.path.exists(f"{_root()}/cgroup.controllers")
    tops = [_root()] if unified else [f"{_root()}/{controller}" for controller in _V1_CONTROLLERS]
    found: list[str] = []
    for top in tops:
        for place, folders, _ in os.walk(top):
            found += [f"{place}/{folder}" for folder in folders if folder in names]
            folders[:] = [folder for folder in folders if not folder.startswith(_PREFIX)]
    return found


def _remove(parents: Iterable[str]) -> None:
    deadline = time.monotonic() + _DYING_SECONDS
    for parent in parents:
        while not _removed(parent) and time.monotonic() < deadline:
            time.sleep(_PAUSE)  # the last processes are still dying


def _removed(parent: str) -> bool:
    with suppress(OSError):
        for entry in os.scandir(parent):
            if entry.is_dir(follow_symlinks=False):
                with suppress(OSError):
                    os.rmdir(entry.path)
    try:
        os.rmdir(parent)
    except OSError as error:
        return error.errno != errno.EBUSY
    return True
