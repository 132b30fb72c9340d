"""Work plans: the steps suit those who plan, and follow each other."""

import random

from synth.knobs import Knobs
from synth.taxonomy import domains
from synth.world.plan import make_plan
from synth.world.world import World

DOMAINS = {domain.name: domain for domain in domains()}


def world(domain: str, seed: int) -> World:
    return World(DOMAINS[domain], DOMAINS[domain].entry[0], Knobs(), seed)


def steps(domain: str) -> set[str]:
    worlds = [world(domain, seed) for seed in range(12)]
    return {str(task) for w in worlds for task in make_plan(w.rng("plan"), w).values("task")}


def test_engineers_plan_software_and_families_plan_their_home() -> None:
    assert "Try it in staging" in steps("pipeline-runs")
    assert "Check the invoices" not in steps("pipeline-runs")
    assert "Paint the walls" in steps("wedding-plan")


def test_only_the_first_tasks_wait_for_nothing() -> None:
    plan = make_plan(random.Random(3), world("work-packages", 3))
    free = {str(row[0]) for row in plan.rows if not row[plan.index("after")]}
    assert free
    assert free <= {"T01", "T02", "T03"}
