"""New datasets of some of the tasks of another one: filtered, sampled, split."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawgym.appearing import appearing
from clawgym.task import Task
from synth.dataset.conditions import Condition, Seen, first_unmet
from synth.dataset.contamination import Benchmarks
from synth.dataset.profile import profile_of
from synth.dataset.provenance import Derivation, Left, source_of, text_settings
from synth.dataset.reading import Profiles, read_profiles, require_tasks
from synth.dataset.sampling import sample
from synth.dataset.similarity import Novelty
from synth.dataset.splitting import Split, split
from verify.suites import Refusal, Suite, load_all

OnTask = Callable[[], None]


@dataclass(frozen=True)
class Sieve:
    """What lets a task through: conditions first, then benchmarks, then novelty."""

    conditions: Sequence[Condition] = ()
    novelty: Novelty | None = None
    benchmarks: Benchmarks | None = None

    def stopped(self, task: Task, source: str, seen: Seen) -> Left | None:
        """Why a task does not pass; None where it does. `seen` sees what the conditions see."""
        if self.conditions:
            profile = profile_of(task)
            seen.see(profile)
            if unmet := first_unmet(profile, self.conditions):
                return Left(task_id=task.id, source=source, reason=f"not {unmet.text}")
        if self.benchmarks is not None and (found := self.benchmarks.find(task)):
            return Left(
                task_id=task.id,
                source=source,
                reason=f"contaminated-{found.reason}",
                of=f"{found.benchmark}/{found.of}",
                similarity=round(found.similarity, 4),
                detail=found.evidence,
            )
        if self.novelty is not None and (twin := self.novelty.admit(task.id, task.instruction)):
            return Left(
                task_id=task.id,
                source=source,
                reason="similar",
                of=twin.of,
                similarity=round(twin.similarity, 4),
            )
        return None


def write_filtered(
    suite: Suite, destination: Path, sieve: Sieve, on_task: OnTask = lambda: None
) -> Derivation:
    """Write the tasks that pass, in their order; the dataset appears whole or not at all.

    Raises:
        UsageError: the destination is taken, or no task passes.
    """
    settings = {
        "where": " and ".join(condition.text for condition in sieve.conditions),
        "similarity": sieve.novelty.threshold if sieve.novelty is not None else None,
        "benchmark tasks": len(sieve.benchmarks) if sieve.benchmarks is not None else None,
    }
    source = source_of(suite)
    derivation = Derivation("filter", text_settings(settings), (source,))
    seen = Seen(sieve.conditions)

    def passing() -> Iterator[Task]:
        for task in load_all(suite):
            on_task()
            derivation.funnel["read"] += 1
            if isinstance(task, Refusal):
                derivation.refuse(task, source.name)
            elif left := sieve.stopped(task, source.name, seen):
                derivation.leave(left)
            else:
                yield task
        derivation.notes += seen.missing()

    with appearing(destination) as staging:
        derivation.write(staging, passing(), name=destination.name, seed=source.seed or 0)
    return derivation


def write_sample(
    suite: Suite,
    destination: Path,
    number: int,
    *,
    balance: Sequence[str] = (),
    seed: int = 0,
    on_task: OnTask = lambda: None,
) -> Derivation:
    """Write a balanced sample, in the order of the tasks.

    Raises:
        UsageError: the destination is taken, or there are fewer tasks.
    """
    profiles = _profiles(suite, on_task)
    chosen = {task.id for task in sample(profiles.tasks, number, balance=balance, seed=seed)}
    settings = text_settings({"number": number, "balance": ",".join(balance), "seed": seed})
    with appearing(destination) as staging:
        derivation = _deriving("sample", settings, suite, profiles)
        derivation.write(staging, _chosen(suite, chosen), name=destination.name, seed=seed)
    return derivation


def write_split(
    suite: Suite,
    destination: Path,
    shares: Mapping[str, float],
    *,
    stratify: Sequence[str] = (),
    group_by: Sequence[str] = (),
    threshold: float,
    seed: int = 0,
    on_task: OnTask = lambda: None,
) -> tuple[Split, list[Derivation]]:
    """Write a dataset for each part below `destination`, which appears whole or not at all.

    Raises:
        UsageError: the destination is taken, or the tasks cannot be split like that.
    """
    profiles = _profiles(suite, on_task)
    found = split(
        profiles.tasks,
        shares,
        stratify=stratify,
        group_by=group_by,
        threshold=threshold,
        seed=seed,
    )
    settings = {
        "shares": ",".join(f"{name}={share:g}" for name, share in shares.items()),
        "stratify": ",".join(stratify),
        "group-by": ",".join(group_by),
        "similarity": threshold,
        "seed": seed,
    }
    derivations: list[Derivation] = []
    with appearing(destination) as staging:
        staging.mkdir()
        for part, ids in found.parts.items():
            settings["part"] = part
            derivation = _deriving("split", text_settings(settings), suite, profiles)
            name = f"{destination.name}-{part}"
            derivation.write(staging / part, _chosen(suite, set(ids)), name=name, seed=seed)
            derivations.append(derivation)
    return found, derivations


def _profiles(suite: Suite, on_task: OnTask) -> Profiles:
    profiles = read_profiles(suite, on_task)
    require_tasks(profiles, suite.path)
    return profiles


def _deriving(
    command: str, settings: Mapping[str, str], suite: Suite, profiles: Profiles
) -> Derivation:
    source = source_of(suite)
    derivation = Derivation(command, settings, (source,))
    derivation.funnel["read"] = len(suite)
    for refusal in profiles.refused:
        derivation.refuse(refusal, source.name)
    return derivation


def _chosen(suite: Suite, ids: Collection[str]) -> Iterator[Task]:
    return (suite.load(task_id) for task_id in suite.task_ids if task_id in ids)
