"""iCalendar files: the events in them, however they are written."""

import re
from datetime import date, datetime, timedelta, timezone

from checklib.case import read_text
from checklib.verdict import Mismatch, settle, some

LINE = re.compile(
    r"([A-Za-z0-9-]{1,60})((?:;[A-Za-z0-9-]{1,60}=(?:\"[^\"]*\"|[^\";:,]*)(?:,(?:\"[^\"]*\"|[^\";:,]*))*)*):(.*)",
    re.DOTALL,
)
PARAMETER = re.compile(r";([A-Za-z0-9-]+)=(\"[^\"]*\"|[^\";:]*)")
STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?")
DURATION = re.compile(
    r"\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?"
)
ESCAPE = re.compile(r"\\([\\;,nN])")


def unfold(text):
    """Content lines: a line that begins with a blank goes on with the one before it."""
    lines = []
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and lines:
            lines[-1].append(line[1:])
        elif line:
            lines.append([line])
    return ["".join(parts) for parts in lines]


def load(case, path):
    """The events: [{name: [(parameters, value)]}]; alarms inside them are left out."""
    events, stack = [], []
    for number, line in enumerate(unfold(read_text(case, path)), 1):
        where = "%s entry %d" % (path, number)
        match = LINE.fullmatch(line.rstrip("\r"))
        if not match:
            raise Mismatch("no `name:value` line: %r" % line[:80], where)
        name, value = match[1].upper(), match[3]
        if name == "BEGIN":
            stack.append(value.strip().upper())
            if stack == ["VCALENDAR", "VEVENT"]:
                events.append({})
        elif name == "END":
            if not stack or stack.pop() != value.strip().upper():
                raise Mismatch("END:%s does not end what began" % value.strip()[:40], where)
        elif not stack:
            raise Mismatch("outside of BEGIN:VCALENDAR", where)
        elif stack == ["VCALENDAR", "VEVENT"]:
            parameters = {key.upper(): text.strip('"') for key, text in PARAMETER.findall(match[2])}
            events[-1].setdefault(name, []).append((parameters, value))
    if stack:
        raise Mismatch("BEGIN:%s is never ended" % stack[-1], path)
    return events


def unescape(value):
    return ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def words(event, name):
    """The text of a property; the empty string without it."""
    return " ".join(unescape(event[name][0][1]).split()) if name in event else ""


def moment(event, name, where):
    """(date or datetime, zone): the zone is "" for local time, "UTC", or a name."""
    if name not in event:
        return None
    parameters, value = event[name][0]
    match = STAMP.fullmatch(value.strip())
    try:
        year, month, day, *clock = (int(part or 0) for part in match.groups()[:6])
        if match[4] is None:
            return date(year, month, day), ""
        zone = "UTC" if match[7] else parameters.get("TZID", "").lstrip("/")
        return datetime(year, month, day, *clock), zone  # noqa: DTZ001
    except (AttributeError, ValueError):
        raise Mismatch("%s:%s is no date" % (name, value[:40]), where) from None


def end_of(event, start, where):
    """When an event ends: by DTEND, by DURATION, or as the standard says."""
    end = moment(event, "DTEND", where)
    if end or not start:
        return end
    whole_day = not isinstance(start[0], datetime)
    length = timedelta(days=1) if whole_day else timedelta(0)
    if "DURATION" in event:
        match = DURATION.fullmatch(event["DURATION"][0][1].strip())
        if not match or not any(match.groups()):
            raise Mismatch("DURATION:%s" % event["DURATION"][0][1][:40], where)
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        length = timedelta(days=days, weeks=weeks, hours=hours, minutes=minutes, seconds=seconds)
    try:
        return start[0] + length, start[1]
    except OverflowError:
        raise Mismatch("an end beyond all time", where) from None


def in_utc(when, zone):
    """A moment in UTC; None where its zone is unknown here."""
    if zone == "UTC":
        return when.replace(tzinfo=timezone.utc)
    try:
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - seldom needed

        return when.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)
    except (ImportError, KeyError, ValueError, OSError, OverflowError):
        return None


def same_moment(wanted, zone, found):
    """Whether a moment is the one asked for: `wanted` in ISO 8601, `zone` "" for any."""
    when, said = found
    if len(wanted) == 10:
        return not isinstance(when, datetime) and when.isoformat() == wanted
    if not isinstance(when, datetime):
        return False
    asked_zone = "UTC" if wanted.endswith("Z") else zone
    asked = datetime.fromisoformat(wanted.rstrip("Z"))
    if not asked_zone or said == asked_zone:
        return asked == when
    if not said:
        return False
    left, right = in_utc(asked, asked_zone), in_utc(when, said)
    return left is not None and left == right


def shown(found):
    if not found:
        return "none"
    return found[0].isoformat() + (" " + found[1] if found[1] else "")


def rule_parts(text):
    """An RRULE as a set: its parts may stand in any order, and so may days."""
    return {
        (name.strip(), ",".join(sorted(value.strip().split(","))))
        for name, _, value in (
            part.partition("=") for part in text.upper().split(";") if part.strip()
        )
    } - {("INTERVAL", "1"), ("WKST", "MO")}


def event_differs(wanted, event, where):
    """What is wrong with an event, as words; the empty string for nothing."""
    for name, text in wanted["properties"].items():
        said = words(event, name.upper())
        if said.casefold() != " ".join(text.split()).casefold():
            return "%s: %s" % (name.upper(), said or "none")
    start = moment(event, "DTSTART", where)
    if wanted["start"] and not (start and same_moment(wanted["start"], wanted["timezone"], start)):
        return "starts %s, not %s" % (shown(start), wanted["start"])
    end = end_of(event, start, where)
    if wanted["end"] and not (end and same_moment(wanted["end"], wanted["timezone"], end)):
        return "ends %s, not %s" % (shown(end), wanted["end"])
    if wanted["rule"] is not None:
        said = words(event, "RRULE")
        if rule_parts(said) != rule_parts(wanted["rule"]):
            return "repeats by %s" % (said or "no rule")
    return ""


def check_events(case, check):
    """These events stand in the file, each once; `exact` allows no others."""
    path, events = check["path"], list(case.once(load, check["path"]))
    if check["unique_ids"]:
        refuse_bad_ids(events, path)
    total, problems = len(check["events"]), []
    for wanted in check["events"]:
        where = "%s, event %s" % (path, wanted["summary"])
        named = [
            e for e in events if words(e, "SUMMARY").casefold() == wanted["summary"].casefold()
        ]
        said = [(event_differs(wanted, event, where), event) for event in named]
        right = [event for differs, event in said if not differs]
        if right:
            events = [event for event in events if event is not right[0]]
        else:
            problems.append((said[0][0] if said else "no such event", where))
    if check["exact"] and events and not problems:
        raise Mismatch("also: %s" % some(words(event, "SUMMARY") for event in events), path)
    return settle(problems, total, check["partial"], "%d events" % total)


def refuse_bad_ids(events, path):
    """Every event has a UID; only changed occurrences of one event share theirs."""
    seen = set()
    for number, event in enumerate(events, 1):
        key = words(event, "UID"), words(event, "RECURRENCE-ID")
        if not key[0] or key in seen:
            said = "the UID %s stands twice" % key[0] if key[0] else "no UID"
            raise Mismatch(said, "%s event %d" % (path, number))
        seen.add(key)


CHECKS = {"events": check_events}
