"""fetch: by regular expressions, page after page."""

import re

from second.rows import write
from second.sites import Site, inside

MONTHS = "January February March April May June July August September October November December"


def plain(cell, name, params):
    if cell and name in params["dates"]:
        day, month, year = cell.split()
        return "%s-%02d-%02d" % (year, MONTHS.split().index(month) + 1, int(day))
    return re.sub(",", "", cell) if name in params["numbers"] else cell


def figure(cell):
    return float(cell) if "." in cell else int(cell)


def below(heading, text):
    """The rows of the table after a heading."""
    part = re.split("<h2>", text)
    table = next(p for p in part if p.startswith(heading + "<"))
    return [inside("td", row) for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)][1:]


def run(params, inputs, output):
    folder = inputs[0]
    if params["mode"] == "table":
        folder = folder.rpartition("/")[0]
    site, names = Site(folder, params["url"]), list(params["columns"])
    address = site.base + params["start"]
    text, rows = site.page(address), []
    if params["mode"] == "cards":
        listed = text[text.index("<main>") :]
        for target, _ in site.links(address, listed):
            page = site.page(target)
            if page is None or "<dl>" not in page:
                continue
            facts = dict(zip(inside("dt", page), inside("dd", page)))
            rows.append(inside("h1", page) + [facts[params["columns"][n]] for n in names[1:]])
    else:
        rows = below(params["heading"], text)
        while params["mode"] == "pages":
            after = [to for to, said in site.links(address, text) if said == "Next page"]
            if not after:
                break
            address = after[0]
            text = site.page(address)
            rows += below(params["heading"], text)
    done = [[plain(cell, name, params) for cell, name in zip(row, names)] for row in rows]
    for row in done:
        for place, name in enumerate(names):
            if name in params["numbers"] and row[place]:
                row[place] = figure(row[place])
    write(output, names, done)
