"""A local site, served from memory on the loopback of a box: standard library of Python 3.9+ only.

    python3 -I -S -B site_server.py                    pages on standard input, JSON {path: base64}
    python3 -I -S -B site_server.py FOLDER COMMAND…    pages of a folder; then COMMAND in its place

Both return, or go on as COMMAND, when the site answers; the server stays in the background. Whoever
runs many tasks in one box calls `start(pages)` and kills the process that it returns.
"""

import base64
import http.server
import json
import os
import socket
import socketserver
import sys
import urllib.parse

HOST, PORT = "127.0.0.1", 8765
BASE_URL = f"http://{HOST}:{PORT}/"
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
}
MISSING = b"<!doctype html><title>Not found</title><h1>Not found</h1>\n"


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers on a socket that listens already."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, pages: dict[str, bytes]) -> None:
        socketserver.TCPServer.__init__(self, (HOST, PORT), Page, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.pages = pages


class Page(http.server.BaseHTTPRequestHandler):
    """GET and HEAD of the pages that there are; a folder is its `index.html`, and never a list."""

    server_version, sys_version = "site", ""

    def do_GET(self) -> None:
        """A page with its content."""
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        """A page without its content."""
        self._answer(with_content=False)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: nobody reads it."""

    def _answer(self, *, with_content: bool) -> None:
        assert isinstance(self.server, Server)
        pages, asked = self.server.pages, self.path.split("?")[0].split("#")[0]
        path = urllib.parse.unquote(asked).lstrip("/")
        name = path + "index.html" if path == "" or path.endswith("/") else path
        if name not in pages and name + "/index.html" in pages:
            self.send_response(301)
            self.send_header("Location", asked + "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = pages.get(name, MISSING)
        self.send_response(200 if name in pages else 404)
        kind = TYPES.get(name.rsplit(".", 1)[-1], "application/octet-stream")
        self.send_header("Content-Type", kind if name in pages else TYPES["html"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_content:
            self.wfile.write(content)


def start(pages: dict[str, bytes], port: int = PORT) -> int:
    """Serve in a process of its own, and return its id; connections are taken from now on.

    Raises:
        OSError: something else listens there.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(64)
        pid = os.fork()
        if pid == 0:
            serve(listening, pages)
    finally:
        listening.close()
    return pid


def serve(listening: socket.socket, pages: dict[str, bytes]) -> None:
    """Serve until the process is killed; never returns."""
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        os.chdir("/")
        Server(listening, pages).serve_forever()
    finally:
        os._exit(1)


def read_folder(root: str) -> dict[str, bytes]:
    """Every file below a folder by its path."""
    pages: dict[str, bytes] = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as stream:
                pages[os.path.relpath(path, root).replace(os.sep, "/")] = stream.read()
    return pages


def main(folder: str = "", *command: str) -> None:
    """Start the server, then become the command."""
    if folder:
        pages = read_folder(folder)
    else:
        packed = json.load(sys.stdin)
        pages = {path: base64.b64decode(data) for path, data in packed.items()}
    start(pages)
    if command:
        os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
