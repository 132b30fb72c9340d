"""fetch: a table, or the facts, of the pages of a site."""

import datetime
import posixpath

from reference.rows import save
from reference.web import Document, fetch, resolve


def tidy(cell, column, params):
    if column in params["dates"] and cell:
        return datetime.datetime.strptime(cell, "%d %B %Y").date().isoformat()
    if column in params["numbers"] and cell:
        plain = cell.replace(",", "")
        return float(plain) if "." in plain else int(plain)
    return cell


def run(params, inputs, output):
    root, path = inputs[0], params["start"]
    if params["mode"] == "table":
        root = posixpath.dirname(root)
    columns, rows = params["columns"], []
    first = Document(fetch(root, params["url"], path))
    if params["mode"] == "cards":
        listed = [resolve(path, link) for link, _, in_list in first.links if in_list]
        for target in listed[3:]:  # the menu of three links stands above the list
            page = Document(fetch(root, params["url"], target))
            facts = dict(zip(page.facts[::2], page.facts[1::2]))
            names = list(columns)
            row = {names[0]: page.headline}
            row.update((name, facts[columns[name]]) for name in names[1:])
            rows.append(row)
    else:
        page = first
        while page:
            table = next(body for said, body in page.tables if said == params["heading"])
            rows += [dict(zip(columns, cells)) for cells in table[1:]]
            after = [link for link, said, _ in page.links if said == "Next page"]
            page = None
            if after and params["mode"] == "pages":
                path = resolve(path, after[0])
                page = Document(fetch(root, params["url"], path))
    save(output, [{name: tidy(row[name], name, params) for name in columns} for row in rows])
