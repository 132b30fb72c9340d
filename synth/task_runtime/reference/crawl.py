"""crawl: what is reached by links from the first page, and which links lead nowhere."""

from reference.rows import save
from reference.web import Document, fetch, resolve


def run(params, inputs, output):
    pages, clicks, gone = {}, {params["start"]: 0}, set()
    waiting = [params["start"]]
    for path in waiting:
        text = fetch(inputs[0], params["url"], path)
        if text is None:
            gone.add(path)
            continue
        page = Document(text)
        targets = {resolve(path, link) for link, _, _ in page.links} - {None}
        pages[path] = (page.title, targets)
        for target in sorted(targets):
            if target not in clicks:
                clicks[target] = clicks[path] + 1
                waiting.append(target)
    if params["mode"] == "broken":
        pairs = sorted((p, t) for p in pages for t in pages[p][1] if t in gone)
        rows = [{"page": page, "target": target} for page, target in pairs]
        save(output, rows, names=["page", "target"])
        return
    rows = []
    for path in sorted(pages):
        row = {"path": path, "title": pages[path][0]}
        if params["mode"] == "pages":
            row["clicks"] = clicks[path]
        else:
            row["linked_from"] = sum(
                path in targets for other, (_, targets) in pages.items() if other != path
            )
        rows.append(row)
    save(output, rows)
