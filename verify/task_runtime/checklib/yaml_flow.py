"""The inline half of YAML: scalars, quotes, `[lists]` and `{mappings}`."""

import re

NOT_PLAIN = "&*!%@`|>,]}"
INTEGER = re.compile(r"[-+]?(0|[1-9]\d{0,400})")
OTHER_BASE = re.compile(r"0o([0-7]{1,300})|0x([0-9a-fA-F]{1,300})")
FLOAT = re.compile(r"[-+]?(\.\d{1,400}|\d{1,400}(\.\d{0,400})?)([eE][-+]?\d{1,4})?")
WORDS = {"": None, "~": None}
for word, meant in (("null", None), ("true", True), ("false", False)):
    WORDS.update({word: meant, word.capitalize(): meant, word.upper(): meant})
ESCAPES = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.|$)", re.DOTALL)
PLAIN = re.compile(
    r"(?:[^\s,\[\]{}:#]|:(?![\s,\[\]{}]|$)|(?<=\S)#|\s+(?=[^\s,\[\]{}:#]|:[^\s,\[\]{}]))+"
)


def scalar(text):
    """What a plain scalar means in the core schema."""
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    based = OTHER_BASE.fullmatch(text)
    if based:
        return int(based[1], 8) if based[1] else int(based[2], 16)
    if FLOAT.fullmatch(text) and not re.match(r"[-+]?0\d", text):
        return float(text)
    return text


def quoted_end(text, start):
    """Behind the closing quote of the string that begins at `start`; None if it does not close."""
    quote, at = text[start], start + 1
    while True:
        at = text.find(quote, at)
        if at < 0:
            return None
        if quote == "'" and text[at + 1 : at + 2] == "'":
            at += 2
            continue
        if quote == '"':
            slashes = len(text[start + 1 : at]) - len(text[start + 1 : at].rstrip("\\"))
            if slashes % 2:
                at += 1
                continue
        return at + 1


def unquote(text, refuse):
    """The string that a quoted scalar stands for; line ends inside it are folded."""
    quote, body = text[0], fold_lines(text[1:-1], text[0] == '"')
    if quote == "'":
        return body.replace("''", "'")

    def replace(match):
        said = match[1]
        if said[:1] in ("x", "u", "U") and len(said) > 1:
            code = int(said[1:], 16)
            return chr(code) if code < 0x110000 else refuse("the escape \\%s" % said)
        if said == "\n":
            return ""
        return ESCAPES[said] if said in ESCAPES else refuse("the escape \\%s" % said)

    return ESCAPE.sub(replace, body)


def fold_lines(text, escapes):
    if "\n" not in text:
        return text
    lines = text.split("\n")
    out, gap = lines[0].rstrip(" \t"), 0
    for number, raw in enumerate(lines[1:], 2):
        line = raw.strip(" \t") if number < len(lines) else raw.lstrip(" \t")
        if not line and number < len(lines):
            gap += 1
            continue
        if escapes and out.endswith("\\") and (len(out) - len(out.rstrip("\\"))) % 2:
            out = out[:-1] + line
        else:
            out += ("\n" * gap if gap else " ") + line
        gap = 0
    return out


def gather(first, following):
    """The whole of a flow collection or a quoted scalar that may go on below its line.

    Returns how many more lines it takes, its text and what follows it on the last of them; no text
    when it is never closed.
    """
    scan, line, taken = Scan(first[0] in "\"'"), first, 0
    while True:
        end = scan.line(line)
        if end is not None:
            return taken, "\n".join(scan.kept), line[end:]
        line = next(following, None)
        taken += 1
        if line is None:
            return taken, None, ""


class Scan:
    """Looks for the end of an inline value, leaving comments out."""

    def __init__(self, quoted):
        self.only_quoted = quoted
        self.depth, self.quote, self.before, self.kept = 0, "", "[", []

    def line(self, text):
        """Behind the end of the value, if it stands on this line."""
        at = 0
        while at < len(text):
            if self.quote:
                at = self.inside_quotes(text, at)
                if not self.quote and self.only_quoted:
                    self.kept.append(text[:at])
                    return at
                continue
            char = text[at]
            if char in "\"'" and self.before in "[{,:":
                self.quote = char
            elif char in "[{":
                self.depth += 1
            elif char in "]}":
                self.depth -= 1
                if self.depth == 0:
                    self.kept.append(text[: at + 1])
                    return at + 1
            elif char == "#" and (at == 0 or text[at - 1] in " \t"):
                self.kept.append(text[:at])
                return None
            self.before = char if not char.isspace() else self.before
            at += 1
        self.kept.append(text)
        return None

    def inside_quotes(self, text, at):
        """Behind the closing quote, or the end of the line."""
        while at < len(text):
            if text[at] == "\\" and self.quote == '"':
                at += 2
            elif text[at] == self.quote:
                if self.quote == "'" and text[at + 1 : at + 2] == "'":
                    at += 2
                    continue
                self.quote, self.before = "", '"'
                return at + 1
            else:
                at += 1
        return len(text)


class Flow:
    """Reads one inline value."""

    def __init__(self, text, refuse):
        self.text, self.refuse, self.at, self.depth = text, refuse, 0, 0

    def value(self):
        value = self.item()
        self.blanks()
        if self.at < len(self.text):
            self.refuse("unexpected %r" % self.text[self.at :][:60])
        return value

    def blanks(self):
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def item(self):
        self.blanks()
        char = self.text[self.at : self.at + 1]
        if char == "[":
            return self.collection(self.list_items, "]")
        if char == "{":
            return self.collection(self.members, "}")
        if char in ('"', "'") and char:
            end = quoted_end(self.text, self.at)
            if end is None:
                self.refuse("%s is not closed" % char)
            start, self.at = self.at, end
            return unquote(self.text[start:end], self.refuse)
        return scalar(self.plain())

    def plain(self):
        match = PLAIN.match(self.text, self.at)
        text = match.group() if match else ""
        if text[:1] and text[0] in NOT_PLAIN:
            self.refuse("%r" % text[:60])
        self.at += len(text)
        return re.sub(r"[ \t]*\n\s*", " ", text)

    def collection(self, read, closing):
        self.depth += 1
        if self.depth > 100:
            self.refuse("nested too deeply")
        self.at += 1
        found = read(closing)
        self.depth -= 1
        return found

    def closed(self, closing):
        """Whether the collection ends here; its bracket is consumed."""
        self.blanks()
        if self.text[self.at : self.at + 1] == closing:
            self.at += 1
            return True
        return False

    def comma(self, closing):
        self.blanks()
        char = self.text[self.at : self.at + 1]
        if char == ",":
            self.at += 1
        elif char != closing:
            self.refuse("unexpected %r" % self.text[self.at :][:60])

    def list_items(self, closing):
        items = []
        while not self.closed(closing):
            item = self.item()
            self.blanks()
            if self.text[self.at : self.at + 1] == ":":
                self.refuse("a pair in a list")
            items.append(item)
            self.comma(closing)
        return items

    def members(self, closing):
        members = {}
        while not self.closed(closing):
            start = self.at
            key = self.item() if self.text[self.at] in "\"'" else self.plain()
            if self.at == start:
                self.refuse("unexpected %r" % self.text[self.at :][:60])
            if key in members:
                self.refuse("the key %r stands twice" % key)
            self.blanks()
            value = None
            if self.text[self.at : self.at + 1] == ":":
                self.at += 1
                value = self.item()
            members[key] = value
            self.comma(closing)
        return members
