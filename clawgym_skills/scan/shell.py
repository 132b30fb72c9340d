"""What shell commands do: what is downloaded, decoded or read, and what it is fed into."""

import re
from collections.abc import Iterator
from itertools import pairwise

from clawgym_skills.scan.address import Address, addresses
from clawgym_skills.scan.collector import Collector
from clawgym_skills.scan.credentials import AGENT_STORES, names_store
from clawgym_skills.scan.document import Document
from clawgym_skills.scan.expressions import expression, word_set
from clawgym_skills.scan.shell_syntax import Command, Pipeline, parse_shell

INTERPRETERS = word_set("shell.interpreters")
_DOWNLOADERS = word_set("shell.downloaders")
_SENDERS = _DOWNLOADERS | frozenset(
    ["nc", "ncat", "netcat", "socat", "ssh", "scp", "rsync", "rclone", "ftp", "telnet", "mail"]
)
_READERS = word_set("shell.readers")
_ANCHORS = expression("shell.anchors")
_DATA_FLAG = expression("shell.data_flag")
_EXPRESSION = re.compile(r"[|(\\^]")
"""A regular expression that is searched for, not a path."""

_PROMPT = re.compile(r"(?m)^[ \t]{0,8}[$>%\u276f] ")


def scan_shell(document: Document, found: Collector) -> None:
    """Look at every shell snippet of a document, and at commands that stand in its prose."""
    for snippet in document.snippets:
        if snippet.kind == "shell" and _ANCHORS.search(snippet.text):
            text = _PROMPT.sub("", snippet.text)
            scan_commands(text, document, snippet.first_line, found)
    if document.kind == "markdown":
        _scan_prose(document, found)


_INLINE = re.compile(r"(?P<mark>`{1,2})(?P<code>[^`\n]{4,600})(?P=mark)")


def _scan_prose(document: Document, found: Collector) -> None:
    """Inline code, and lines outside code blocks that read like a command."""
    if not _ANCHORS.search(document.text):
        return
    for number, line in enumerate(document.lines, 1):
        spoken = "`" not in line and "|" not in line
        if spoken or number in document.fenced or not _ANCHORS.search(line):
            continue
        codes = [part["code"] for part in _INLINE.finditer(line)]
        if not codes and "|" in line and not line.lstrip().startswith("|"):
            codes = [line]
        for code in codes:
            scan_commands(code, document, number, found)


def scan_commands(text: str, document: Document, first_line: int, found: Collector) -> None:
    """Apply the rules for commands to a script that starts at a line of a document."""
    pipelines = [inner for outer in parse_shell(text) for inner in outer.everything()]
    saved: dict[str, Address] = {}
    for pipeline in pipelines:
        number = first_line + pipeline.line
        judged = {*_fed_to_interpreter(pipeline), *_sent_away(pipeline), *_harmful(pipeline)}
        for rule_id in judged:
            column = _column(document, number, pipeline)
            found.add_in(rule_id, document, number, column)
        for rule_id in _run_after_download(pipeline, saved):
            found.add_in(rule_id, document, number)


def _column(document: Document, number: int, pipeline: Pipeline) -> int:
    names = [command.name for command in pipeline.commands if command.name]
    return max(0, document.line(number).find(names[0])) if names else 0


# What is run that came from elsewhere.


def _fed_to_interpreter(pipeline: Pipeline) -> Iterator[str]:
    """The rules for what reaches an interpreter by a pipe or a substitution."""
    for place, command in enumerate(pipeline.commands):
        if not _interprets(command):
            continue
        before = pipeline.commands[:place]
        inner = [c for source in command.inner for c in source.commands]
        yield from _judge_source(before if _reads_input(command) else [])
        yield from _judge_source(inner)


def _judge_source(sources: list[Command]) -> Iterator[str]:
    if any(_decodes(command) for command in sources):
        yield "SC302"
        return
    for command in sources:
        if command.name in _DOWNLOADERS:
            yield _trust(list(_addresses_of(command)))
            return


def _trust(found: list[Address]) -> str:
    if any(address.raw for address in found):
        return "SC308"
    if any(address.untrusted for address in found):
        return "SC311"
    return "SC310"


def _interprets(command: Command) -> bool:
    name = command.name
    return name in INTERPRETERS or name in ("eval", "source", ".", "xargs", "iex")


def _reads_input(command: Command) -> bool:
    """Whether an interpreter takes its program from standard input."""
    rest = command.arguments[1:]
    if command.name in ("eval", "source", "."):
        return "/dev/stdin" in rest
    if command.name == "xargs":
        return any(word.rpartition("/")[2] in INTERPRETERS for word in rest)
    if any(word in ("-c", "-e", "-m", "--eval", "-ne", "-pe", "-r", "-p") for word in rest):
        return False
    program = next((word for word in rest if not word.startswith("-") or word == "-"), "-")
    return program in ("-", "/dev/stdin") or "-s" in rest


def _decodes(command: Command) -> bool:
    name, rest = command.name, command.arguments[1:]
    if name in ("base64", "gbase64", "base32"):
        return any(word in ("-d", "-D", "--decode", "-di") for word in rest)
    if name == "openssl":
        return "-d" in rest and bool({"enc", "base64"} & set(rest))
    if name == "xxd":
        return any(word.startswith("-r") or word == "-ps" for word in rest)
    if name in ("printf", "echo"):
        return any(word.count("\\x") >= 8 for word in rest)
    return name == "rev"


def _addresses_of(command: Command) -> Iterator[Address]:
    for word in command.arguments[1:]:
        if not word.startswith("-"):
            yield from addresses(word)


def _run_after_download(pipeline: Pipeline, saved: dict[str, Address]) -> Iterator[str]:
    """Remember what is saved, and find what is run of it; `saved` is by file name."""
    for command in pipeline.commands:
        name = command.name
        if name in _DOWNLOADERS:
            saved.update(_saved_by(command))
            continue
        for target in _runs(command):
            address = saved.pop(target.rpartition("/")[2], None)
            if address is not None and not address.local:
                yield {"SC308": "SC308", "SC311": "SC311"}.get(_trust([address]), "SC312")


def _saved_by(command: Command) -> dict[str, Address]:
    found = next(_addresses_of(command), None)
    if found is None:
        return {}
    names = list(command.writes)
    words = command.arguments
    for flag, value in pairwise(words):
        if flag in ("-o", "-O", "--output", "--output-document") or flag.endswith("o"):
            names.append(value)
    if command.name == "wget" or any(word in ("-O", "-LO", "-OL") for word in words):
        names.append(found.path)
    return {name.rstrip("/").rpartition("/")[2]: found for name in names if name and name != "-"}


def _runs(command: Command) -> Iterator[str]:
    words = command.arguments
    if not words:
        return
    if words[0].startswith(("./", "/", "~/", "$")):
        yield words[0]
    elif command.name in INTERPRETERS or command.name in ("source", ".", "open", "start"):
        yield from (word for word in words[1:] if not word.startswith("-"))
    elif command.name == "installer":
        yield from words[1:]


# What is harmful by itself.

_CONNECTORS = frozenset({"nc", "ncat", "netcat", "socat"})
_EXECUTES = frozenset({"-e", "-c", "--exec", "--sh-exec"})

_ROOTS = re.compile(r"(?:/|~|\$HOME|\$\{HOME\}|/(?:home|etc|usr|var|Users|root|boot))/?\*?")
_DISK = re.compile(r"(?:of=)?/dev/(?:sd|nvme|disk|hd|vd)\w*")
_SOCKET = re.compile(r"&?/dev/(?:tcp|udp)/(?P<host>[^/]{1,253})/")


def _harmful(pipeline: Pipeline) -> Iterator[str]:
    for command in pipeline.commands:
        words = command.arguments[1:]
        if command.name == "rm" and _is_recursive(words) and any(map(_ROOTS.fullmatch, words)):
            yield "SC321"
        if command.name.startswith(("mkfs", "dd", "shred")) and any(map(_DISK.match, words)):
            yield "SC331"
        yield from _shell_for_others(command, words)
        yield from _inline_code(command, words)
    for command, following in pairwise(pipeline.commands):
        interactive = command.name in INTERPRETERS and "-i" in command.arguments
        if interactive and following.name in _CONNECTORS:
            yield "SC330" if _listens(following.arguments) else "SC320"


_CONNECTS = re.compile(r"socket[\s\S]{0,400}(?:dup2|pty|/bin/(?:ba)?sh|exec)", re.IGNORECASE)
_DECODES = expression("shell.decodes")
_LOADS = expression("shell.loads")


def _inline_code(command: Command, words: list[str]) -> Iterator[str]:
    """Programs given on the command line, as in `python -c` and `node -e`."""
    if command.name not in INTERPRETERS:
        return
    for flag, code in pairwise(words):
        if flag not in ("-c", "-e", "--eval", "-r", "-p", "-Command"):
            continue
        if _CONNECTS.search(code):
            yield "SC320"
        if _DECODES.search(code):
            yield "SC302"
        if _LOADS.search(code):
            yield _trust(list(addresses(code)))


def _is_recursive(words: list[str]) -> bool:
    return any(
        word == "--recursive" or (word[:1] == "-" and word[:2] != "--" and "r" in word.lower())
        for word in words
    )


def _shell_for_others(command: Command, words: list[str]) -> Iterator[str]:
    """A shell whose input and output are a connection, out to somebody or for whoever comes."""
    ends = [*command.reads, *command.writes]
    connected = next((m["host"] for end in ends if (m := _SOCKET.match(end))), "")
    if connected and command.name in INTERPRETERS:
        yield "SC330" if connected.startswith(("<", "localhost", "127.")) else "SC320"
    if command.name not in _CONNECTORS:
        return
    shells = [word for word in words if word.rpartition("/")[2].rstrip(",'") in INTERPRETERS]
    shells += [word for word in words if word.lower().startswith("exec:")]
    if shells and (_EXECUTES & set(words) or shells[-1].lower().startswith("exec:")):
        yield "SC330" if _listens(words) else "SC320"


def _listens(words: list[str]) -> bool:
    return any(word[:1] == "-" and word[:2] != "--" and "l" in word for word in words)


# What is sent away.


def _sent_away(pipeline: Pipeline) -> Iterator[str]:
    """The rules for secrets that reach a program that sends them."""
    for place, command in enumerate(pipeline.commands):
        if command.name not in _SENDERS or _all_local(command):
            continue
        sources = [*pipeline.commands[:place], *_inner_commands(command)]
        if any(_dumps_environment(source) for source in sources):
            yield "SC413"
        if any(_reads_store(source) for source in sources) or _uploads_store(command):
            yield "SC409"


def _inner_commands(command: Command) -> list[Command]:
    return [c for outer in command.inner for p in outer.everything() for c in p.commands]


def _all_local(command: Command) -> bool:
    found = list(_addresses_of(command))
    return bool(found) and all(address.local for address in found)


def reads_credentials(text: str) -> Iterator[int]:
    """The lines, counted from 0, on which a script reads a credential store."""
    for outer in parse_shell(text):
        for pipeline in outer.everything():
            if any(
                _reads_store(command) and command.name != "ssh" for command in pipeline.commands
            ):
                yield pipeline.line


def _dumps_environment(command: Command) -> bool:
    if command.name in ("printenv", "env"):
        return len(command.arguments) <= 1
    words = [word.text for word in command.words]
    if words and words[-1] == "env":
        return all(word in ("sudo", "env") for word in words)
    return command.name in ("export", "declare") and command.arguments[1:] in (["-p"], ["-x"])


def _reads_store(command: Command) -> bool:
    if command.name not in _READERS:
        return any(names_store(f" {path}") for path in command.reads)
    words = [*command.arguments[1:], *command.reads]
    paths = [word for word in words if not _EXPRESSION.search(word)]
    return any(names_store(f" {path}") or AGENT_STORES.search(path) for path in paths)


def _uploads_store(command: Command) -> bool:
    words = command.arguments
    if command.name in ("scp", "rsync"):
        sources = [word for word in words[1:-1] if not word.startswith("-")]
        identity = {after for flag, after in pairwise(words) if flag == "-i"}
        remote = words[-1:] and ":" in words[-1]
        return bool(remote) and any(names_store(f" {w}") for w in sources if w not in identity)
    for flag, value in pairwise(words):
        if _DATA_FLAG.match(flag) and names_store(f" {value}"):
            return True
    return any(_DATA_FLAG.match(word) and names_store(word) for word in words)
