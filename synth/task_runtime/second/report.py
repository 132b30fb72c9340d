"""report, another way: sums in exact decimals, aligned tables, figures as list items."""

import decimal
import pathlib

from second.table import read


def exact(rows, name):
    cells = [row[name] for row in rows]
    return sum(decimal.Decimal(str(cell)) for cell in cells if cell is not None and cell != "")


def cents(value):
    return format(value.quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_EVEN), "f")


def grid(rows, names=None):
    head = list(names or rows[0])
    cells = [["" if row[name] is None else str(row[name]) for name in head] for row in rows]
    wide = [max(map(len, column)) for column in zip(head, *cells)]
    lines = [head, ["-" * width for width in wide]] + cells
    return "\n".join(
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, wide)) + " |" for line in lines
    )


def sections(rows, column, measure):
    groups = {}
    for row in rows:
        groups.setdefault(str(row[column]), []).append(row)
    for group, mine in sorted(groups.items()):
        yield "## " + group
        yield grid(mine)
        yield "Subtotal %s: %s" % (group, cents(exact(mine, measure)))


def briefing(rows, asked):
    measure, column = asked["measure"], asked["by"] or asked["key"]
    share = {}
    for row in rows:
        share.setdefault(str(row[column]), []).append(
            decimal.Decimal(str(row[measure])) if measure else decimal.Decimal(1)
        )
    most = max(share, key=lambda name: sum(share[name]))
    whole = sum(sum(parts) for parts in share.values())
    yield "## " + asked["heading"]
    if asked["named"]:
        told = ("*%s* %s" % (said(sum(share[name])), name) for name in asked["named"])
        yield "Of **%s** in all, %s." % (said(whole), " and ".join(told))
    else:
        yield "Of **%s** in all, **%s** accounts for *%s*, more than any other.%s" % (
            said(whole),
            most,
            said(sum(share[most])),
            " That is where I would look first, as it matters most." if asked["advice"] else "",
        )
    yield "## " + asked["below"]
    if asked["listed"] == "groups":
        rows = [dict(zip(asked["columns"], (n, said(sum(p))))) for n, p in share.items()]
        rows.sort(key=lambda row: decimal.Decimal(row[asked["columns"][1]]), reverse=True)
    elif asked["top"]:
        rows = sorted(rows, key=lambda row: decimal.Decimal(str(row[measure])), reverse=True)
    yield grid(rows[: asked["top"]] if asked["top"] else rows, asked["columns"])


def said(value):
    return str(value) if value == value.to_integral_value() else cents(value)


def run(params, inputs, output):
    rows = read(inputs[0])
    sums = [
        "- **%s**: %s" % (params["labels"][number], cents(exact(rows, name)))
        for number, name in enumerate(params["totals"])
    ]
    parts = ["# " + params["title"]]
    if params["briefing"]:
        parts += briefing(rows, params["briefing"])
    elif params["by"]:
        parts += [*sections(rows, params["by"], params["totals"][0]), "## Overall"] + sums
    else:
        parts += [grid(rows, params["columns"]), "\n".join(sums)]
    target = pathlib.Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
