"""Mailboxes as mail programs leave them: fetched twice here and there, and asked again."""

import random
import unicodedata
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from clawgym.artifact import ArtifactKind
from synth.taxonomy.period import working_day
from synth.values import Role, Row
from synth.values.mailbox import Mail, Mailbox
from synth.world.source import Source
from synth.world.world import World

_HOSTS = ("north.example", "harbour.example", "post.example", "works.example")
_ASKS = (
    "Could you tell me how far it is?",
    "Please send me the papers when you have them.",
    "I can be reached until four today.",
    "Nothing urgent, but it should not be forgotten.",
    "I was asked about it again today.",
    "Who looks after it from now on?",
    "I think there is a mistake in what we have on file.",
    "We can close it from our side.",
    "Is anything still missing from me?",
    "A short word on where it stands would be enough.",
    "Could we talk about it for five minutes tomorrow?",
    "There may be something new next week, I will write then.",
)
_OPENINGS = ("Good morning,", "Hello,", "Dear all,", "Hi,", "Good afternoon,")
_MATTERS = ("this is about {}.", "a question on {}.", "I am writing about {}.", "once more {}:")
_AGAIN_WITHIN = timedelta(days=7)
_CLOSINGS = ("Kind regards", "Best wishes", "Thanks", "Many thanks")


def post_source(world: World) -> Source:
    """An inbox about the things that the feed is about."""
    rng = world.rng("post")
    path = world.input_path(rng.choice(("inbox", "archive_mail", "team_mail")), "mbox", "mail")
    return Source(ArtifactKind.MAILBOX, path, make_post(rng, world))


def make_post(rng: random.Random, world: World) -> Mailbox:
    """8 to 30 messages in order of time; some stand there twice, some were sent again later."""
    low, high = world.knobs.rows
    senders = [f"{_slug(name)}@{rng.choice(_HOSTS)}" for name in world.backdrop.staff]
    mails: list[Mail] = []
    rows = rng.sample(
        world.clean_feed.rows, min(len(world.clean_feed.rows), rng.randint(low, high), 24)
    )
    for number, row in enumerate(rows):
        sent = _at_work(_soon_after(rng, world, row))
        mails.append(_mail(rng, world, number, rng.choice(senders), sent, row))
    count = max(2, len(mails) // 5)
    early = [mail for mail in mails if mail.sent.date() <= world.today - _AGAIN_WITHIN]
    old = early if len(early) >= count else mails
    mails += [_again(rng, mail) for mail in rng.sample(old, count)]
    mails.sort(key=lambda mail: mail.sent)
    for mail in rng.sample(mails, max(2, len(mails) // 5)):
        mails.insert(rng.randint(mails.index(mail) + 1, len(mails)), mail)
    return Mailbox(tuple(mails))


def _mail(
    rng: random.Random, world: World, number: int, sender: str, sent: datetime, row: Row
) -> Mail:
    feed = world.clean_feed
    place = feed.index(feed.of_role(Role.ID)[0].name)
    matter = rng.choice(_MATTERS).format(f"{world.domain.singular} {row[place]}")
    body = f"{rng.choice(_OPENINGS)}\n\n{matter}\n{rng.choice(_ASKS)}"
    first = sender.partition(".")[0].capitalize()
    return Mail(
        message_id=f"<{number:03d}.{rng.randrange(10**6):06d}@{sender.partition('@')[2]}>",
        sender=sender,
        to="desk@ours.example",
        sent=sent,
        subject=f"{world.domain.singular.capitalize()} {row[place]}",
        body=f"{body}\n\n{rng.choice(_CLOSINGS)}\n{first}",
    )


def _soon_after(rng: random.Random, world: World, row: Row) -> datetime:
    """When somebody writes about an event: on its day, or some days later."""
    feed = world.clean_feed
    days = feed.of_role(Role.DATE)
    day = feed.subject.last if feed.subject else world.period.end  # of a log
    if days:
        day = date.fromisoformat(str(row[feed.index(days[0].name)]))
    most = max(0, min(10, (world.today - day - _AGAIN_WITHIN).days))
    return datetime.combine(day, time(7)) + timedelta(
        days=rng.randint(0, most), minutes=rng.randrange(24 * 60)
    )


def _again(rng: random.Random, mail: Mail) -> Mail:
    """The same matter by the same person some time later."""
    later = _at_work(mail.sent + timedelta(minutes=rng.randint(1500, 9000)))
    return replace(
        mail,
        message_id=mail.message_id.replace(".", f".{rng.randint(10, 99)}", 1),
        sent=later,
        subject=rng.choice((mail.subject, f"Re: {mail.subject}", mail.subject.lower())),
    )


def _at_work(moment: datetime) -> datetime:
    """The next moment at which people write mails at work."""
    return datetime.combine(working_day(moment.date()), time(7 + moment.hour % 11, moment.minute))


def _slug(name: str) -> str:
    plain_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return ".".join("".join(c for c in word if c.isalpha()) for word in plain_name.lower().split())
