"""Drafts of messages: to whom, about what, and what they must and must not say."""

import re
from dataclasses import dataclass

from clawgym.artifact import ArtifactKind
from synth.values.base import Step, Value
from synth.values.wordings import to_the_cent
from verify.checks import Check, MailMessage, MessagesCheck

_AMOUNT = re.compile(r"\d+\.\d\d")


@dataclass(frozen=True)
class Draft:
    """One message; `says` and `lacks` are phrases of its text."""

    to: str
    subject: str
    body: str
    says: tuple[str, ...]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drafts(Value):
    """Messages that nobody has sent, as an mbox file or as a folder of `.eml` files."""

    drafts: tuple[Draft, ...]

    def files(self, kind: ArtifactKind, path: str) -> dict[str, bytes]:
        """One file, or one for each message."""
        texts = [
            f"To: {draft.to}\nSubject: {draft.subject}\nMIME-Version: 1.0\n"
            f"Content-Type: text/plain; charset=utf-8\n\n{draft.body}\n"
            for draft in self.drafts
        ]
        if path.endswith(".mbox"):
            head = "From drafts Thu Jan  1 00:00:00 2026\n"
            return {path: "\n".join(head + text for text in texts).encode()}
        return {f"{path}/{at:03d}.eml": text.encode() for at, text in enumerate(texts, 1)}

    def checks(self, step: Step) -> list[Check]:
        """Each message by its recipient and subject, with what it says."""
        messages = tuple(
            MailMessage(
                headers={"To": draft.to, "Subject": draft.subject},
                says=tuple(said for said in draft.says if not _AMOUNT.fullmatch(said)),
                facts=tuple(
                    to_the_cent(float(said)) for said in draft.says if _AMOUNT.fullmatch(said)
                ),
                lacks=draft.lacks,
            )
            for draft in self.drafts
        )
        first = self.drafts[0]
        head = step.core(
            "messages",
            1.0,
            f"{step.path} holds one message for each that was asked for, with its facts",
            f"{len(messages)} messages such as to {first.to}: {first.subject}",
        )
        return [MessagesCheck(**head, path=step.path, messages=messages, partial=True)]
