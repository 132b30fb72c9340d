"""organize: move, rename or pack files by a rule, without losing one."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, listing, told_if
from synth.operations.deduplicate import UNCHANGED
from synth.values import Value
from synth.values.folder import Folder
from synth.values.mailbox import Mail, Mailbox, Mailboxes
from synth.world import Source, World
from synth.world.folders import folder_source
from synth.world.post import post_source

Rule = Literal["type", "month", "rename", "flat", "mail-month", "mail-sender"]
_TYPES = {
    "images": ("png", "jpg"),
    "documents": ("txt", "md", "pdf", "html"),
    "data": ("csv", "json", "xml"),
    "logs": ("log",),
}
_ISO = re.compile(r"(20\d\d)-(\d\d)-\d\d|(20\d\d)(\d\d)\d\d")


class OrganizeParams(ParamsModel):
    """Where each file goes.

    type    into the folder that `types` gives for its extension
    month   into YYYY-MM by the date in its name, else into `rest`
    rename  where it is, its name in lower case with `_` for blanks and without brackets
    flat    all into one folder, the subfolder in front of the name
    mail-month and mail-sender: messages into a mailbox for each month or each sender
    `only_loose`: files in subfolders stay where they are.
    """

    rule: Rule
    types: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
    rest: str = "other"
    only_loose: bool = False


class Organize(GroundedOperation):
    """The same files in other places; names that collide get a number."""

    name = "organize"
    kinds = (ArtifactKind.ARCHIVE, ArtifactKind.MAILBOX)

    def sources(
        self, rng: random.Random, world: World, kind: ArtifactKind
    ) -> Sequence[Source] | None:
        """A folder that nobody has tidied for long."""
        return (post_source(world) if kind is ArtifactKind.MAILBOX else folder_source(world, kind),)

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """A folder or a ZIP archive."""
        if kind is ArtifactKind.MAILBOX:
            return ((ArtifactKind.ARCHIVE, ""),)
        return ((kind, ""), (kind, ""), (kind, "zip"))

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """A rule that moves most files."""
        if isinstance(inputs[0], Mailbox):
            mails: tuple[Rule, ...] = ("mail-month", "mail-sender")
            return OrganizeParams(rule=rng.choice(mails)).model_dump(mode="json")
        if not isinstance(inputs[0], Folder):
            return None
        rules: tuple[Rule, ...] = (
            ("type",) if knobs.level < 2 else ("type", "month", "rename", "flat")
        )
        rule = rng.choice(rules)
        kinds = rng.sample(list(_TYPES), rng.randint(2, len(_TYPES)))
        types = {kind: _TYPES[kind] for kind in _TYPES if kind in kinds} if rule == "type" else {}
        params = OrganizeParams(
            rule=rule,
            types=types,
            rest=rng.choice(("other", "misc_files", "undated" if rule == "month" else "rest")),
            only_loose=rule in ("type", "month") and rng.random() < 0.5,
        ).model_dump(mode="json")
        made = _placed(OrganizeParams.model_validate(params), inputs[0].contents)
        return params if len(set(made.contents) - set(inputs[0].contents)) > 2 else None

    def apply(self, params: Params, inputs: Sequence[Value]) -> Value:
        """The files, or the messages, at their new places."""
        wanted = OrganizeParams.model_validate(params)
        if isinstance(inputs[0], Mailbox):
            return Mailboxes(_boxes(inputs[0], wanted.rule))
        return _placed(wanted, _contents(inputs))

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """Colliding files overwritten; capitals of an extension minded; nothing moved."""
        right = self.apply(params, inputs)
        if isinstance(right, Mailboxes):
            first = next(iter(right.boxes))
            yield Mailboxes({**right.boxes, first: right.boxes[first][:-1]})
            yield self.apply(
                {"rule": "mail-sender" if params["rule"] == "mail-month" else "mail-month"}, inputs
            )
            return
        assert isinstance(right, Folder)
        wanted, contents = OrganizeParams.model_validate(params), _contents(inputs)
        lost = {_target(wanted, name): contents[name] for name in _order(contents)}
        if lost != right.contents:
            yield Folder(lost)
        other = self.apply({**params, "only_loose": not wanted.only_loose}, inputs)
        if other != right:
            yield other
        yield Folder(contents)

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{types}`, `{rest}`, `{scope}` and `{collisions}`; the rule is the variant.

        `capitals` says that there are extensions in capitals, `others` that files go to the rest,
        and `doubles` that messages stand there twice.
        """
        wanted = OrganizeParams.model_validate(params)
        types = [
            f"{listing([f'.{end}' for end in ends])} to `{name}/`"
            for name, ends in wanted.types.items()
        ]
        scope = (
            " Sort only the files at the top; subfolders keep their place and their files."
            if wanted.only_loose
            else " Do the same with files in subfolders; the old subfolders are not kept."
        )
        names = list(_contents(inputs)) if isinstance(inputs[0], Folder) else []
        ends = [PurePosixPath(name).suffix for name in names]
        mails = inputs[0].mails if isinstance(inputs[0], Mailbox) else ()
        nested = any("/" in name for name in names)
        by_rule = wanted.rule in ("type", "month")
        others = by_rule and any(_target(wanted, n).startswith(f"{wanted.rest}/") for n in names)
        return {
            "capitals": told_if(any(end != end.lower() for end in ends)),
            "others": told_if(others),
            "doubles": told_if(len(set(mails)) < len(mails)),
            "variant": wanted.rule,
            "tail": UNCHANGED,
            "types": "; ".join(types),
            "rest": f"`{wanted.rest}/`",
            "scope": scope if nested and by_rule else "",
            "collisions": _say_collisions(wanted, inputs[0]),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The folder, marked as tidy."""
        words = {
            "type": "sorted",
            "month": "by_month",
            "rename": "renamed",
            "flat": "flat",
            "mail-month": "by_month",
            "mail-sender": "by_sender",
        }
        return f"{stems[0]}_{words[str(params['rule'])]}"


def _say_collisions(wanted: OrganizeParams, value: Value) -> str:
    """What becomes of files that would have the same name, where there are any."""
    if not isinstance(value, Folder):
        return ""
    shared: dict[str, list[str]] = {}
    for name in _order(value.contents):
        shared.setdefault(_target(wanted, name), []).append(name)
    collide = [names for names in shared.values() if len(names) > 1]
    if not collide:
        return " Contents stay as they are, and no two files end up under the same path."
    plain = all(sorted(names, key=str.casefold) == names for names in collide)
    first = f"the one whose old path comes first in the alphabet{_CAPITALS[plain]} keeps it"
    if max(map(len, collide)) == 2:
        return (
            f" Where two files would get the same name, {first}, and the other one becomes "
            "`name_2.ext`. Contents stay as they are."
        )
    return (
        f" Where several files would get the same name, {first}, the second becomes `name_2.ext`, "
        "the third `name_3.ext` and so on. Contents stay as they are."
    )


_CAPITALS = {True: "", False: " (capitals first)"}


def _contents(inputs: Sequence[Value]) -> Mapping[str, bytes]:
    assert isinstance(inputs[0], Folder)
    return inputs[0].contents


def _placed(wanted: OrganizeParams, contents: Mapping[str, bytes]) -> Folder:
    placed: dict[str, bytes] = {}
    for name in _order(contents):
        placed[_free(_target(wanted, name), placed)] = contents[name]
    return Folder(dict(sorted(placed.items())))


def _boxes(box: Mailbox, rule: Rule) -> dict[str, tuple[Mail, ...]]:
    boxes: dict[str, tuple[Mail, ...]] = {}
    for mail in box.mails:
        shelf = f"{mail.sent:%Y-%m}" if rule == "mail-month" else mail.sender
        boxes[f"{shelf}.mbox"] = (*boxes.get(f"{shelf}.mbox", ()), mail)
    return dict(sorted(boxes.items()))


def _order(contents: Mapping[str, bytes]) -> list[str]:
    return sorted(contents)


def _target(wanted: OrganizeParams, name: str) -> str:
    folder, slash, base = name.rpartition("/")
    if wanted.only_loose and slash:
        return name
    if wanted.rule == "rename":
        return f"{folder}{slash}{_cleaned(base)}"
    if wanted.rule == "flat":
        return f"{folder.replace('/', '_')}_{base}" if slash else base
    return f"{_shelf(wanted, base)}/{base}"


def _cleaned(base: str) -> str:
    return re.sub(r"[()]", "", base).strip().lower().replace(" ", "_")


def _shelf(wanted: OrganizeParams, base: str) -> str:
    if wanted.rule == "month":
        found = _ISO.search(base)
        return f"{found[1] or found[3]}-{found[2] or found[4]}" if found else wanted.rest
    extension = base.rpartition(".")[2].lower()
    return next((kind for kind, ends in wanted.types.items() if extension in ends), wanted.rest)


def _free(path: str, taken: Mapping[str, bytes]) -> str:
    stem, dot, extension = path.rpartition(".")
    number, free = 2, path
    while free in taken:
        free = f"{stem}_{number}{dot}{extension}"
        number += 1
    return free
