"""crawl: level by level."""

from second.rows import write
from second.sites import Site, inside


def run(params, inputs, output):
    site = Site(inputs[0], params["url"])
    level, depth = {site.base + params["start"]}, 0
    known, missing = {}, set()
    while level:
        reached = set()
        for address in level:
            text = site.page(address)
            if text is None:
                missing.add(address)
                continue
            targets = {to for to, _ in site.links(address, text)}
            known[address] = (inside("title", text)[0], depth, targets)
            reached |= targets
        level = reached - set(known) - missing
        depth += 1
    cut = len(site.base)
    if params["mode"] == "broken":
        pairs = [(a[cut:], to[cut:]) for a in known for to in known[a][2] & missing]
        write(output, ["page", "target"], [list(pair) for pair in sorted(pairs)])
        return
    links = params["mode"] == "referrers"
    rows = []
    for address, (title, clicks, _) in known.items():
        count = sum(address in known[other][2] for other in known if other != address)
        rows.append([address[cut:], title, count if links else clicks])
    write(output, ["path", "title", "linked_from" if links else "clicks"], sorted(rows))
