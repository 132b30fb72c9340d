"""YAML as configuration files use it; a strict subset that means one thing to every reader.

Block and flow mappings and lists, plain and quoted scalars, `|` and `>` texts, comments. Refused by
name: anchors, aliases, tags, merge keys, complex keys, directives, several documents, tabs as
indentation, keys that stand twice. Scalars follow the core schema of YAML 1.2; an integer with
leading zeros stays text.
"""

import re

from checklib.verdict import Mismatch
from checklib.yaml_flow import NOT_PLAIN, Flow, gather, quoted_end, scalar, unquote

DEPTH = 100
HEADER = re.compile(r"([|>])([+-]?)([1-9]?)([+-]?)[ \t]*(?:[ \t]#.*)?$")
KEY = re.compile(r"(?:[^\s#:]|:(?=\S)|(?<=\S)#|[ \t]+(?=[^\s#:]|:\S))+")


def parse_yaml(text, path):
    """The data of a document: dict with text keys, list, text, int, float, bool or None."""
    return Block(text, path).document()


class Block:
    """Reads blocks, line by line; `at` is the line that comes next."""

    def __init__(self, text, path):
        self.lines = text.split("\n")
        self.path = path
        self.at = 0
        self.depth = 0

    def refuse(self, said):
        raise Mismatch("not usable YAML: %s" % said, "%s line %d" % (self.path, self.at + 1))

    def peek(self):
        """The indentation and the text of the next line with content; (-1, "") at the end."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            text = line.lstrip(" ")
            if text.strip() and not text.lstrip().startswith("#"):
                if text.startswith("\t"):
                    self.refuse("a tab as indentation")
                return len(line) - len(text), text.rstrip()
            self.at += 1
        return -1, ""

    def document(self):
        indent, text = self.peek()
        if text.startswith("%"):
            self.refuse("a directive")
        if indent == 0 and (text == "---" or text.startswith(("--- ", "---\t"))):
            rest = text[3:].strip()
            self.lines[self.at] = "    " + rest if rest and not rest.startswith("#") else ""
        value = self.block(-1)
        indent, text = self.peek()
        if text == "..." and indent == 0:
            self.at += 1
            indent, text = self.peek()
        if text.startswith("---"):
            self.refuse("more than one document")
        if indent >= 0:
            self.refuse("unexpected %r" % text[:60])
        return value

    def ended(self, indent, text):
        return indent == 0 and (text in ("---", "...") or text.startswith("--- "))

    def block(self, parent):
        """Whatever stands deeper than `parent`; None if nothing does."""
        indent, text = self.peek()
        if indent <= parent or self.ended(indent, text):
            return None
        self.depth += 1
        if self.depth > DEPTH:
            self.refuse("nested too deeply")
        if text == "-" or text.startswith("- "):
            value = self.sequence(indent)
        elif text == "?" or text.startswith("? "):
            self.refuse("a complex key")
        elif self.key(text):
            value = self.mapping(indent)
        else:
            value = self.inline(text, parent)
        self.depth -= 1
        return value

    def sequence(self, indent):
        items = []
        while True:
            here, text = self.peek()
            if here != indent or not (text == "-" or text.startswith("- ")):
                if here > indent:
                    self.refuse("unexpected %r" % text[:60])
                return items
            rest = text[1:].lstrip(" ")
            if rest and not rest.startswith("#"):
                self.lines[self.at] = " " * (indent + len(text) - len(rest)) + rest
            else:
                self.at += 1
            items.append(self.block(indent))

    def mapping(self, indent):
        members = {}
        while True:
            here, text = self.peek()
            found = self.key(text) if here == indent and not self.ended(here, text) else None
            if not found:
                if here > indent or (here == indent and not self.may_end(text)):
                    self.refuse("unexpected %r" % text[:60])
                return members
            key, rest = found
            if key in members:
                self.refuse("the key %r stands twice" % key)
            members[key] = self.member(rest, indent)

    def may_end(self, text):
        return text.startswith("- ") or text == "-" or self.ended(0, text)

    def member(self, rest, indent):
        """What stands behind `key:`; a list may stand as deep as its key."""
        if rest and not rest.startswith("#"):
            return self.inline(rest, indent)
        self.at += 1
        here, text = self.peek()
        if here == indent and (text == "-" or text.startswith("- ")):
            return self.sequence(indent)
        return self.block(indent)

    def key(self, text):
        """The key and what follows its colon, if the line begins with a key."""
        if text[:1] in ('"', "'"):
            end = quoted_end(text, 0)
            if end is None:
                return None
            key, rest = unquote(text[:end], self.refuse), text[end:].lstrip(" ")
        else:
            match = KEY.match(text) if text[:1] not in ("{", "[", "#") else None
            if not match or not text[match.end() :].lstrip(" ").startswith(":"):
                return None
            key, rest = match.group().rstrip(), text[match.end() :].lstrip(" ")
            if key[0] in NOT_PLAIN:
                self.refuse("%r" % text[:60])
            if key == "<<":
                self.refuse("a merge key")
        if not rest.startswith(":") or (len(rest) > 1 and rest[1] not in " \t"):
            return None
        return key, rest[1:].strip()

    def inline(self, rest, parent):
        """A scalar or a flow collection that begins on this line, and may go on below it."""
        first = rest[0]
        if first in "|>":
            return self.literal(rest, parent)
        if first in "{[\"'":
            following = (line for line in self.lines[self.at + 1 :])
            taken, text, after = gather(rest, following)
            if text is None:
                self.refuse("%s is not closed" % first)
            if after.strip() and not re.match(r"\s+#", after):
                self.refuse("unexpected %r" % after.strip()[:60])
            value = Flow(text, self.refuse).value()
            self.at += taken + 1
            return value
        if first in NOT_PLAIN:
            self.refuse("%r" % rest[:60])
        return self.plain(rest, parent)

    def plain(self, rest, parent):
        """A plain scalar, with the deeper lines that go on with it."""
        parts, comment = cut_comment(rest)
        self.check_plain(parts)
        words, gap = [parts], 0
        self.at += 1
        while not comment and self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                gap, self.at = gap + 1, self.at + 1
                continue
            indent = len(line) - len(line.lstrip(" "))
            if indent <= parent or self.ended(indent, line.strip()) or line.strip()[0] == "#":
                break
            text, comment = cut_comment(line.strip())
            self.check_plain(text)
            words.append("\n" * gap if gap else " ")
            words.append(text)
            gap, self.at = 0, self.at + 1
        return scalar(words[0]) if len(words) == 1 else "".join(words)

    def check_plain(self, text):
        if ": " in text or text.endswith(":"):
            self.refuse("a colon inside %r" % text[:60])

    def literal(self, rest, parent):
        """A `|` or `>` text."""
        header = HEADER.match(rest)
        if not header or (header[2] and header[4]):
            self.refuse("%r" % rest[:60])
        self.at += 1
        depth = max(parent, 0) + int(header[3]) if header[3] else None
        lines = self.literal_lines(parent, depth)
        chomp = header[2] or header[4]
        content = list(lines)
        while content and not content[-1]:
            content.pop()
        text = "\n".join(content) if header[1] == "|" else folded(content)
        if chomp == "+":
            return text + "\n" * (len(lines) - len(content) + bool(content))
        return text if chomp == "-" or not content else text + "\n"

    def literal_lines(self, parent, depth):
        lines = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            indent = len(line) - len(line.lstrip(" "))
            if line.strip(" "):
                if depth is None:
                    depth = indent if indent > parent else parent + 1
                if indent < depth or indent <= parent:
                    break
            lines.append(line[depth:] if depth is not None else "")
            self.at += 1
        if self.at == len(self.lines) and lines and not lines[-1]:
            lines.pop()  # what follows the last line end is no line
        return lines


def cut_comment(text):
    """A plain text and whether a comment ended it."""
    match = re.search(r"\s#", text)
    return (text[: match.start()].rstrip(), True) if match else (text.rstrip(), False)


def folded(lines):
    """Lines joined by blanks; empty lines and deeper ones keep their line ends."""
    text, before = "", None
    for line in lines:
        deeper = line.startswith((" ", "\t"))
        if before is None:
            text = line or "\n"
        elif not line:
            text += "\n"
        elif before == "text" and not deeper:
            text += " " + line
        elif before == "empty" and not deeper:
            text += line
        else:
            text += "\n" + line
        if not line:
            before = (
                "deep" if before == "deep" else "first" if before in (None, "first") else "empty"
            )
            before = "empty" if before == "first" else before
        else:
            before = "deep" if deeper else "text"
    return text
