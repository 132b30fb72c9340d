"""report, another way: sums in exact decimals, aligned tables, figures as list items."""

import decimal
import pathlib

from second.table import read

WORDS = (
    "The page below covers everything that was recorded so far. Start with the highest entries, "
    "compare them with what you expected, and come back with questions before the next step; "
    "nothing here has been corrected or left out."
)


def exact(rows, name):
    cells = [row[name] for row in rows]
    return sum(decimal.Decimal(str(cell)) for cell in cells if cell is not None and cell != "")


def cents(value):
    return format(value.quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_EVEN), "f")


def grid(rows):
    cells = [["" if cell is None else str(cell) for cell in row.values()] for row in rows]
    head = list(rows[0])
    wide = [max(map(len, column)) for column in zip(head, *cells)]
    lines = [head, ["-" * width for width in wide]] + cells
    return "\n".join(
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, wide)) + " |" for line in lines
    )


def run(params, inputs, output):
    rows, name = read(inputs[0]), params["totals"][0]
    sums = [
        "- **Total %s**: %s" % (column, cents(exact(rows, column))) for column in params["totals"]
    ]
    parts = ["# " + params["title"]]
    if params["form"] == "groups":
        groups = {}
        for row in rows:
            groups.setdefault(str(row[params["by"]]), []).append(row)
        for group, mine in sorted(groups.items()):
            parts += [
                "## " + group,
                grid(mine),
                "Subtotal %s: %s" % (group, cents(exact(mine, name))),
            ]
        parts += ["## Overall"] + sums
    elif params["form"] == "findings":
        values = sorted(decimal.Decimal(str(row[name])) for row in rows)
        parts += [
            "## For " + params["reader"],
            WORDS,
            "## Key findings",
            "\n".join(
                line
                for key, line in (
                    ("total", sums[0]),
                    ("highest", "- Highest %s: %s" % (name, values[-1])),
                    ("average", "- Average %s: %s" % (name, cents(sum(values) / len(values)))),
                    ("rows", "- Rows: %d" % len(rows)),
                )
                if key in params["figures"]
            ),
            "## Details",
            grid(rows),
        ]
    else:
        parts += [grid(rows), "\n".join(sums)]
    target = pathlib.Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
