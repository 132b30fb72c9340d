"""PDF files as text, through pypdf where it is installed, in a process of its own.

A PDF of an agent is hostile input for a large parser: it gets a limit on time and memory, and
cannot take the judge down with it.
"""

import importlib.util
import json
import subprocess
import sys
from importlib.resources import as_file, files

from clawgym.errors import VerifierError
from verify.rubric.render.archive import UnreadableError

_SECONDS = 60


class RendererMissingError(VerifierError):
    """What would read this kind of file is not installed, so the work stays ungraded."""


def render_pdf(data: bytes) -> str:
    """The text of each page.

    Raises:
        RendererMissingError: pypdf is not installed.
        UnreadableError: it is no PDF that can be read: broken, encrypted, or too much work.
    """
    if importlib.util.find_spec("pypdf") is None:
        raise RendererMissingError(
            "a PDF cannot be shown to the judge without pypdf; install it with "
            "`pip install 'clawgym[pdf]'`"
        )
    with as_file(files("verify.rubric.render").joinpath("_pdf_worker.py")) as worker:
        try:
            ran = subprocess.run(
                [sys.executable, "-I", str(worker)],
                input=data,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise UnreadableError(f"reading it takes more than {_SECONDS} s") from error
    if ran.returncode != 0:
        said = ran.stderr.decode(errors="replace").strip().splitlines()
        raise UnreadableError(f"no readable PDF: {said[-1] if said else 'the parser died'}")
    pages: list[str] = json.loads(ran.stdout)
    texts = [
        f"[page {number} of {len(pages)}]\n{text.strip() or '(no text)'}"
        for number, text in enumerate(pages, start=1)
    ]
    return "\n\n".join(texts)
