"""Messages of an mbox file, as their text and parsed, and back."""

import email
import email.utils
import os
import re


def load_mails(path):
    """[(text, message)]; the text begins with the From line."""
    with open(path, encoding="utf-8", newline="") as stream:
        texts = re.split(r"(?m)^(?=From \S+ \w{3} \w{3} )", stream.read())[1:]
    return [
        (text.rstrip("\n"), email.message_from_string(text.partition("\n")[2])) for text in texts
    ]


def sent(mail):
    return email.utils.parsedate_to_datetime(mail["Date"])


def save_mails(path, texts):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        stream.write("\n\n".join(texts) + "\n")
