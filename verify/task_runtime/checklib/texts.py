"""The text of a file that people read: of a page or a document what is shown, else all of it."""

import importlib

from checklib.case import read_text, suffix_of

READERS = {"html": "pages", "htm": "pages", "docx": "docx", "eml": "mailboxes"}


def reader_of(path):
    """The module that reads such a file; None for plain text."""
    name = READERS.get(suffix_of(path))
    return importlib.import_module("checklib." + name) if name else None


def text_of(case, path):
    reader = reader_of(path)
    return reader.text(case, path) if reader else read_text(case, path)
