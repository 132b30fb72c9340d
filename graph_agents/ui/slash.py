"""The commands of a conversation that begin with `/`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from rich.text import Text

from clawgym.errors import UsageError
from graph_agents.agent import Agent, AgentSession
from graph_agents.journal import SessionInfo
from graph_agents.parts import Undone
from graph_agents.ui.front import Front
from graph_agents.ui.printable import one_line
from graph_agents.ui.tally import Tally

_NAMED = 20


@dataclass
class Talk:
    """What a command works on; `/fork` changes the session. `skills`: names and descriptions."""

    agent: Agent
    session: AgentSession
    front: Front
    tally: Tally
    skills: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Command:
    """A command: what it takes and does, and whether it may be used while a turn runs."""

    name: str
    arguments: str
    does: str
    run: Callable[[Talk, str], Awaitable[None]]
    always: bool = False


async def _help(talk: Talk, _: str) -> None:
    lines = [f"/{each.name} {each.arguments}".ljust(30) + each.does for each in COMMANDS.values()]
    lines.append("/SKILL …".ljust(30) + "use a skill by its name")
    lines.append("Ctrl-C".ljust(30) + "interrupt the turn; twice: leave")
    talk.front.say("\n".join(lines))


async def _skills(talk: Talk, _: str) -> None:
    if not talk.skills:
        talk.front.say("no skills are offered")
        return
    text = Text("\n").join(
        Text(one_line(name, 40), style="bold").append(f"  {one_line(about, 100)}", style="default")
        for name, about in talk.skills
    )
    talk.front.say(text)


async def _undo(talk: Talk, words: str) -> None:
    if words not in ("", "--force"):
        raise UsageError("say /undo, or /undo --force")
    undone = await talk.session.undo(force=bool(words))
    talk.front.say(Text(undone_words(undone), style="green"))


async def _compact(talk: Talk, _: str) -> None:
    made = await talk.session.compact()
    if made:
        talk.front.show(made)
    else:
        talk.front.say("nothing was summarised: the conversation stays as it is")


async def _cost(talk: Talk, _: str) -> None:
    talk.front.say(f"{talk.tally.words} · {talk.tally.seconds:.0f} s")


async def _fork(talk: Talk, title: str) -> None:
    before = talk.session.id
    talk.session = await talk.session.fork(title=title or None)
    talk.front.say(Text(f"this is session {talk.session.id} now; {before} stays as it is"))


async def _sessions(talk: Talk, _: str) -> None:
    talk.front.say(session_table(talk.agent.sessions(), talk.session.id))


async def _export(talk: Talk, words: str) -> None:
    form, _, place = words.partition(" ")
    if not place.strip():
        raise UsageError("say the form and the file: /export openclaw FILE, or /export atif FILE")
    export(talk.session, form, Path(place.strip()))
    talk.front.say(f"written to {place.strip()}")


async def _never(_: Talk, __: str) -> None:
    raise AssertionError("the conversation itself knows what to do")


CONTINUE, QUIT = "continue", "quit"
COMMANDS = {
    each.name: each
    for each in (
        Command("help", "", "say what there is", _help, always=True),
        Command("skills", "", "list the skills that are offered", _skills, always=True),
        Command("undo", "[--force]", "take back the last turn, files and conversation", _undo),
        Command(CONTINUE, "", "go on with a turn that was cut short", _never),
        Command("compact", "", "summarise the conversation now", _compact),
        Command("cost", "", "say what the session has taken", _cost, always=True),
        Command("fork", "[TITLE]", "go on in a copy of the session", _fork),
        Command("sessions", "", "list the sessions of this workspace", _sessions, always=True),
        Command("export", "openclaw|atif FILE", "write the session to a file", _export),
        Command(QUIT, "", "leave; `clawgym agent resume` comes back", _never, always=True),
    )
}


def find(line: str, skills: Sequence[tuple[str, str]] = ()) -> tuple[Command, str] | None:
    """The command in a line and its arguments; None where the line is for the agent.

    Raises:
        UsageError: it begins with a slash, and is neither a command nor a skill.
    """
    if not line.startswith("/"):
        return None
    name, _, arguments = line[1:].partition(" ")
    if name in COMMANDS:
        return COMMANDS[name], arguments.strip()
    names = [skill for skill, _ in skills]
    if name in names or "/" in name:  # a skill, or a path that the message begins with
        return None
    near = get_close_matches(name, [*COMMANDS, *names], 1)
    hint = f"did you mean /{near[0]}?" if near else "/help says what there is"
    raise UsageError(f"there is no command /{one_line(name, 40)}; {hint}")


def complete(line: str, skills: Sequence[tuple[str, str]] = ()) -> list[str]:
    """What a line that begins with a slash may become."""
    if not line.startswith("/") or " " in line:
        return []
    names = [*COMMANDS, *(skill for skill, _ in skills)]
    return [f"/{name} " for name in names if name.startswith(line[1:])]


def export(session: AgentSession, form: str, place: Path) -> None:
    """Write a session to a file.

    Raises:
        UsageError: the form is unknown, or the file cannot be written.
    """
    if form == "openclaw" or form == "atif":  # noqa: PLR1714 - so the checker sees what it is
        session.export(form, place)
    else:
        raise UsageError(f"a session is exported as openclaw or as atif, not as {form!r}")


def undone_words(undone: Undone | None) -> str:
    """What an undo has done, for the user."""
    if undone is None:
        return "the conversation is as before the turn; no file was put back, for none was kept"
    lines = [f"put back: {one_line(path, 200)}" for path in undone.restored[:_NAMED]]
    lines += [f"removed: {one_line(path, 200)}" for path in undone.removed[:_NAMED]]
    left = len(undone.restored) + len(undone.removed) - len(lines)
    lines += [f"and {left} more"] if left else []
    lines.append("what the turn changed and the conversation are as before the turn")
    if undone.kept_in:
        lines.append(f"what stood there is in {undone.kept_in}")
    return "\n".join(lines)


def session_table(sessions: Sequence[SessionInfo], current: str | None = None) -> Text:
    """Sessions, one a line: id, when it was used last, model, title."""
    if not sessions:
        return Text("there are no sessions here yet")
    return Text("\n").join(_session_line(info, info.id == current) for info in sessions)


def _session_line(info: SessionInfo, is_current: bool) -> Text:
    when = datetime.fromtimestamp(info.updated).astimezone().strftime("%Y-%m-%d %H:%M")
    line = Text("* " if is_current else "  ", style="bold")
    line.append(info.id, style="cyan").append(f"  {when}  ", style="dim")
    line.append(one_line(info.model or "", 30), style="dim")
    child = " (subagent)" if info.spawned_by else ""
    return line.append(f"  {one_line(info.title or '', 80)}{child}", style="default")
