"""Mailboxes: messages one after another, and folders of such mailboxes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clawgym.artifact import ArtifactKind
from synth.values.base import Head, Step, Value
from verify.checks import Check, MailMessage, MessagesCheck, TextCheck, TreeCheck

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@dataclass(frozen=True)
class Mail:
    """One message; `sent` is in UTC, `sender` and `to` are bare addresses."""

    message_id: str
    sender: str
    to: str
    sent: datetime
    subject: str
    body: str

    @property
    def text(self) -> str:
        """As it stands in an mbox file."""
        day = _DAYS[self.sent.weekday()]
        month = _MONTHS[3 * self.sent.month - 3 : 3 * self.sent.month]
        clock = f"{self.sent:%H:%M:%S}"
        return (
            f"From {self.sender} {day} {month} {self.sent.day:>2} {clock} {self.sent.year}\n"
            f"Message-ID: {self.message_id}\n"
            f"Date: {day}, {self.sent.day:02d} {month} {self.sent.year} {clock} +0000\n"
            f"From: <{self.sender}>\nTo: <{self.to}>\nSubject: {self.subject}\n"
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
            f"Content-Transfer-Encoding: 8bit\n\n{self.body}\n"
        )

    @property
    def expected(self) -> MailMessage:
        """The message as a check takes it."""
        headers = {"Message-ID": self.message_id, "Subject": self.subject}
        return MailMessage(headers=headers, says=(self.body.split("\n")[2],))


@dataclass(frozen=True)
class Mailbox(Value):
    """Messages in the order in which they came."""

    mails: tuple[Mail, ...]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """One mbox file."""
        return {path: _mbox(self.mails)}

    def checks(self, step: Step) -> list[Check]:
        """Each message that is to be there, and no other."""
        said = f"{len(self.mails)} messages such as {self.mails[0].subject!r}"
        each = step.core(
            "messages", 0.5, f"{step.path} holds the right messages and no others", said
        )
        whole = step.core(
            "whole", 0.5, f"the messages of {step.path} are unchanged and in their order", said
        )
        return [
            _messages(each, step.path, self.mails),
            _word_for_word(whole, step.path, self.mails),
        ]


@dataclass(frozen=True)
class Mailboxes(Value):
    """A folder of mbox files, by their names."""

    boxes: Mapping[str, tuple[Mail, ...]]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """One mbox file each."""
        return {f"{path}/{name}": _mbox(mails) for name, mails in self.boxes.items()}

    def checks(self, step: Step) -> list[Check]:
        """The names of the files as a gate, then the messages of each."""
        gate = step.gate(
            "names",
            f"{step.path} has one mailbox for each part and nothing else",
            ", ".join(self.boxes),
        )
        names: dict[str, str | None] = dict.fromkeys(self.boxes)
        checks: list[Check] = [TreeCheck(**gate, root=step.path, files=names)]
        for number, (name, mails) in enumerate(self.boxes.items(), 1):
            path = f"{step.path}/{name}"
            said, weight = f"{len(mails)} messages", 0.5 / len(self.boxes)
            each = f"{path} holds the right messages and no others"
            whole = f"the messages of {path} are unchanged and in their order"
            checks += [
                _messages(step.core(f"box{number}", weight, each, said), path, mails),
                _word_for_word(step.core(f"whole{number}", weight, whole, said), path, mails),
            ]
        return checks


def _messages(head: Head, path: str, mails: Sequence[Mail]) -> Check:
    messages = tuple(mail.expected for mail in mails)
    return MessagesCheck(**head, path=path, messages=messages, exact=True, partial=True)


def _word_for_word(head: Head, path: str, mails: Sequence[Mail]) -> Check:
    """Blank lines between messages are a matter of taste."""
    return TextCheck(**head, path=path, text=_mbox(mails).decode(), blanks="collapse")


def _mbox(mails: Sequence[Mail]) -> bytes:
    return "\n".join(mail.text for mail in mails).encode()
