"""XML that somebody else made: streamed, without entities of its own, names without namespaces."""

from collections.abc import Callable
from xml.parsers import expat

from verify.rubric.render.archive import UnreadableError

OnStart = Callable[[str, dict[str, str]], None]
OnEnd = Callable[[str], None]
OnText = Callable[[str], None]


def walk(data: bytes, on_start: OnStart, on_end: OnEnd, on_text: OnText) -> None:
    """Call the functions for each element and text, in document order.

    Raises:
        UnreadableError: it is not well formed, or declares a document type (office files never do,
            attacks by entity expansion must).
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        on_start(_local(name), {_local(key): value for key, value in attributes.items()})

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: on_end(_local(name))
    parser.CharacterDataHandler = on_text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UnreadableError(f"broken XML: {error}") from error


def _refuse_doctype(*_: object) -> None:
    raise UnreadableError("XML that declares a document type")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
