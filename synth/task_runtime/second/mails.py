"""Mailboxes, by the module of that name."""

import mailbox
import pathlib


def copy_mails(box, keys, output):
    """Add the messages of these keys to a new mbox file."""
    pathlib.Path(output).parent.mkdir(parents=True, exist_ok=True)
    made = mailbox.mbox(output)
    for key in keys:
        made.add(box[key])
    made.close()
