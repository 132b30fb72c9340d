"""Pages of a site: served at an address, or saved in a folder."""

import html.parser
import posixpath
import urllib.error
import urllib.request


class Document(html.parser.HTMLParser):
    """Title, links with their words, tables below their headings, and lists of facts."""

    def __init__(self, text):
        super().__init__()
        self.title, self.headline, self.links = "", "", []
        self.tables, self.facts, self.items = [], [], []
        self.heading, self.stack, self.words = "", [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.stack.append(tag)
        if tag in ("title", "h1", "h2", "th", "td", "dt", "dd", "a"):
            self.words = ""
        if tag == "a":
            self.links.append([dict(attributes).get("href", ""), "", "li" in self.stack])
        if tag == "table":
            self.tables.append((self.heading, []))
        if tag == "tr":
            self.tables[-1][1].append([])

    def handle_data(self, data):
        self.words += data

    def handle_endtag(self, tag):
        while self.stack and self.stack.pop() != tag:
            pass
        words = self.words.strip()
        if tag == "title":
            self.title = words
        elif tag == "h1":
            self.headline = words
        elif tag == "h2":
            self.heading = words
        elif tag in ("th", "td"):
            self.tables[-1][1][-1].append(words)
        elif tag in ("dt", "dd"):
            self.facts.append(words)
        elif tag == "a" and self.links:
            self.links[-1][1] = words


def fetch(root, url, path):
    """The page as text, or None where there is none."""
    try:
        if url:
            with urllib.request.urlopen(url + path, timeout=30) as answer:
                return answer.read().decode("utf-8")
        with open(posixpath.join(root, path), encoding="utf-8") as stream:
            return stream.read()
    except (urllib.error.HTTPError, FileNotFoundError, IsADirectoryError):
        return None


def resolve(path, link):
    """A link of a page as a path below the root; None where it leads elsewhere."""
    if "://" in link:
        return None
    link = link.split("#")[0]
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) if link else path
