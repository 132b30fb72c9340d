"""report: a Markdown page with tables, figures, and a paragraph for its reader."""

import os

from reference.rows import load


def table(rows, names=None):
    names = names or list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    return lines + ["| " + " | ".join(shown(row[name]) for name in names) + " |" for row in rows]


def shown(cell):
    return "" if cell is None else str(cell)


def total(rows, name):
    return round(sum(row[name] for row in rows if row[name] not in ("", None)), 2)


def totals(params, rows):
    pairs = zip(params["labels"], params["totals"])
    return ["%s: %s\n" % (label, total(rows, name)) for label, name in pairs]


def human(name):
    return name.removeprefix("sum_").replace("_", " ")


def plain(params, rows):
    return table(rows, params["columns"]) + [""] + totals(params, rows)


def by_groups(params, rows):
    lines, name = [], params["totals"][0]
    for group in sorted({str(row[params["by"]]) for row in rows}):
        mine = [row for row in rows if str(row[params["by"]]) == group]
        lines += ["## " + group, ""] + table(mine)
        lines += ["", "Subtotal %s: %s" % (group, total(mine, name)), ""]
    return lines + ["## Overall", ""] + totals(params, rows)


def figure_of(total):
    return int(total) if total == int(total) else round(total, 2)


def briefing(params, rows):
    wanted = params["briefing"]
    measure, by = wanted["measure"], wanted["by"] or wanted["key"]
    sizes = {}
    for row in rows:
        part = row[measure] if measure else 1
        sizes[str(row[by])] = sizes.get(str(row[by]), 0) + part
    ranked = sorted(sizes.items(), key=lambda one: -one[1])
    name, size = ranked[0]
    words = "In all, the %s comes to %s. Most of it is %s, with %s." % (
        human(measure) or "number",
        figure_of(sum(sizes.values())),
        name,
        figure_of(size),
    )
    if wanted["named"]:
        said = ["%s: %s" % (value, sizes[value]) for value in wanted["named"]]
        words = "In all, there are %s (%s)." % (sum(sizes.values()), ", ".join(said))
    if wanted["advice"]:
        words += " Please look at %s first, since nothing else weighs as much." % name
    if wanted["listed"] == "groups":
        figure = wanted["columns"][1]
        rows = [{by: name, figure: figure_of(size)} for name, size in ranked]
    elif wanted["top"]:
        rows = sorted(rows, key=lambda row: -row[measure])
    head = ["## " + wanted["heading"], "", words, "", "## " + wanted["below"], ""]
    return head + table(rows[: wanted["top"] or None], wanted["columns"])


def run(params, inputs, output):
    rows = load(inputs[0])
    if params["briefing"]:
        lines = briefing(params, rows)
    else:
        lines = by_groups(params, rows) if params["by"] else plain(params, rows)
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    with open(output, "w", encoding="utf-8") as stream:
        stream.write("\n".join(["# " + params["title"], ""] + lines) + "\n")
