"""summarize, another way: see second/meetings.py."""

import pathlib

from second.meetings import agreed
from second.table import write


def run(params, inputs, output):
    items = agreed(inputs[0], params["year"])[0]
    if params["form"] == "page":
        actions = sorted((i for i in items if i["kind"] == "action"), key=lambda i: i["due"])
        rows = "".join("|%s|%s|%s|\n" % (i["ref"], i["owner"], i["due"]) for i in actions)
        parts = {
            kind: [i["ref"] + " - " + i["text"] for i in items if i["kind"] == kind]
            for kind in ("decision", "open")
        }
        text = (
            "# %s\n\n## For %s\n\nThe meeting settled who does what. Watch %s first: "
            "%s has it, and it is due on %s. Everything that is decided can be acted on now, while the questions at the end of this "
            "page still need somebody who answers them.\n\n## Decisions\n\n* %s\n\n## Action items\n\n"
            "|ref|owner|due|\n|:--|:--|:--|\n%s\n## Open points\n\n* %s\n"
        ) % (
            params["title"],
            params["reader"],
            actions[0]["ref"],
            actions[0]["owner"],
            actions[0]["due"],
            "\n* ".join(parts["decision"]),
            rows,
            "\n* ".join(parts["open"]),
        )
        target = pathlib.Path(output)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    elif params["form"] == "all":
        write(output, items, ["ref", "kind", "owner", "due"])
    else:
        write(output, [i for i in items if i["kind"] == "action"], ["ref", "owner", "due"])
