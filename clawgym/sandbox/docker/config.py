"""What a container for one box looks like, in the words of Docker's API."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clawgym.errors import SandboxError, SandboxUnsupportedError
from clawgym.sandbox.docker.api import Image
from clawgym.sandbox.docker.boot import COMMAND, LOADER
from clawgym.sandbox.docker.commands import Identity
from clawgym.sandbox.docker.pack import Size
from clawgym.sandbox.protocol import WORKSPACE, BoxSpec

USER = Identity(1000, 1000)
RUN_BYTES = 16 * 1024**2

_MASKED_BY_DOCKER = (
    *("/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys"),
    *("/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list"),
    *("/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"),
)
"""What it masks by itself, in all its versions: asking for more replaces its list."""
_MASKED_BY_US = (
    *("/sys/block", "/sys/bus", "/sys/class", "/sys/dev", "/sys/devices", "/sys/hypervisor"),
    *("/sys/kernel", "/sys/module", "/sys/power"),
    *("/sys/fs/bpf", "/sys/fs/btrfs", "/sys/fs/ext4", "/sys/fs/fuse", "/sys/fs/xfs"),
)
"""The host's hardware and kernel; of `/sys`, process 1 needs the cgroup alone."""
_OVERHEAD = 24 * 1024**2
"""Memory that process 1 may need beside the box's own."""
_SLACK = 64 * 1024


@dataclass(frozen=True)
class Plan:
    """A box about to be made: whom its commands run as, and how large its mounts are."""

    spec: BoxSpec
    identity: Identity
    mounts: Mapping[str, Size]
    labels: Mapping[str, str]


def whose(spec: BoxSpec) -> Identity:
    """Whom commands run as: an ordinary user, the owner of a `workspace_dir` if there is one.

    Raises:
        SandboxUnsupportedError: that directory belongs to root, whom no command may run as.
    """
    if spec.workspace_dir is None:
        return USER
    info = spec.workspace_dir.stat()
    if info.st_uid == 0 and not spec.workspace_read_only:
        raise SandboxUnsupportedError(
            f"{spec.workspace_dir} belongs to root, but commands in a Docker box never run as root "
            f"and could not write there; give it to a user (`chown -R {USER.uid}:{USER.gid} "
            f"{spec.workspace_dir}`) or use `--sandbox bwrap`"
        )
    return Identity(info.st_uid, info.st_gid) if info.st_uid else USER


def check_directories(spec: BoxSpec) -> None:
    """Make sure that what is to be mounted is there.

    Raises:
        SandboxError: it is not.
    """
    own = spec.workspace_dir or spec.base
    bound = {WORKSPACE: own} if own else {}
    for name, source in {**spec.mounts, **spec.writable, **bound}.items():
        if not source.is_dir():
            raise SandboxError(f"the mount {name!r} needs the directory {source}; create it first")


def container_config(image: Image, plan: Plan) -> dict[str, object]:
    """The body of the request that makes the container."""
    return {
        "Image": image["Id"],
        "Entrypoint": [*COMMAND, LOADER],
        "Cmd": [],
        "User": "0:0",
        "WorkingDir": "/",
        "Hostname": "box",
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        "OpenStdin": True,
        "StdinOnce": True,  # the harness dies, standard input ends, and so does process 1
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": dict(plan.labels),
        "HostConfig": _host_config(plan, image["Config"]["Volumes"] or {}),
    }


def _host_config(plan: Plan, volumes: Mapping[str, object]) -> dict[str, object]:
    limits = plan.spec.limits
    memory = limits.memory_bytes + _OVERHEAD + sum(size.memory for size in plan.mounts.values())
    config: dict[str, object] = {
        "AutoRemove": True,
        "NetworkMode": "none",
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "MaskedPaths": [*_MASKED_BY_DOCKER, *_MASKED_BY_US],
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "CapAdd": ["KILL", "SETGID", "SETPCAP", "SETUID"],
        "SecurityOpt": ["no-new-privileges"],
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": limits.processes + 1,
        "Ulimits": [{"Name": "core", "Soft": 0, "Hard": 0}],
        "LogConfig": {"Type": "none"},  # or the daemon would keep all that we say on its disk
        "ShmSize": limits.tmp_bytes,
        "Tmpfs": _file_systems(plan, volumes),
        "Mounts": _bindings(plan.spec),
    }
    if limits.cpus is not None:
        config["NanoCpus"] = int(limits.cpus * 1e9)
    return config


def _file_systems(plan: Plan, volumes: Mapping[str, object]) -> dict[str, str]:
    """Every place that can be written, in memory and with a size."""
    spec, limits = plan.spec, plan.spec.limits
    temporary = _options(limits.tmp_bytes, "mode=1777")
    # What the image declares as volumes would otherwise be writable on the host's disk.
    places = dict.fromkeys((*volumes, "/tmp", "/var/tmp"), temporary)  # noqa: S108 - those inside
    places["/run"] = _options(RUN_BYTES, "mode=1777")
    for name, size in plan.mounts.items():
        places[f"/{name}"] = _options(size.memory + _SLACK, "mode=0755")
    owner = f"mode=0755,uid={plan.identity.uid},gid={plan.identity.gid}"
    room = f"nr_inodes={limits.workspace_files + 1}"
    for name in spec.writable:
        places[f"/{name}"] = _options(limits.workspace_bytes, owner, room)
    if spec.workspace_dir is None:
        rights = "mode=0755" if spec.workspace_read_only else owner
        places[f"/{WORKSPACE}"] = _options(limits.workspace_bytes, rights, room)
    return places


def _options(size: int, *others: str) -> str:
    return ",".join(("rw", "exec", "nosuid", "nodev", f"size={size}", *others))


def _bindings(spec: BoxSpec) -> list[dict[str, object]]:
    if spec.workspace_dir is None:
        return []
    source = os.fspath(Path(spec.workspace_dir).resolve())
    return [
        {
            "Type": "bind",
            "Source": source,
            "Target": f"/{WORKSPACE}",
            "ReadOnly": spec.workspace_read_only,
        }
    ]
