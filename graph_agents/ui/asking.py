"""Approvals, asked in place: the call waits while the person reads, and answers in a line."""

import asyncio
from dataclasses import dataclass

from rich.text import Text

from graph_agents.approval import Answer, ApprovalDecision, ApprovalRequest, Scope
from graph_agents.ui.front import Front
from graph_agents.ui.printable import one_line, printable
from graph_agents.ui.render import ASKED_LINES, call_text, diff_text

KEYS = "y once · s this session · a always · n [why] no · d show it all"
NOBODY = (
    "nobody can be asked here; it is not allowed by the policy ({rule}). "
    "Do without it, or say what would have been done"
)
_STOPPED = "the user stopped the turn when asked for approval"
_SCOPES = {"y": Scope.ONCE, "yes": Scope.ONCE, "s": Scope.SESSION, "a": Scope.ALWAYS}


@dataclass(frozen=True)
class ShowAll:
    """The person wants to see all of it before answering."""


def read_answer(line: str) -> ApprovalDecision | ShowAll | None:
    """What a line says; None where it is no answer.

    `n` may be followed by words, which the model is told. Nothing but the letters alone approves.
    """
    word, _, rest = line.strip().partition(" ")
    word = word.lower()
    if word in _SCOPES and not rest:
        return ApprovalDecision(Answer.APPROVE, _SCOPES[word])
    if word in {"n", "no"}:
        return ApprovalDecision(Answer.REJECT, message=rest.strip())
    return ShowAll() if word == "d" and not rest else None


def refuse(request: ApprovalRequest) -> ApprovalDecision:
    """The answer where there is nobody to ask."""
    return ApprovalDecision(Answer.REJECT, message=NOBODY.format(rule=request.rule))


class Asker:
    """Asks at one front, one question at a time; is the `approve` of an agent."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._one = asyncio.Lock()
        self._request: ApprovalRequest | None = None
        self._waiting: asyncio.Future[ApprovalDecision] | None = None

    @property
    def waits(self) -> bool:
        """Whether a question is open."""
        return self._waiting is not None

    async def __call__(self, request: ApprovalRequest) -> ApprovalDecision:
        """Ask, and wait for the answer."""
        if not self._front.can_ask:
            return refuse(request)
        async with self._one:
            self._request = request
            self._waiting = asyncio.get_running_loop().create_future()
            self._front.say(_described(request, whole=False))
            self._front.ask(Text(f"allow it? {KEYS}", style="bold yellow"))
            try:
                return await self._waiting
            finally:
                self._request = self._waiting = None
                self._front.ask(None)

    def answer(self, line: str) -> None:
        """Take a line as the answer to the open question."""
        assert self._request is not None
        found = read_answer(line)
        if isinstance(found, ShowAll):
            self._front.say(_described(self._request, whole=True))
        elif found is None:
            self._front.say(Text(f"that is no answer: {KEYS}", style="yellow"))
        else:
            self._settle(found)

    def give_up(self) -> None:
        """Refuse what is asked: the turn is being stopped."""
        self._settle(ApprovalDecision(Answer.REJECT, message=_STOPPED))

    def _settle(self, decision: ApprovalDecision) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(decision)


def _described(request: ApprovalRequest, *, whole: bool) -> Text:
    text = Text("? ", style="bold yellow").append_text(call_text(request.call))
    text.append(f"\n  {one_line(request.rule)}", style="dim")
    if whole:
        arguments = "\n".join(f"  {name}: {value}" for name, value in request.arguments.items())
        text.append(f"\n{printable(arguments)}", style="default")
    if request.preview:
        text.append("\n").append_text(diff_text(request.preview, None if whole else ASKED_LINES))
    return text
