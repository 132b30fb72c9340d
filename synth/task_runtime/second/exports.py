"""The same rows in other layouts: every form put together by hand where that is possible."""

import datetime
import io
import os
import sqlite3
import tempfile
import zipfile
from xml.sax.saxutils import escape, quoteattr

from second.rows import native, text

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMES = "http://schemas.openxmlformats.org/package/2006/"


def xml(params, names, rows):
    item, parts = params["item"], []
    for row in rows:
        pairs = [(name, escape(text(cell))) for name, cell in zip(names, row)]
        inner = "".join("<%s>%s</%s>" % (n, t, n) if t else "<%s/>" % n for n, t in pairs)
        parts.append("\n\t<%s nr=%s>%s</%s>" % (item, quoteattr(str(len(parts) + 1)), inner, item))
    return "<%s>%s\n</%s>" % (params["name"], "".join(parts), params["name"])


def page(params, names, rows):
    lines = [names] + rows
    body = "".join("<tr><td>" + "<td>".join(escape(text(c)) for c in row) for row in lines)
    return "<html><body><h2>%s</h2><table border=1>%s</table></body></html>" % (
        escape(params["name"]),
        body,
    )


def workbook(params, names, rows):
    shared = []

    def cell(value):
        value = native(value)
        if value is None or value == "":
            return "<c/>"
        if not isinstance(value, str):
            return "<c><v>%s</v></c>" % value
        if value not in shared:
            shared.append(value)
        return '<c t="s"><v>%d</v></c>' % shared.index(value)

    lines = ["<row>%s</row>" % "".join(map(cell, row)) for row in [names] + rows]
    strings = "".join("<si><t>%s</t></si>" % escape(said) for said in shared)
    links = [("worksheet", "worksheets/rows.xml"), ("sharedStrings", "sharedStrings.xml")]
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("[Content_Types].xml", '<Types xmlns="%scontent-types"/>' % NAMES)
        archive.writestr("_rels/.rels", relations([("officeDocument", "xl/workbook.xml")]))
        archive.writestr("xl/_rels/workbook.xml.rels", relations(links))
        archive.writestr("xl/sharedStrings.xml", '<sst xmlns="%s">%s</sst>' % (MAIN, strings))
        archive.writestr(
            "xl/workbook.xml",
            '<x:workbook xmlns:x="%s" xmlns:o="%s"><x:sheets><x:sheet o:id="r1" sheetId="7" name=%s/>'
            "</x:sheets></x:workbook>" % (MAIN, OFFICE, quoteattr(params["name"])),
        )
        archive.writestr(
            "xl/worksheets/rows.xml",
            '<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (MAIN, "".join(lines)),
        )
    return book.getvalue()


def relations(links):
    parts = [
        '<Relationship Id="r%d" Type="%s/%s" Target="%s"/>' % (n, OFFICE, kind, target)
        for n, (kind, target) in enumerate(links, 1)
    ]
    return '<Relationships xmlns="%srelationships">%s</Relationships>' % (NAMES, "".join(parts))


def database(params, names, rows):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made")
        with sqlite3.connect(path) as connection:
            columns = ",".join("[%s]" % name for name in names)
            connection.execute("create table [%s] (%s)" % (params["name"], columns))
            gaps = ",".join("?" * len(names))
            insert = "insert into [%s] values (%s)" % (params["name"], gaps)  # noqa: S608 - as asked for
            for row in reversed(rows):
                connection.execute(insert, [native(cell) for cell in row])
        connection.close()
        with open(path, "rb") as stream:
            return stream.read()


def quoted(said):
    return "".join("\\" + sign if sign in "\\;," else sign for sign in said)


def folded(line):
    """A line as two, where it is long: the second begins with a blank."""
    return [line] if len(line) < 40 else [line[:30], " " + line[30:]]


def agenda(params, names, rows):
    lines = ["BEGIN:VCALENDAR", "PRODID:second", "VERSION:2.0"]
    for row in reversed(rows):
        cells = dict(zip(names, map(text, row)))
        day = datetime.date.fromisoformat(cells[params["day"]])
        begin = cells[params["start"]] if params.get("start") else ""
        lines.append("BEGIN:VEVENT")
        if begin:
            start = datetime.datetime.combine(day, datetime.time.fromisoformat(begin))
            until = datetime.time.fromisoformat(cells[params["end"]])
            length = datetime.datetime.combine(day, until) - start
            lines.append(start.strftime("DTSTART:%Y%m%dT%H%M%S"))
            lines.append("DURATION:PT%dM" % (length.seconds // 60))
        else:
            after = day + datetime.timedelta(days=1)
            lines.append(day.strftime("DTSTART;VALUE=DATE:%Y%m%d"))
            lines.append(after.strftime("DTEND;VALUE=DATE:%Y%m%d"))
        for name, column in sorted(params["properties"].items()):
            lines += folded(name + ":" + quoted(cells[column]))
        lines.append("END:VEVENT")
    return "\n".join(lines + ["END:VCALENDAR"]) + "\n"


def contacts(params, names, rows):
    lines = []
    for row in reversed(rows):
        cells = dict(zip(names, map(text, row)))
        lines += ["BEGIN:VCARD", "VERSION:4.0"]
        for name, column in sorted(params["properties"].items()):
            said = cells[column]
            if said and name == "TEL":
                lines.append("TEL;VALUE=uri:tel:" + said.replace(" ", "-"))
            elif said:
                lines += folded(name + ":" + quoted(said))
        lines.append("END:VCARD")
    return "\n".join(lines) + "\n"


FORMS = {
    "xml": xml,
    "html": page,
    "xlsx": workbook,
    "sqlite": database,
    "agenda": agenda,
    "contacts": contacts,
}
