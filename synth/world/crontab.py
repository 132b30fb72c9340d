"""Crontabs as they grow on a server: jobs with comments, some of them switched off."""

import random

from synth.values.crontab import Crontab, Job
from synth.world.world import World

_COMMANDS = (
    "backup.sh --all",
    "rotate-logs",
    "sync_{feed}.py",
    "report --weekly",
    "clean-tmp",
    "fetch_{feed} --quiet",
    "index-rebuild",
    "send_reminders",
    "check-disks",
    "export_{feed} --csv",
)
_REMARKS = ("# do not move, the night shift relies on it", "# added after the audit", "# by Ines")
_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def make_crontab(rng: random.Random, world: World) -> Crontab:
    """Three to nine jobs; the harder the world, the stranger their fields."""
    level = world.knobs.level
    commands = rng.sample(_COMMANDS, rng.randint(3, 4 + level))
    jobs = [_job(rng, level, word.format(feed=world.domain.feed)) for word in commands]
    lines = [
        f"# crontab of the {world.domain.feed.replace('_', ' ')} server",
        "MAILTO=ops@ours.example",
    ]
    for job in jobs:
        if rng.random() < 0.3:
            lines.append(rng.choice(_REMARKS))
        lines.append(f"{job.spec} {job.command}")
        if rng.random() < 0.15:
            lines.append(f"# 5 4 * * * old-{job.command}")
    return Crontab("\n".join(lines) + "\n", tuple(jobs), world.today)


def _job(rng: random.Random, level: int, command: str) -> Job:
    minute, minutes = _minutes(rng, level)
    hour, hours = _hours(rng, level)
    day, days = ("*", None)
    weekday, weekdays = ("*", None)
    if rng.random() < 0.5:
        weekday, weekdays = _weekdays(rng, level)
    if rng.random() < (0.25 if level > 2 else 0.1):
        chosen = sorted(rng.sample(range(1, 29), rng.randint(1, 3)))
        day, days = ",".join(map(str, chosen)), frozenset(chosen)
    spec = f"{minute} {hour} {day} * {weekday}"
    return Job(spec, command, minutes, hours, days, weekdays)


def _minutes(rng: random.Random, level: int) -> tuple[str, frozenset[int]]:
    if level > 1 and rng.random() < 0.25:
        step = rng.choice((20, 30))
        return f"*/{step}", frozenset(range(0, 60, step))
    minute = rng.randrange(0, 60, 5)
    return str(minute), frozenset({minute})


def _hours(rng: random.Random, level: int) -> tuple[str, frozenset[int]]:
    first = rng.randint(0, 20)
    if level > 1 and rng.random() < 0.3:
        last = min(23, first + rng.randint(1, 3))
        return f"{first}-{last}", frozenset(range(first, last + 1))
    if level > 2 and rng.random() < 0.3:
        return "*/6", frozenset(range(0, 24, 6))
    return str(first), frozenset({first})


def _weekdays(rng: random.Random, level: int) -> tuple[str, frozenset[int]]:
    form = rng.random()
    if form < 0.4:
        return ("1-5", "mon-fri")[level > 2 and rng.random() < 0.5], frozenset(range(1, 6))
    day = rng.randint(0, 6)
    if form < 0.7:
        return (str(day), _DAY_NAMES[day])[rng.random() < 0.4], frozenset({day})
    other = (day + 3) % 7
    low, high = sorted((day, other))
    return f"{low},{high}", frozenset({low, high})
