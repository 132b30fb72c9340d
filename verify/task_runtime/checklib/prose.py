"""What a text says: a number or a date near its label, facts, patterns, lines."""

import re
from datetime import date

from checklib.cells import close
from checklib.moments import dates_in
from checklib.quantities import carries, hedged, is_year, quantities
from checklib.texts import text_of
from checklib.verdict import Mismatch, settle, some

MOST = 5
MARKED = re.compile(r"^\s*(?:[-*+>|]|#{1,6}\s|\d{1,3}[.)]\s)")
DASHED = re.compile(r"\u2014(?=\d)")
CODES = "(?:eur|usd|gbp|chf|sek|nok|dkk|pln|czk|huf|jpy|cad|aud|inr|brl)"
GLUED = re.compile(r"\b%s(?=\d)|(?<=\d)(?=%s\b)" % (CODES, CODES))
GOES_BEFORE = re.compile(r"(?:\w|-[$\u20ac\u00a3\u00a5]?|\d[.,':])$")
GOES_ON = re.compile(r"\w|[.,':-]\d")
PLAIN = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014\u2212\u00a0", "''\"\"--- ")
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])")


def plain(text):
    """Without emphasis and code marks, which no number depends on."""
    return re.sub(r"[*`_]{1,3}(?=\S)|(?<=\S)[*`_]{1,3}", "", text)


def scopes(text):
    """The sentences of a text, each as one line; a heading belongs to what follows it."""
    block, heading = [], ""
    for line in [*plain(text).split("\n"), ""]:
        if not line.strip() or MARKED.match(line):
            yield from sentences(heading, block)
            if block and not block[0].lstrip().startswith("#"):
                heading = ""
            elif block:
                heading = block[0]
            block = [line] if line.strip() else []
        else:
            if block and block[0].lstrip().startswith("#"):
                yield from sentences(heading, block)
                heading, block = block[0], []
            block.append(line)
    yield from sentences(heading, block)


def sentences(heading, block):
    if not block:
        return
    parts = SENTENCE.split(" ".join(" ".join(block).split()))
    for number, part in enumerate(parts):
        yield (heading.strip() + "\n" if heading and number == 0 else "") + part


def label_pattern(labels):
    words = sorted((" ".join(label.split()) for label in labels), key=len, reverse=True)
    either = "|".join(re.escape(plain(word)).replace(r"\ ", r"\s+") for word in words)
    return re.compile(r"(?<!\w)(?:%s)(?!\w)" % either, re.IGNORECASE)


def answers(text, labels, candidates):
    """What stands nearest to each mention of a label, as [(answer, sentence)].

    `candidates(scope)` lists (start, end, value, hedged). The first one behind the label in its
    sentence is the answer, else the last one before it; and a sentence that lists many answers
    none.
    """
    pattern, found = label_pattern(labels), []
    for scope in scopes(text):
        mentions = list(pattern.finditer(scope)) if len(scope) < 20_000 else []
        for mention in mentions[:MOST]:
            offered = [
                item
                for item in candidates(scope)
                if item[1] <= mention.start() or item[0] >= mention.end()
            ]
            if not offered:
                continue
            if len(offered) > MOST:
                raise Mismatch("%d answers in one sentence: %r" % (len(offered), scope[:200]))
            behind = [item for item in offered if item[0] >= mention.end()]
            best = behind[0] if behind else offered[-1]
            if best[3]:
                raise Mismatch("several answers: %r" % scope[:200])
            found.append((best[2], scope.strip()))
    return found


def one_answer(path, found, labels, right, show):
    """The evidence that every answer is the right one."""
    if not found:
        raise Mismatch("nothing said of %s" % " / ".join(labels), path)
    wrong = [(value, scope) for value, scope in found if not right(value)]
    if wrong and len(wrong) < len(found):
        said = some(dict.fromkeys(show(value) for value, _ in found))
        raise Mismatch("several answers: %s" % said, path)
    if wrong:
        raise Mismatch("%s, in %r" % (show(wrong[0][0]), wrong[0][1][:200]), path)
    return "%s, in %r" % (show(found[0][0]), found[0][1][:200])


def located(path, labels, make):
    try:
        return make()
    except Mismatch as mismatch:
        raise Mismatch(mismatch.found, mismatch.where or "%s, %s" % (path, labels[0])) from None


def check_number(case, check):
    """The number that stands near its label, in its unit."""
    path, units, labels = check["path"], check["units"], check["labels"]

    def candidates(scope):
        blanked = scope
        for start, end, _ in dates_in(scope):
            blanked = blanked[:start] + " " * (end - start) + blanked[end:]
        offered = [
            quantity
            for quantity in quantities(blanked, units, check["decimal"])
            if carries(quantity, units) and not (is_year(quantity) and not year_asked)
        ]
        ends = hedged(blanked, offered)
        return [(item.start, item.end, item.value, item in ends) for item in offered]

    value = check["value"]
    year_asked = float(value).is_integer() and 1900 <= value <= 2100
    text = case.once(text_of, path)
    found = located(path, labels, lambda: answers(text, labels, candidates))
    return one_answer(
        path,
        found,
        labels,
        lambda answer: close(value, answer, check["absolute"], check["relative"]),
        lambda answer: "%.12g" % answer,
    )


def check_date(case, check):
    """The date that stands near its label, in any common form."""
    path, labels, wanted = check["path"], check["labels"], date.fromisoformat(check["value"])

    def candidates(scope):
        return [(start, end, day, False) for start, end, day in dates_in(scope, check["day_first"])]

    text = case.once(text_of, path)
    found = located(path, labels, lambda: answers(text, labels, candidates))
    return one_answer(path, found, labels, lambda day: day == wanted, str)


def normal(text):
    """Words apart by one blank, in lower case, without emphasis, with plain quotes and dashes."""
    text = DASHED.sub(" - ", plain(text)).translate(PLAIN)
    return GLUED.sub(lambda found: found[0] + " ", " ".join(text.casefold().split()))


def mentions(text, phrase):
    """Where a normalised text has a phrase as whole words and whole figures, as (start, end)."""
    wanted = normal(phrase)
    at = text.find(wanted)
    while at >= 0:
        if stands_alone(text, at, at + len(wanted)):
            yield at, at + len(wanted)
        at = text.find(wanted, at + 1)


def stands_alone(text, start, end):
    """Whether no word and no figure goes on at either end: `15` is not in `15.99`, nor in `-15`."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    first, last = text[start : start + 1], text[max(start, end - 1) : end]
    if before[-1:].isalnum() and (first.isalnum() or first == "-"):
        return False
    if after[:1].isalnum() and last.isalnum():
        return False
    if first.isdigit() and GOES_BEFORE.search(before):
        return False
    return not (last.isdigit() and GOES_ON.match(after))


def says(text, phrase):
    """Whether a normalised text has a phrase as whole words and whole figures."""
    return any(True for _ in mentions(text, phrase))


def missed_facts(text, check):
    """The facts of which a text has no wording, as words; raises for what it must not say."""
    text = normal(text)
    said = [phrase for phrase in check["lacks"] if says(text, phrase)]
    if said:
        raise Mismatch("says %r" % said[0])
    return [
        "nothing of %s" % " / ".join(repr(wording) for wording in fact)
        for fact in check["facts"]
        if not any(says(text, wording) for wording in fact)
    ]


def check_phrases(case, check):
    text, path = case.once(text_of, check["path"]), check["path"]
    if len(text) > check["most_characters"]:
        raise Mismatch("%d characters, not %d" % (len(text), check["most_characters"]), path)
    if len(normal(text).split()) < check["least_words"]:
        raise Mismatch("%d words" % len(normal(text).split()), path)
    try:
        missed = missed_facts(text, check)
    except Mismatch as mismatch:
        raise Mismatch(mismatch.found, path) from None
    total = len(check["facts"])
    return settle([(m, path) for m in missed], total, check["partial"], "all %d facts" % total)


def flags_of(check):
    return (re.IGNORECASE if check["ignore_case"] else 0) | re.MULTILINE


def counted(number, check):
    """Whether a number lies within `least` and `most`."""
    return check["least"] <= number and (check["most"] is None or number <= check["most"])


def check_pattern(case, check):
    """How often a regular expression matches a text."""
    text = case.once(text_of, check["path"])
    number, first = 0, ""
    for match in re.finditer(check["pattern"], text, flags_of(check)):
        first = first if number else match.group()
        number += 1
    if not counted(number, check):
        raise Mismatch("%d matches of %s" % (number, check["pattern"]), check["path"])
    return "%d matches, such as %r" % (number, first[:100]) if number else "no match"


def check_lines(case, check):
    """Lines that match rules so many times, and in the order of the rules where that is asked."""
    lines, path = case.once(text_of, check["path"]).split("\n"), check["path"]
    problems, last = [], 0
    for rule in check["rules"]:
        search = re.compile(rule["pattern"], flags_of(check)).search
        hits = [number for number, line in enumerate(lines, 1) if search(line)]
        if not counted(len(hits), rule):
            where = "%s line %d" % (path, hits[0]) if hits else path
            problems.append(("%d lines match %s" % (len(hits), rule["pattern"]), where))
        elif check["ordered"] and hits:
            if hits[0] <= last:
                where = "%s line %d" % (path, hits[0])
                problems.append(("%s stands too early" % rule["pattern"], where))
            last = max(last, hits[-1])
    total = len(check["rules"])
    return settle(problems, total, check["partial"], "%d lines, all rules hold" % len(lines))


CHECKS = {
    "number": check_number,
    "date": check_date,
    "phrases": check_phrases,
    "pattern": check_pattern,
    "lines": check_lines,
}
