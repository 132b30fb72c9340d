"""Tasks written by hand: a workspace, and a verifier that is a shell script."""

from clawgym.errors import SandboxError
from clawgym.files import Files
from clawgym.sandbox import BoxSpec, Sandbox
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName, VerifierSection

NEEDS = "Copy `in.txt` to `output/copy.txt`."
COPY = "#!/bin/sh\nmkdir -p output && cp in.txt output/copy.txt\n"


def task(
    script: str | None,
    *,
    solution: str | None = COPY,
    instruction: str = NEEDS,
    ours: bool = False,
    timeout: float = 20.0,
) -> Task:
    """A task whose `tests/test.sh` is `script`; `$LOGS` in it is the place for rewards.

    `ours` says that its metadata are ClawGym's, so that its files must keep our contract.
    """
    prelude = 'LOGS="${CLAWGYM_LOGS:-/logs}/verifier"; cd "${CLAWGYM_WORKSPACE:-/workspace}"\n'
    metadata = Metadata(clawgym=ClawGymMetadata(kind="skill") if ours else None)
    config = TaskConfig(
        task=TaskName(name="test/copy"),
        metadata=metadata,
        verifier=VerifierSection(timeout_sec=timeout),
    )
    return Task(
        id="copy",
        instruction=instruction,
        config=config,
        workspace=Files({"in.txt": "hello\n"}),
        tests=Files({} if script is None else {"test.sh": "#!/bin/sh\n" + prelude + script}),
        solution=Files({} if solution is None else {"solve.sh": solution}),
    )


HONEST = 'if cmp -s in.txt output/copy.txt; then echo 1; else echo 0; fi > "$LOGS/reward.txt"\n'
WEAK = 'if test -s output/copy.txt; then echo 1; else echo 0; fi > "$LOGS/reward.txt"\n'
BLIND = 'echo 1 > "$LOGS/reward.txt"\n'


class BrokenMachine:
    """A backend of a machine on which no box can be made."""

    name = "broken"
    capabilities: frozenset[str] = frozenset()

    async def create(self, spec: BoxSpec) -> Sandbox:
        raise SandboxError("no user namespaces here; enable them")
