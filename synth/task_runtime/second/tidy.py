"""Careless cells, one by one, with what the instruction says about their column."""

from datetime import datetime

from second.rows import read, text


def read_tidy(path, how):
    names, rows = read(path)
    if not how:
        return names, rows
    for row in rows:
        for place, name in enumerate(names):
            if name in how["gaps"] and text(row[place]).strip() in ("", "n/a", "-"):
                row[place] = ""
            elif name in how["dates"]:
                row[place] = day_of(row[place])
            elif name in how["numbers"]:
                row[place] = "".join(c for c in str(row[place]) if c.isdigit() or c in ".-")
            elif name in how["texts"]:
                row[place] = " ".join(row[place].split()).casefold()
    return names, rows


def day_of(text):
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%d %b %Y"):
        try:
            return datetime.strptime(text.strip(), form).date().isoformat()
        except ValueError:
            continue
    raise ValueError("no date that I know: %r" % text)
