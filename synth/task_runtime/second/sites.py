"""Pages of a site by `http.client` or from disk, and their parts by regular expressions."""

import html
import http.client
import os
import re
from urllib.parse import urljoin, urlsplit


class Site:
    """The pages below one root."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.base = url or "file://x/"

    def page(self, address):
        """The text at an address of the site; None where nothing is."""
        path = address[len(self.base) :]
        if not self.url:
            place = os.path.join(self.folder, *path.split("/"))
            if not os.path.isfile(place):
                return None
            with open(place, "rb") as stream:
                return stream.read().decode()
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return data.decode() if answer.status == 200 else None

    def links(self, address, text):
        """(address, words) of every link on the site, in order."""
        found = re.findall(r'<a href="([^"]*)">(.*?)</a>', text, re.DOTALL)
        whole = [(urljoin(address, html.unescape(href)), said) for href, said in found]
        return [(to.split("#")[0], said) for to, said in whole if to.startswith(self.base)]


def inside(tag, text):
    """What stands in each element of that kind, as plain text."""
    found = re.findall(r"<%s\b[^>]*>(.*?)</%s>" % (tag, tag), text, re.DOTALL)
    return [html.unescape(re.sub("<[^>]+>", "", part)).strip() for part in found]
