"""What an instruction asks for that its workspace cannot give."""

import re
from collections.abc import Container, Iterator
from importlib.resources import files

from clawgym.task import Task

_PATH = re.compile(r"(?<![\w./:{<*-])(?:[\w.-]+/)*[\w-][\w.-]*\.[A-Za-z]\w{0,5}(?![\w/*])")
_SENTENCE = re.compile(r"[^\n.;!?]*(?:[.;!?](?!\s)[^\n.;!?]*)*")
_INPUT_FOLDERS = ("input", "inputs")
_VERB = re.compile(
    r"\b(?:(?P<makes>write|create|save[sd]?|produc\w+|generat\w+|output(?!/)\w*|export\w*|stor\w+|"
    r"record|build|append|emit|deliver\w*|compose|draft|render|implement|move|rename|into|to)"
    r"|(?P<gives>read|given|provided?|existing|inputs?(?!/)|load|pars\w+|from|us(?:e|ing)|"
    r"analy[sz]e|inspect|review|contain\w*|located|based on|source|in|of|and|compute\w*))\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"YYYY|DATE|NAME|XXX")
_OFFLINE = re.compile(
    r"\b(?:no|without|don'?t|do not|never|avoid|not)\b[^.\n]{0,40}\b(?:network|internet|web|online|"
    r"download\w*|fetch\w*|external)\b|\boffline\b",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(
    r"(?<![\w/.:~$}>-])/(?:home|root|Users|mnt|tmp|opt|srv|data|etc|usr)/[\w./-]+"
)


def _any_of(name: str) -> re.Pattern[str]:
    """A pattern for the phrases in a file beside this module, one on each line."""
    phrases = files("verify.suites.lint").joinpath(name).read_text(encoding="utf-8").splitlines()
    return re.compile(rf"\b(?:{'|'.join(phrases)})", re.IGNORECASE)


_ONLINE, _CLOCK = _any_of("online.txt"), _any_of("clock.txt")


def about_instruction(task: Task) -> Iterator[tuple[str, str]]:
    """Rule and message of each finding."""
    text = task.instruction
    for path in missing_inputs(task):
        yield "missing-input", f"{path} is named as an input, and the workspace has no such file"
    if (online := _ONLINE.search(text)) and not _OFFLINE.search(text):
        yield "needs-network", f"{' '.join(online[0].split())!r}, and boxes have no network"
    if outside := _ABSOLUTE.search(text):
        yield "absolute-path", outside[0]
    if (clock := _CLOCK.search(text)) and not _fixes_the_day(text):
        yield "needs-clock", repr(clock[0])


def missing_inputs(task: Task) -> list[str]:
    """Files that the instruction speaks of as given and the workspace lacks.

    A step may go on from what another one has made, where the task's graph says so.
    """
    folders = {path.rpartition("/")[0] for path in task.workspace}
    graph = task.graph
    made = [graph.artifact(node.output).path for node in graph.nodes] if graph else []
    found: dict[str, None] = {}
    for sentence in _SENTENCE.findall(task.instruction):
        for named in _PATH.finditer(sentence):
            path = named[0]
            given = _is_given(path, sentence[: named.start()], folders)
            known = path in made or _is_there(path, task)
            if given and not known and not _PLACEHOLDER.search(path):
                found[path] = None
    return list(found)


def _is_given(path: str, before: str, folders: Container[str]) -> bool:
    """Whether a file is spoken of as there already; the nearest verb before it decides."""
    verbs = list(_VERB.finditer(before))
    if verbs and verbs[-1]["makes"]:
        return False
    if path.split("/", maxsplit=1)[0] in _INPUT_FOLDERS:
        return True
    folder = path.rpartition("/")[0]
    return bool(folder) and folder in folders and bool(verbs)


def _is_there(path: str, task: Task) -> bool:
    """Whether the workspace has it by another spelling: a bare name, or as a folder."""
    tail = f"/{path.removeprefix('./')}"
    return any(
        f"/{held}".endswith(tail) or f"/{held}".startswith(f"{tail}/") for held in task.workspace
    )


def _fixes_the_day(text: str) -> bool:
    """Whether the instruction says which day it is."""
    return re.search(r"\b(?:19|20)\d\d-\d\d-\d\d\b", text) is not None
