"""Rows in the forms of other programs, written with the modules that know these."""

import html
import sqlite3
import xml.etree.ElementTree as ET
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def text(cell):
    if cell is None:
        return ""
    return "%.2f" % cell if isinstance(cell, float) else str(cell)


def xml(params, rows, output):
    root = ET.Element(params["name"])
    for row in rows:
        item = ET.SubElement(root, params["item"])
        for name, cell in row.items():
            ET.SubElement(item, name).text = text(cell)
    ET.ElementTree(root).write(output, encoding="utf-8", xml_declaration=True)


def page(params, rows, output):
    title = html.escape(params["name"])
    lines = ["<!doctype html>", '<html><head><meta charset="utf-8"><title>%s</title>' % title]
    lines += ["</head><body>", "<h1>%s</h1>" % title, "<table>", "<thead><tr>"]
    lines += ["<th>%s</th>" % html.escape(name) for name in rows[0]]
    lines.append("</tr></thead><tbody>")
    for row in rows:
        cells = "".join("<td>%s</td>" % html.escape(text(cell)) for cell in row.values())
        lines.append("<tr>%s</tr>" % cells)
    with open(output, "w", encoding="utf-8") as stream:
        stream.write("\n".join([*lines, "</tbody></table>", "</body></html>", ""]))


def letters(number):
    before, last = divmod(number, 26)
    return (letters(before - 1) if before else "") + chr(ord("A") + last)


def sheet(lines):
    root = ET.Element("worksheet", xmlns=MAIN)
    data = ET.SubElement(root, "sheetData")
    for number, line in enumerate(lines, 1):
        row = ET.SubElement(data, "row", r=str(number))
        for at, cell in enumerate(line):
            if cell in ("", None):
                continue
            place = ET.SubElement(row, "c", r="%s%d" % (letters(at), number))
            if isinstance(cell, str):
                place.set("t", "inlineStr")
                ET.SubElement(ET.SubElement(place, "is"), "t").text = cell
            else:
                ET.SubElement(place, "v").text = repr(cell)
    return ET.tostring(root, encoding="unicode")


def workbook(params, rows, output):
    book = '<workbook xmlns="%s" xmlns:r="%s"><sheets><sheet name="%s" sheetId="1" r:id="rId1"/>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="%s/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="%ssheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="%sworksheet+xml"/></Types>'
        % (PACKAGE, KIND, KIND),
        "_rels/.rels": relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": book % (MAIN, RELATIONS, html.escape(params["name"]))
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet([list(rows[0]), *(row.values() for row in rows)]),
    }
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def relation(kind, target):
    return (
        '<Relationships xmlns="%s/relationships"><Relationship Id="rId1" Type="%s/%s" '
        'Target="%s"/></Relationships>' % (PACKAGE, RELATIONS, kind, target)
    )


def database(params, rows, output):
    names = list(rows[0])
    cells = [[None if row[name] == "" else row[name] for name in names] for row in rows]
    kinds = [kind_of([line[at] for line in cells]) for at in range(len(names))]
    columns = ", ".join('"%s" %s' % pair for pair in zip(names, kinds))
    connection = sqlite3.connect(output)
    connection.execute('CREATE TABLE "%s" (%s)' % (params["name"], columns))
    gaps = ", ".join("?" for _ in names)
    insert = 'INSERT INTO "%s" VALUES (%s)' % (params["name"], gaps)  # noqa: S608 - as asked for
    connection.executemany(insert, cells)
    connection.commit()
    connection.close()


def kind_of(cells):
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds == {int}:
        return "INTEGER"
    return "REAL" if kinds and kinds <= {int, float} else "TEXT"


def escaped(cell):
    said = text(cell).replace("\\", "\\\\").replace("\n", "\\n")
    return said.replace(";", "\\;").replace(",", "\\,")


def agenda(params, rows, output):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//convert//EN"]
    for row in rows:
        day = row[params["day"]].replace("-", "")
        clocks = [row[params[name]] if params.get(name) else "" for name in ("start", "end")]
        lines += ["BEGIN:VEVENT", "DTSTAMP:%sT000000Z" % day]
        lines += ["%s:%s" % (n, escaped(row[c])) for n, c in params["properties"].items()]
        if clocks[0]:
            for name, clock in zip(("DTSTART", "DTEND"), clocks):
                lines.append("%s:%sT%s00" % (name, day, clock.replace(":", "")))
        else:
            lines.append("DTSTART;VALUE=DATE:" + day)
        lines.append("END:VEVENT")
    put(output, [*lines, "END:VCALENDAR"])


def contacts(params, rows, output):
    lines = []
    for row in rows:
        name = escaped(row[params["properties"]["FN"]])
        lines += ["BEGIN:VCARD", "VERSION:3.0", "N:%s;;;;" % name]
        lines += [
            "%s:%s" % (name, escaped(row[column]))
            for name, column in params["properties"].items()
            if row[column]
        ]
        lines.append("END:VCARD")
    put(output, lines)


def put(output, lines):
    with open(output, "w", encoding="utf-8", newline="") as stream:
        stream.write("".join(line + "\r\n" for line in lines))


FORMS = {
    "xml": xml,
    "html": page,
    "xlsx": workbook,
    "sqlite": database,
    "agenda": agenda,
    "contacts": contacts,
}
