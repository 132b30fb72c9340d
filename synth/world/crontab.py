"""Crontabs as they grow on a server: jobs with comments, some of them switched off."""

import random
from typing import Literal

from synth.values.crontab import Crontab, Job
from synth.world.world import World

_Rhythm = Literal["often", "daily", "workdays", "weekly", "monthly"]
_COMMANDS: tuple[tuple[str, _Rhythm], ...] = (
    ("backup.sh --all", "daily"),
    ("rotate-logs", "weekly"),
    ("sync_{feed}.py", "often"),
    ("report --weekly", "weekly"),
    ("report --monthly", "monthly"),
    ("clean-tmp", "daily"),
    ("fetch_{feed} --quiet", "often"),
    ("index-rebuild", "daily"),
    ("send_reminders", "workdays"),
    ("check-disks", "often"),
    ("export_{feed} --csv", "monthly"),
)
_REMARKS = ("# do not move, the night shift relies on it", "# added after the audit", "# by Ines")
_DAY_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def make_crontab(rng: random.Random, world: World) -> Crontab:
    """Three to nine jobs; the harder the world, the stranger their fields."""
    level = world.knobs.level
    commands = rng.sample(_COMMANDS, rng.randint(3, 4 + level))
    feed = world.domain.feed
    jobs = [_job(rng, level, said.format(feed=feed), rhythm) for said, rhythm in commands]
    lines = [
        f"# crontab of the {world.domain.feed.replace('_', ' ')} server",
        "MAILTO=ops@ours.example",
    ]
    for job in jobs:
        if rng.random() < 0.3:
            lines.append(rng.choice(_REMARKS))
        lines.append(f"{job.spec} {job.command}")
        if rng.random() < 0.15:
            lines.append(f"# 5 4 * * * {job.command}")
    return Crontab("\n".join(lines) + "\n", tuple(jobs), world.today)


def _job(rng: random.Random, level: int, command: str, rhythm: _Rhythm) -> Job:
    """A job at times that suit it: what runs often or on workdays does so by day."""
    minute, minutes = _minutes(rng, level) if rhythm == "often" else _minute(rng)
    hour, hours = _hours(rng, level, rhythm)
    day, days = ("*", None)
    weekday, weekdays = ("*", None)
    if rhythm == "workdays":
        weekday = ("1-5", "mon-fri")[level > 2 and rng.random() < 0.5]
        weekdays = frozenset(range(1, 6))
    elif rhythm == "weekly":
        weekday, weekdays = _weekdays(rng)
    elif rhythm == "monthly":
        chosen = sorted(rng.sample(range(1, 29), rng.randint(1, 2)))
        day, days = ",".join(map(str, chosen)), frozenset(chosen)
        if level > 2 and rng.random() < 0.4:
            weekday, weekdays = _weekdays(rng)
    return Job(f"{minute} {hour} {day} * {weekday}", command, minutes, hours, days, weekdays)


def _minutes(rng: random.Random, level: int) -> tuple[str, frozenset[int]]:
    if level > 1 and rng.random() < 0.4:
        step = rng.choice((20, 30))
        return f"*/{step}", frozenset(range(0, 60, step))
    return _minute(rng)


def _minute(rng: random.Random) -> tuple[str, frozenset[int]]:
    minute = rng.randrange(0, 60, 5)
    return str(minute), frozenset({minute})


def _hours(rng: random.Random, level: int, rhythm: _Rhythm) -> tuple[str, frozenset[int]]:
    if rhythm == "often":
        if level > 2 and rng.random() < 0.4:
            return "*/6", frozenset(range(0, 24, 6))
        first = rng.randint(6, 14)
        last = first + rng.randint(2, 4)
        return f"{first}-{last}", frozenset(range(first, last + 1))
    hour = rng.randint(6, 10) if rhythm == "workdays" else rng.randint(0, 6)
    return str(hour), frozenset({hour})


def _weekdays(rng: random.Random) -> tuple[str, frozenset[int]]:
    day = rng.randint(0, 6)
    return (str(day), _DAY_NAMES[day])[rng.random() < 0.4], frozenset({day})
