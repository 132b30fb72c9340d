"""Cron expressions, against the calendar."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_agents.watch.cron import Cron
from graph_agents.watch.schedule import read_interval

BERLIN = ZoneInfo("Europe/Berlin")


def following(text, after, zone=UTC, times=1):
    cron, moment = Cron.parse(text), datetime.fromisoformat(after)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    for _ in range(times):
        moment = cron.next(moment, zone)
    return moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "after", "next_time"),
    [
        ("* * * * *", "2026-11-21T10:00:30", "Sat 2026-11-21 10:01"),
        ("*/15 * * * *", "2026-11-21T10:45", "Sat 2026-11-21 11:00"),
        ("0 8 * * mon-fri", "2026-11-20T08:00", "Mon 2026-11-23 08:00"),
        ("30 6 1,15 * *", "2026-11-21T00:00", "Tue 2026-12-01 06:30"),
        ("0 0 29 2 *", "2026-01-01T00:00", "Tue 2028-02-29 00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00", "Fri 2104-02-29 00:00"),
        ("0 12 13 * 5", "2026-11-21T00:00", "Fri 2026-11-27 12:00"),
        ("0 12 */2 * 5", "2026-11-21T00:00", "Fri 2026-11-27 12:00"),
        ("5-20/5 9 * JAN sun", "2026-11-21T00:00", "Sun 2027-01-03 09:05"),
        ("0 0 * * 7", "2026-11-21T00:00", "Sun 2026-11-22 00:00"),
        ("@daily", "2026-12-31T12:00", "Fri 2027-01-01 00:00"),
    ],
)
def test_the_next_time(text, after, next_time):
    assert following(text, after) == next_time


@pytest.mark.parametrize(
    ("text", "after", "next_time"),
    [
        ("30 2 * * *", "2026-03-28T03:00", "Sun 2026-03-29 03:30"),  # 02:30 is skipped
        ("30 2 * * *", "2026-10-24T03:00", "Sun 2026-10-25 02:30"),  # 02:30 comes twice
        ("30 2 * * *", "2026-10-25T02:30", "Mon 2026-10-26 02:30"),  # and runs once
    ],
)
def test_when_clocks_change_a_job_runs_once(text, after, next_time):
    assert following(text, after, BERLIN) == next_time


def test_when_clocks_go_back_an_hourly_job_runs_every_hour():
    start = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)
    cron, moment, seen = Cron.parse("0 * * * *"), start, []
    for _ in range(4):
        moment = cron.next(moment, BERLIN)
        seen.append((moment - start).total_seconds() / 3600)
    assert seen == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("* * * *", "five"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "weekday"),
        ("*/0 * * * *", "steps"),
        ("9-3 * * * *", "minute"),
        ("x * * * *", "'x'"),
        ("0 0 30 2 *", "never comes"),
        ("² * * * *", "minute"),
    ],
)
def test_what_is_no_cron_expression_is_refused_with_its_field(text, words):
    with pytest.raises(ValueError, match=words):
        Cron.parse(text)


NUMBERS = st.tuples(st.integers(0, 59), st.integers(0, 23), st.integers(0, 6))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=60)
@given(NUMBERS, MOMENTS, st.sampled_from([UTC, BERLIN, ZoneInfo("America/New_York")]))
def test_the_next_time_is_later_fits_and_is_within_a_week(numbers, moment, zone):
    minute, hour, weekday = numbers
    found = Cron.parse(f"{minute} {hour} * * {weekday}").next(moment, zone)
    assert moment < found <= moment + timedelta(days=8)
    local = found.astimezone(zone)
    assert local.minute == minute
    assert local.isoweekday() % 7 == weekday
    assert local.hour - hour in (0, 1)  # 1 where the clock skipped it


def test_intervals():
    assert [read_interval(text) for text in ("90s", "30m", "1h30m", "1 d", "2w")] == [
        90,
        1800,
        5400,
        86400,
        1209600,
    ]
    for text in ("", "30", "m", "1.5h", "0s", "-1m"):
        with pytest.raises(ValueError, match="interval"):
            read_interval(text)
