"""report: a Markdown page with tables, figures, and a paragraph for its reader."""

import os

from reference.rows import load


def table(rows):
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    return lines + ["| " + " | ".join(shown(row[name]) for name in names) + " |" for row in rows]


def shown(cell):
    return "" if cell is None else str(cell)


def total(rows, name):
    return round(sum(row[name] for row in rows if row[name] not in ("", None)), 2)


def totals(params, rows):
    return ["Total %s: %s\n" % (name, total(rows, name)) for name in params["totals"]]


def plain(params, rows):
    return table(rows) + [""] + totals(params, rows)


def by_groups(params, rows):
    lines, name = [], params["totals"][0]
    for group in sorted({str(row[params["by"]]) for row in rows}):
        mine = [row for row in rows if str(row[params["by"]]) == group]
        lines += ["## " + group, ""] + table(mine)
        lines += ["", "Subtotal %s: %s" % (group, total(mine, name)), ""]
    return lines + ["## Overall", ""] + totals(params, rows)


def with_findings(params, rows):
    name = params["totals"][0]
    values = [row[name] for row in rows]
    lines = {
        "total": totals(params, rows)[0],
        "highest": "Highest %s: %s\n" % (name, max(values)),
        "average": "Average %s: %s\n" % (name, round(sum(values) / len(values), 2)),
        "rows": "Rows: %d\n" % len(rows),
    }
    figures = [lines[key] for key in params["figures"]]
    words = (
        "The figures of %s follow below. The largest single one stands out, so look at that first; "
        "the other rows are smaller and can wait. Please check the table before you pass any of "
        "this on."
    ) % name.replace("_", " ")
    head = ["## For " + params["reader"], "", words, "", "## Key findings", ""]
    return head + figures + ["## Details", ""] + table(rows)


FORMS = {"plain": plain, "groups": by_groups, "findings": with_findings}


def run(params, inputs, output):
    lines = FORMS[params["form"]](params, load(inputs[0]))
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    with open(output, "w", encoding="utf-8") as stream:
        stream.write("\n".join(["# " + params["title"], ""] + lines) + "\n")
