"""A PDF on stdin, its pages as a JSON list of texts on stdout; run by `pdf.render_pdf`."""

import io
import json
import logging
import resource
import sys

import pypdf

_MEMORY = 2 * 1024**3
_CPU_SECONDS = 60

resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
logging.disable()
reader = pypdf.PdfReader(io.BytesIO(sys.stdin.buffer.read()))
if reader.is_encrypted and not reader.decrypt(""):
    sys.exit("it is encrypted")
texts = [page.extract_text() for page in reader.pages]
sys.stdout.write(json.dumps(texts))
