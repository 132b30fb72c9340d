"""Documents of any kind: their headings, sections, tables, links and code."""

import importlib

from checklib import markdown
from checklib.case import mode_of, suffix_of
from checklib.paragraphs import excess, mixed_up
from checklib.prose import missed_facts, normal
from checklib.verdict import Mismatch, settle, some

READERS = {"html": "pages", "htm": "pages", "docx": "docx"}


def blocks_of(case, path):
    name = READERS.get(suffix_of(path))
    if name:
        return importlib.import_module("checklib." + name).blocks(case, path)
    return markdown.load(case, path)


def links_of(case, path):
    name = READERS.get(suffix_of(path))
    if name:
        return importlib.import_module("checklib." + name).links(case, path)
    return markdown.links_of(case, path)


def tables(case, check):
    """Every table of a document that has a header."""
    path = check["path"]
    return [
        ("%s, table %s" % (path, " | ".join(block[1])), block[1], block[2])
        for block in case.once(blocks_of, path)
        if block[0] == "table" and block[1]
    ]


def headings(case, path):
    return [block[1:] for block in case.once(blocks_of, path) if block[0] == "heading"]


def check_headings(case, check):
    """These headings at these levels, in this order; `exact` allows no others."""
    path, found = check["path"], headings(case, check["path"])
    wanted = [(item["level"], item["text"]) for item in check["headings"]]
    at, problems = 0, []
    for level, text in wanted:
        place = find_heading(found, at, level, text)
        if place is None:
            problems.append(("no heading %s %s" % ("#" * (level or 1), text), path))
        else:
            at = place + 1
    if check["exact"] and len(found) != len(wanted) and not problems:
        problems = [("%d headings: %s" % (len(found), some(text for _, text in found)), path)]
    return settle(problems, len(wanted), check["partial"], "%d headings" % len(wanted))


def find_heading(found, start, level, text):
    for number in range(start, len(found)):
        if (level is None or found[number][0] == level) and normal(found[number][1]) == normal(
            text
        ):
            return number
    return None


def section_text(case, path, heading, until=""):
    """What stands below a heading, down to the next of its level or `until`; None without it."""
    level, parts = None, []
    for block in case.once(blocks_of, path):
        if block[0] == "heading":
            if level is not None and (
                block[1] <= level or (until and normal(block[2]) == normal(until))
            ):
                break
            if level is None and normal(block[2]) == normal(heading):
                level = block[1]
                continue
        if level is not None:
            parts.append(block_text(block))
    return None if level is None else "\n".join(parts)


def block_text(block):
    if block[0] == "table":
        return "\n".join(" | ".join(row) for row in [block[1]] + block[2])
    return block[-1]


def check_section(case, check):
    """A section that says these facts and is no longer than it may be."""
    path = check["path"]
    where = "%s, section %s" % (path, check["heading"])
    text = section_text(case, path, check["heading"], check["until"])
    if text is None:
        raise Mismatch("no such section", where)
    if len(text) > check["most_characters"] or len(text.split()) < check["least_words"]:
        raise Mismatch("%d characters, %d words" % (len(text), len(text.split())), where)
    problem = excess(text, check)
    if problem:
        raise Mismatch(problem, where)
    try:
        missed = missed_facts(text, check)
    except Mismatch as mismatch:
        raise Mismatch(mismatch.found, where) from None
    if mixed_up(text, check["apart"]):
        labels = " and ".join(pair["label"][0] for pair in check["apart"])
        raise Mismatch("the figures of %s are mixed up" % labels, where)
    total = len(check["facts"])
    return settle([(m, where) for m in missed], total, check["partial"], "all %d facts" % total)


def check_links(case, check):
    """These links or images; with `resolve` each relative target must be a file that is there."""
    path, found = check["path"], case.once(links_of, check["path"])
    problems = []
    for link in check["links"]:
        if not any(link_fits(link, item) for item in found):
            kind = "image" if link["image"] else "link"
            problems.append(("no %s to %s" % (kind, link["target"]), path))
    if check["resolve"]:
        problems += [("%s leads nowhere" % target, path) for target in dangling(case, path, found)]
    total = max(len(check["links"]), len(problems))
    return settle(problems, total, check["partial"], "%d links" % len(found))


def link_fits(link, item):
    image, text, target = item
    return (
        image == link["image"]
        and target == link["target"]
        and (link["text"] is None or normal(text) == normal(link["text"]))
    )


def dangling(case, path, found):
    """The relative targets that no file stands at."""
    folder = path.rpartition("/")[0]
    for _, _, target in found:
        bare = target.partition("#")[0].partition("?")[0]
        if not bare or ":" in bare or bare.startswith("//"):
            continue
        parts = [] if bare.startswith("/") else folder.split("/") if folder else []
        try:
            for part in bare.strip("/").split("/"):
                if part == "..":
                    parts.pop()
                elif part not in ("", "."):
                    parts.append(part)
            mode_of(case, "/".join(parts))
        except (IndexError, Mismatch):
            yield target


def check_code(case, check):
    """Code blocks in a language; one of them holds all these texts."""
    path = check["path"]
    blocks = [
        block
        for block in case.once(blocks_of, path)
        if block[0] == "code" and check["language"] in ("", block[1])
    ]
    if len(blocks) < check["least"]:
        raise Mismatch("%d code blocks" % len(blocks), path)
    wanted = [" ".join(text.split()) for text in check["contains"]]
    bodies = [" ".join(block[2].split()) for block in blocks]
    if wanted and not any(all(text in body for text in wanted) for body in bodies):
        raise Mismatch("no code block with %s" % some(repr(text) for text in wanted), path)
    return "%d code blocks" % len(blocks)


CHECKS = {
    "headings": check_headings,
    "section": check_section,
    "links": check_links,
    "code": check_code,
}
