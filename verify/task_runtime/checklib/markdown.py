"""Markdown as blocks: headings, texts, code, tables; and its links."""

import re

from checklib.case import read_text
from checklib.reports import split_row

FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`\s]*)")
HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$")
LINK = re.compile(
    r"(!?)\[([^\[\]\n]{0,500})\]\([ \t]*<?([^()\s<>]{1,2000})>?(?:[ \t]+(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?[ \t]*\)"
)
REFERENCE = re.compile(r"(!?)\[([^\[\]\n]{1,500})\](?:\[([^\[\]\n]{0,200})\])?(?![(:])")
TARGET = re.compile(r"^ {0,3}\[([^\[\]\n]{1,200})\]:[ \t]*<?([^\s<>]{1,2000})>?", re.MULTILINE)
AUTOLINK = re.compile(r"<((?:https?|mailto|ftp):[^\s<>]{1,2000})>")
INLINE_CODE = re.compile(r"(`{1,3})(?!`)[^`\n]{1,1000}\1(?!`)")


def load(case, path):
    return blocks_of(read_text(case, path))


def blocks_of(text):
    """[("heading", level, text) | ("text", text) | ("code", language, text) | ("table", header, rows)]."""
    lines, blocks, paragraph, at = front_matter(text.split("\n")), [], [], 0

    def close():
        if paragraph:
            blocks.append(("text", "\n".join(paragraph)))
            paragraph.clear()

    while at < len(lines):
        line, fence, heading = lines[at], FENCE.match(lines[at]), HEADING.match(lines[at])
        if fence:
            close()
            at, block = read_fence(lines, at, fence)
            blocks.append(block)
        elif heading:
            close()
            blocks.append(("heading", len(heading[1]), heading_text(heading[2] or "")))
        elif underlined(lines, at, paragraph):
            blocks.append(("heading", 1 if "=" in lines[at + 1] else 2, line.strip()))
            at += 1
        elif begins_table(lines, at):
            close()
            at, block = read_table(lines, at)
            blocks.append(block)
        elif line.strip():
            paragraph.append(line)
        else:
            close()
        at += 1
    close()
    return blocks


def front_matter(lines):
    """The lines behind a YAML header, if there is one."""
    if lines and lines[0].rstrip() == "---":
        for number, line in enumerate(lines[1:200], 1):
            if line.rstrip() == "---":
                return lines[number + 1 :]
    return lines


def read_fence(lines, at, fence):
    mark, body = fence[1], []
    at += 1
    while at < len(lines):
        closing = lines[at].strip()
        if len(closing) >= len(mark) and set(closing) == {mark[0]}:
            break
        body.append(lines[at])
        at += 1
    return at, ("code", fence[2].lower(), "\n".join(body))


def heading_text(text):
    text = text.rstrip()
    bare = text.rstrip("#")
    if bare != text and (not bare or bare[-1] in " \t"):
        text = bare
    return re.sub(r"[*`_]{1,3}(?=\S)|(?<=\S)[*`_]{1,3}", "", text).strip()


def underlined(lines, at, paragraph):
    if paragraph or at + 1 >= len(lines) or not lines[at].strip() or "|" in lines[at]:
        return False
    if lines[at].lstrip().startswith(("-", "*", ">", "+")):
        return False
    under = lines[at + 1].strip()
    return len(under) >= 2 and set(under) in ({"="}, {"-"})


def begins_table(lines, at):
    return (
        at + 1 < len(lines)
        and "|" in lines[at]
        and {"|", "-"} <= set(lines[at + 1]) <= set("|:- \t")
    )


def read_table(lines, at):
    header, rows, at = split_row(lines[at]), [], at + 2
    while at < len(lines) and "|" in lines[at]:
        rows.append(split_row(lines[at]))
        at += 1
    return at - 1, ("table", header, rows)


def links_of(case, path):
    """[(is it an image, text, target)]; not inside code."""
    text = read_text(case, path)
    blocks = blocks_of(text)
    targets = {name.casefold(): target for name, target in TARGET.findall(text)}
    found = []
    for block in blocks:
        for piece in pieces(block):
            part = INLINE_CODE.sub(" ", piece)
            found += [(bool(bang), said, target) for bang, said, target in LINK.findall(part)]
            found += [(False, target, target) for target in AUTOLINK.findall(part)]
            for bang, said, name in REFERENCE.findall(LINK.sub(" ", part)):
                if (name or said).casefold() in targets:
                    found.append((bool(bang), said, targets[(name or said).casefold()]))
    return found


def pieces(block):
    if block[0] == "table":
        return block[1] + [cell for row in block[2] for cell in row]
    return [] if block[0] == "code" else [block[-1]]
