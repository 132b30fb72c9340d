"""Dates as people and programs write them."""

import re
from datetime import date, datetime, timezone

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?"
DATE = re.compile(
    r"(?<![\w.-])(?:"
    r"(?P<iso>\d{4})(?P<sep>[-/.])(?P<iso_month>\d{1,2})(?P=sep)(?P<iso_day>\d{1,2})"
    r"|(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:\s+of)?[\s-]+(?P<month>"
    + MONTH
    + r"),?[\s-]+(?P<year>\d{4})"
    r"|(?P<us_month>" + MONTH + r")\s+(?P<us_day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<us_year>\d{4})"
    r"|(?P<first>\d{1,2})(?P<sep2>[/.])(?P<second>\d{1,2})(?P=sep2)(?P<last>\d{4})"
    r")(?!\w)(?!-\d)",
    re.IGNORECASE,
)
MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s?(Z|[+-]\d\d:?\d\d)?)?"
)


def month_number(word):
    """1 to 12 for `Mar`, `march` or `Sept.`; None for a word that only begins like a month."""
    word = word.lower().rstrip(".")
    for number, name in enumerate(MONTHS, 1):
        if word == name or word == name[:3] or (word == "sept" and number == 9):
            return number
    return None


def date_of(match, day_first):
    """The date that a match of `DATE` means; None for none, or where it may be two."""
    part = match.groupdict()
    try:
        if part["iso"]:
            return date(int(part["iso"]), int(part["iso_month"]), int(part["iso_day"]))
        if part["month"]:
            return date(int(part["year"]), month_number(part["month"]) or 0, int(part["day"]))
        if part["us_month"]:
            month = month_number(part["us_month"]) or 0
            return date(int(part["us_year"]), month, int(part["us_day"]))
        first, second = int(part["first"]), int(part["second"])
        if day_first is None and part["sep2"] == "/" and first <= 12 and second <= 12:
            return date(int(part["last"]), first, first) if first == second else None
        dotted = part["sep2"] == "." or first > 12
        days_lead = dotted if day_first is None else day_first
        day, month = (first, second) if days_lead else (second, first)
        return date(int(part["last"]), month, day)
    except ValueError:
        return None


def dates_in(text, day_first=None):
    """Every date that a text names, as [(start, end, date)]."""
    found = []
    for match in DATE.finditer(text):
        day = date_of(match, day_first)
        if day:
            found.append((match.start(), match.end(), day))
    return found


def as_date(value, day_first=None):
    """The one date that a cell holds, with or without a time behind it; None if it holds none."""
    if not isinstance(value, str) or len(value) > 60:
        return None
    text = value.strip()
    moment = as_moment(text)
    if moment:
        return moment.date()
    match = DATE.fullmatch(text)
    return date_of(match, day_first) if match else None


def as_moment(value):
    """A date and time in ISO 8601; in UTC where an offset stands behind it; a date is midnight."""
    match = MOMENT.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 60 else None
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
        if not match.group(7):
            return moment
        offset = match.group(7).replace("Z", "+0000").replace(":", "")
        zone = datetime.strptime(offset, "%z").tzinfo
        return moment.replace(tzinfo=zone).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
