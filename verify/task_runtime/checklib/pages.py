"""HTML as a tree of what is written in it; scripts, styles and templates are not shown."""

from html.parser import HTMLParser

from checklib.case import read_text
from checklib.verdict import Mismatch, settle

VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
}
HIDDEN = {"script", "style", "template", "head", "noscript"}
BREAKS = {
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
}
CLOSED_BY = {
    "li": {"li"},
    "p": BREAKS - {"br"},
    "td": {"td", "th", "tr", "tbody", "tfoot"},
    "th": {"td", "th", "tr", "tbody", "tfoot"},
    "tr": {"tr", "tbody", "tfoot"},
    "option": {"option"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
}
DEPTH = 200


class Element:
    """A tag with its attributes; `children` are elements and texts."""

    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.children = tag, attributes, []

    def walk(self):
        """This element and all below it, in the order of the document."""
        stack = [self]
        while stack:
            element = stack.pop()
            yield element
            stack += [c for c in reversed(element.children) if isinstance(c, Element)]

    def text(self, hidden=HIDDEN):
        """What is shown of it, a line end where a block begins or ends."""
        parts, stack = [], [self]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                parts.append(item)
            elif item.tag not in hidden or item is self:
                edge = "\n" if item.tag in BREAKS else ""
                parts.append(edge)
                stack.append(edge)
                stack += reversed(item.children)
        lines = ("".join(parts)).split("\n")
        return "\n".join(" ".join(line.split()) for line in lines if line.strip())


class Builder(HTMLParser):
    """Builds the tree; what is not closed ends with its parent."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        while len(self.open) > 1 and tag in CLOSED_BY.get(self.open[-1].tag, ()):
            self.open.pop()
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID and len(self.open) < DEPTH:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        for number in range(len(self.open) - 1, 0, -1):
            if self.open[number].tag == tag:
                del self.open[number:]
                return

    def handle_data(self, data):
        self.open[-1].children.append(data)


def load(case, path):
    builder = Builder()
    try:
        builder.feed(read_text(case, path))
        builder.close()
    except (AssertionError, ValueError) as error:
        raise Mismatch("not usable HTML: %s" % error, path) from None
    if not any(element.tag for element in builder.root.walk()):
        raise Mismatch("no HTML element", path)
    return builder.root


def text(case, path):
    return case.once(load, path).text()


def blocks(case, path):
    """As `markdown.blocks_of`."""
    found = []
    for element in case.once(load, path).walk():
        if len(element.tag) == 2 and element.tag[0] == "h" and element.tag[1] in "123456":
            found.append(("heading", int(element.tag[1]), element.text().replace("\n", " ")))
        elif element.tag == "table":
            header, *rows = table_rows(element) or [[]]
            found.append(("table", header, rows))
        elif element.tag == "pre":
            found.append(("code", "", "".join(c for c in element.children if isinstance(c, str))))
        elif element.tag in ("p", "li", "dd", "dt", "blockquote", "figcaption"):
            found.append(("text", element.text()))
    return found


def table_rows(table):
    return [
        [cell.text().replace("\n", " ") for cell in row.children if is_cell(cell)]
        for row in table.walk()
        if row.tag == "tr"
    ]


def is_cell(item):
    return isinstance(item, Element) and item.tag in ("td", "th")


def links(case, path):
    found = []
    for element in case.once(load, path).walk():
        if element.tag == "a" and "href" in element.attributes:
            found.append((False, element.text(), element.attributes["href"]))
        elif element.tag == "img":
            attributes = element.attributes
            found.append((True, attributes.get("alt", ""), attributes.get("src", "")))
    return found


def fits(element, rule):
    if element.tag != rule["tag"]:
        return False
    for name, value in rule["attributes"].items():
        found = element.attributes.get(name)
        if found is None or (value not in found.split() if name == "class" else value != found):
            return False
    if rule["text"] is None:
        return True
    return " ".join(element.text(hidden=()).split()).casefold() == rule["text"].casefold()


def check_html_elements(case, check):
    """So many elements of each kind, by tag, attributes and text."""
    root, path = case.once(load, check["path"]), check["path"]
    elements, problems = list(root.walk()), []
    for rule in check["elements"]:
        number = sum(fits(element, rule) for element in elements)
        if number < rule["least"] or (rule["most"] is not None and number > rule["most"]):
            problems.append(("%d elements %s" % (number, describe(rule)), path))
    total = len(check["elements"])
    return settle(problems, total, check["partial"], "%d kinds of elements" % total)


def describe(rule):
    attributes = "".join(" %s=%r" % pair for pair in rule["attributes"].items())
    said = " saying %r" % rule["text"] if rule["text"] is not None else ""
    return "<%s%s>%s" % (rule["tag"], attributes, said)


CHECKS = {"html_elements": check_html_elements}
