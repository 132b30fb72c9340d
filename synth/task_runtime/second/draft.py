"""draft, another way: messages by the mailbox module, from facts sorted by who gets them."""

import email.message
import itertools
import mailbox
import pathlib

from second.meetings import agreed
from second.table import read

ASK = "Please check this against your own notes. Could you tell me by the end of the week if anything is wrong?"


def message(to, subject, lines):
    made = email.message.EmailMessage()
    made["To"], made["Subject"], made["X-Unsent"] = to, subject, "1"
    made.set_content("\n".join(lines) + "\n")
    return made


def invoices(params, rows):
    late = [r for r in rows if r["status"] == "open" and r["due"] < params["today"]]
    by = (lambda row: row["email"]) if params["way"] == "person" else (lambda row: row["invoice"])
    for _, group in itertools.groupby(sorted(late, key=by), key=by):
        mine = list(group)
        lines = [mine[0]["contact"].split(" ")[0] + ", please note:"]
        for row in mine:
            lines.append("%s | %s | %.2f" % (row["invoice"], row["due"], row["amount"]))
        subject = "Reminder: invoice " + mine[0]["invoice"]
        if params["way"] == "person":
            cents = sum(round(row["amount"] * 100) for row in mine)
            lines.append("altogether %d.%02d" % divmod(cents, 100))
            noun = "invoices" if mine[1:] else "invoice"
            subject = "Reminder: %d open %s" % (len(mine), noun)
        yield message(mine[0]["email"], subject, lines + ["", ASK, "", params["sender"]])


def tasks(params, items):
    addresses = dict(params["people"])
    for name in sorted(addresses):
        mine = [item for item in items if item["owner"] == name]
        lines = [name.split(" ")[0] + ":"] + [
            i["due"] + " is the day for " + i["ref"] for i in mine
        ]
        yield message(
            addresses[name], "Your action items (%d)" % len(mine), lines + [params["sender"]]
        )


def run(params, inputs, output):
    target = pathlib.Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    if params["way"] == "tasks":
        made = tasks(params, agreed(inputs[0], params["year"])[0])
    else:
        made = invoices(params, read(inputs[0]))
    box = mailbox.mbox(str(target))
    for item in made:
        box.add(item)
    box.close()
