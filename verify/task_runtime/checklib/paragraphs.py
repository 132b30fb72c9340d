"""Paragraphs in whatever words: that they say no more than was asked, and each figure of its own."""

import re

from checklib.prose import mentions, normal, says

SMALL = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
FIGURES = re.compile(r"\d+(?:[.,':-]\d+)*|\b(?:%s)\b" % SMALL)


def excess(text, check):
    """What a paragraph holds more of than was asked for, as words; the empty string for nothing."""
    text = normal(text)
    for number, most, what in (
        (len(text.split()), check["most_words"], "words"),
        (len(set(FIGURES.findall(text))), check["most_figures"], "figures"),
        (sum(says(text, name) for name in check["others"]), check["most_others"], "other names"),
    ):
        if most is not None and number > most:
            return "%d %s where a few sentences were asked for, %d at most" % (number, what, most)
    return ""


def mixed_up(text, pairs):
    """Whether two figures stand nearer to each other's labels than to their own.

    Where both labels stand before or behind both figures, as in `passed and failed: 3 and 7`,
    their order tells. Nothing is known of a label that is said in other words.
    """
    if len(pairs) != 2:
        return False
    text = normal(text)
    labels = [places(text, pair["label"]) for pair in pairs]
    figures = [places(text, pair["figure"]) for pair in pairs]
    if not all(figures):
        return False
    known = [own for own in (0, 1) if labels[own]]
    right = sum(gap(labels[own], figures[own]) for own in known)
    wrong = sum(gap(labels[own], figures[1 - own]) for own in known)
    if right == wrong and len(known) == 2:
        return (labels[0] < labels[1]) != (figures[0] < figures[1])
    return right > wrong


def places(text, wordings):
    """Where a normalised text has one of several wordings, in order, as [(start, end)]."""
    return sorted(place for wording in wordings for place in mentions(text, wording))


def gap(some, others):
    """The characters between the two places of either kind that are nearest to each other."""
    return min(max(a[0], b[0]) - min(a[1], b[1]) for a in some for b in others)
