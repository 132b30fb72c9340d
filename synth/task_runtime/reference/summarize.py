"""summarize: what was agreed, as rows or as a page."""

import os

from reference.meetings import agreed
from reference.rows import save


def listed(items, kind):
    return ["- %s: %s" % (item["ref"], item["text"]) for item in items if item["kind"] == kind]


def page(params, items):
    actions = [item for item in items if item["kind"] == "action"]
    first = min(actions, key=lambda item: (item["due"], item["ref"]))
    lines = ["# " + params["title"], "", "## For " + params["reader"], ""]
    lines += [
        "%d actions were agreed. The first to fall due is %s, which %s has to finish by %s. "
        % (len(actions), first["ref"], first["owner"], first["due"])
        + "The decisions below need nothing more from you. The open points still wait for an "
        "answer and should be on the agenda of the next meeting."
    ]
    lines += ["", "## Decisions", ""] + listed(items, "decision")
    lines += ["", "## Action items", "", "| ref | owner | due |", "| --- | --- | --- |"]
    lines += ["| %s | %s | %s |" % (item["ref"], item["owner"], item["due"]) for item in actions]
    return "\n".join(lines + ["", "## Open points", ""] + listed(items, "open")) + "\n"


def run(params, inputs, output):
    items, _ = agreed(inputs[0], params["year"])
    if params["form"] == "page":
        os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
        with open(output, "w", encoding="utf-8") as stream:
            stream.write(page(params, items))
        return
    names = ("ref", "kind", "owner", "due") if params["form"] == "all" else ("ref", "owner", "due")
    kinds = ("action", "decision", "open") if params["form"] == "all" else ("action",)
    items = [item for kind in kinds for item in items if item["kind"] == kind]
    save(output, [{name: item[name] for name in names} for item in items])
