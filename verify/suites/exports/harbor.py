"""Harbor: our own layout, so that nothing is lost but what Harbor does not act on."""

from collections.abc import Iterable
from pathlib import Path

from clawgym.sandbox.site import BASE_URL
from clawgym.task import Task
from verify.suites.exports.loss import Loss


def write_harbor(destination: Path, tasks: Iterable[Task]) -> list[Loss]:
    """One Harbor 1.4 task directory a task."""
    losses: list[Loss] = []
    for task in tasks:
        task.dump(destination / task.id)
        losses += _losses(task)
    return losses


def _losses(task: Task) -> list[Loss]:
    losses: list[Loss] = []
    if "rubric.toml" in task.tests:
        message = "Harbor has no judge: the reward is that of the code alone"
        losses.append(Loss("rubric", task.id, message))
    if task.site:
        message = f"the site at {BASE_URL} is served by the image's entry point, which must run"
        losses.append(Loss("site", task.id, message))
    suite = task.clawgym.suite
    if suite and (task.config.metadata.model_extra or {}).get(suite):
        message = f"Harbor does not act on [metadata.{suite}]: sessions, prerequisites"
        losses.append(Loss("sessions", task.id, message))
    return losses
