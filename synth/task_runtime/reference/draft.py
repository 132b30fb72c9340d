"""draft: an mbox file with one message for each invoice, or for each person."""

import os

from reference.meetings import agreed
from reference.rows import load


def reminders(params, rows):
    due = [row for row in rows if row["status"] == "open" and row["due"] < params["today"]]
    groups = {}
    for row in due:
        key = row["email"] if params["way"] == "person" else row["invoice"]
        groups.setdefault(key, []).append(row)
    for mine in groups.values():
        lines = ["%s, due %s: %.2f" % (row["invoice"], row["due"], row["amount"]) for row in mine]
        subject = "Reminder: invoice %s" % mine[0]["invoice"]
        if params["way"] == "person":
            total = "%.2f" % sum(row["amount"] for row in mine)
            if len(mine) == 1:
                lines[0] += " (this is the total, too)"
            else:
                lines.append("Total: " + total)
            plural = "" if len(mine) == 1 else "s"
            subject = "Reminder: %d open invoice%s" % (len(mine), plural)
        first = mine[0]["contact"].split()[0]
        body = ["Dear %s," % first, "", "our books show as open and overdue:"] + lines
        body += ["", "Could you please look into it?", "", "Kind regards,", params["sender"]]
        yield mine[0]["email"], subject, "\n".join(body)


def task_mails(params, items):
    for name, address in params["people"]:
        mine = [item for item in items if item["owner"] == name]
        lines = ["- %s, by %s" % (item["ref"], item["due"]) for item in mine]
        body = ["Hello %s," % name.split()[0], "", "this is what you took on:"] + lines
        body += ["", "Let me know if a date does not work.", "", params["sender"]]
        yield address, "Your action items (%d)" % len(mine), "\n".join(body)


def run(params, inputs, output):
    if params["way"] == "tasks":
        messages = task_mails(params, agreed(inputs[0], params["year"])[0])
    else:
        messages = reminders(params, load(inputs[0]))
    os.makedirs(os.path.dirname(output) or ".", exist_ok=True)
    with open(output, "w", encoding="utf-8") as stream:
        for to, subject, body in messages:
            stream.write("From drafts Thu Jan  1 00:00:00 2026\n")
            stream.write("To: %s\nSubject: %s\nMIME-Version: 1.0\n" % (to, subject))
            stream.write("Content-Type: text/plain; charset=utf-8\n\n%s\n\n" % body)
