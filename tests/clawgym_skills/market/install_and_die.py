"""Installs a skill and kills itself with SIGKILL at the n-th change of the file system.

Usage: python install_and_die.py SOURCE N WORKDIR [N WORKDIR ...]; each install is a process of its
own. Prints a line for each: how it ended, and after how many changes if it lived.
"""

import os
import signal
import sys
from pathlib import Path

STEPS = ("rename", "replace", "mkdir", "unlink", "rmdir")


def die_at(step: int) -> list[int]:
    """Count calls of what changes the file system; the process does not survive number `step`."""
    count = [0]

    def counted(function):
        def call(*arguments, **options):
            count[0] += 1
            if count[0] == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
    return count


def main() -> None:
    # Imported once, for all the processes that are forked.
    from clawgym_skills.market import client, policy, quarantine, sources, transport, workspace

    assert all((client, policy, quarantine, sources, transport, workspace))
    source, rest = sys.argv[1], sys.argv[2:]
    for step, workdir in zip(rest[::2], rest[1::2], strict=True):
        pid = os.fork()
        if not pid:
            install(Path(workdir), source, int(step))
            sys.stdout.flush()
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if ended:
            print(ended, flush=True)


def install(workdir: Path, source: str, step: int) -> None:
    from clawgym_skills.market import quarantine
    from clawgym_skills.market.policy import allow_everything
    from clawgym_skills.market.sources import parse_source
    from clawgym_skills.market.workspace import Workspace

    workspace = Workspace(workdir, allow_everything)
    count = die_at(step)
    exchange = quarantine._exchange

    def counted_exchange(new, target, old):  # the swap is a system call of its own
        _tick(count, step)
        exchange(new, target, old)
        _tick(count, step)

    quarantine._exchange = counted_exchange
    if source.startswith("http"):
        from clawgym_skills.market.client import Registry
        from clawgym_skills.market.transport import Transport

        with Registry(Transport(source)) as registry:
            wanted = parse_source("@alice/demo-skill")
            workspace.install(wanted, registry, force=True)
    else:
        workspace.install(parse_source(source), force=True)
    print(0, count[0])


def _tick(count: list[int], step: int) -> None:
    count[0] += 1
    if count[0] == step:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
