"""XML as a tree, without entities: a document that declares its own is refused."""

from xml.etree.ElementTree import ParseError, TreeBuilder
from xml.parsers import expat

from checklib.case import read_bytes
from checklib.verdict import Mismatch, settle

DEPTH = 200
MAX_ELEMENTS = 500_000


def parse_xml(data, where):
    """The root element; names without their namespaces."""
    builder, depth, seen = TreeBuilder(), [0], [0]

    def start(name, attributes):
        depth[0] += 1
        seen[0] += 1
        if depth[0] > DEPTH or seen[0] > MAX_ELEMENTS:
            raise Mismatch("nested too deeply" if depth[0] > DEPTH else "too many elements", where)
        builder.start(local(name), {local(key): text for key, text in attributes.items()})

    def end(name):
        depth[0] -= 1
        builder.end(local(name))

    def doctype(*_):
        raise Mismatch("a document type is declared", where)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ParseError, ValueError, LookupError, AssertionError) as error:
        raise Mismatch("not valid XML: %s" % error, where) from None


def local(name):
    return name.rpartition(" ")[2]


def load(case, path):
    return parse_xml(read_bytes(case, path), path)


def text_in(element):
    return " ".join("".join(element.itertext()).split())


def find_all(root, steps):
    """The elements along `steps` of (name, attributes); the first step is the root itself."""
    here = [root] if steps and fits(root, steps[0]) else []
    for step in steps[1:]:
        here = [child for element in here for child in element if fits(child, step)]
    return here


def fits(element, step):
    wanted = step["attributes"]
    return step["name"] in ("*", element.tag) and all(
        element.get(name) == text for name, text in wanted.items()
    )


def tables(case, check):
    """The elements below the root as rows, what stands in them as cells; `at` names both."""
    path, root = check["path"], case.once(load, check["path"])
    names = [root.tag, *sorted({row.tag for row in root})]
    if check["at"] and names != list(check["at"]):
        raise Mismatch("elements %s" % ", ".join(names[:5]), path)
    header = list(dict.fromkeys(cell.tag for row in root for cell in row))
    if len(header) * len(root) > MAX_ELEMENTS:
        raise Mismatch("too many columns", path)
    return [(path, header, [cells_of(row, header, path) for row in root])]


def cells_of(row, header, path):
    """The texts of a row's elements, "" where one is missing; each stands there once."""
    found = {cell.tag: text_in(cell) for cell in row}
    if len(found) < len(row) or any(len(cell) for cell in row):
        raise Mismatch("a row that is no list of plain elements", path)
    return [found.get(name, "") for name in header]


def check_xml_values(case, check):
    """The texts or attributes of the elements on each path, in order."""
    root, path = case.once(load, check["path"]), check["path"]
    problems = []
    for item in check["values"]:
        elements = find_all(root, item["steps"])
        name = item["attribute"]
        found = [element.get(name, "") if name else text_in(element) for element in elements]
        wanted = list(item["texts"])
        if not item["ordered"]:
            wanted, found = sorted(wanted), sorted(found)
        if wanted != found:
            where = "/".join(step["name"] for step in item["steps"]) + ("@" + name if name else "")
            problems.append(("%s = %s" % (where, found[:5]), path))
    total = len(check["values"])
    return settle(problems, total, check["partial"], "%d values" % total)


CHECKS = {"xml_values": check_xml_values}
