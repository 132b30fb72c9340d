"""redact: replace what identifies a person and keep the rest byte for byte."""

import random
from collections.abc import Iterator, Sequence

from clawgym.artifact import ArtifactKind
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot, listing
from synth.values import Value
from synth.values.personal import PersonalRows, PersonalText, Private, PrivateKind
from synth.world import Source, World
from synth.world.personal import MAKERS, PLACES, STEMS

_SAYS: dict[PrivateKind, str] = {
    "email": "every e-mail address",
    "phone": "every phone number (they start with `+` and a country code)",
    "iban": "every account number (two capital letters, two digits, four groups of four digits)",
    "ip": "every IP address",
}
_EXTENSIONS = {
    ArtifactKind.DOCUMENT: "md",
    ArtifactKind.TABLE: "csv",
    ArtifactKind.LOG: "log",
}


class RedactParams(ParamsModel):
    """What to hide, and whether the placeholders are numbered; `names` are full names."""

    kinds: tuple[PrivateKind, ...]
    names: tuple[str, ...] = ()
    numbered: bool = False


class Redact(GroundedOperation):
    """A copy with placeholders such as `[EMAIL]`, or `[EMAIL-2]` where the same gets the same."""

    name = "redact"
    same_format = True
    kinds = (ArtifactKind.DOCUMENT, ArtifactKind.TABLE, ArtifactKind.LOG, ArtifactKind.RECORDS)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """What is known to hold something private, unless it is a copy without some of it."""
        for slot in slots:
            raw = isinstance(slot.value, (PersonalRows, PersonalText))
            if slot.kind is kind and raw and "_redacted" not in slot.path:
                yield (slot.id,)

    def sources(self, rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source]:
        """Case notes, a ticket export, or the log of a portal."""
        value = MAKERS[kind](world.rng(f"personal-{kind}"), world)
        path = world.input_path(STEMS[kind], world.extension(kind), PLACES[kind])
        return (Source(kind, path, value),)

    def makes(self, kind: ArtifactKind) -> Sequence[tuple[ArtifactKind, str]]:
        """The same kind of file."""
        if kind is ArtifactKind.RECORDS:
            return ((kind, "json"), (kind, "jsonl"))
        return ((kind, _EXTENSIONS[kind]),)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Everything by which people can be recognised: nobody wants half of it left."""
        private = _private(inputs)
        found: list[PrivateKind] = [
            kind for kind in _SAYS if any(item.kind == kind for item in private)
        ]
        names = [item.text for item in private if item.kind == "name"]
        if not found:
            return None
        params = RedactParams(
            kinds=tuple(found),
            names=tuple(sorted(names)),
            numbered=rng.random() < 0.2 + knobs.level / 10,
        )
        return params.model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> PersonalRows | PersonalText:
        """The copy."""
        wanted = RedactParams.model_validate(params)
        return _without(inputs, _wanted(inputs, wanted), numbered=wanted.numbered)

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """One overlooked, one kind too many, numbers where none belong or the other way round."""
        wanted = RedactParams.model_validate(params)
        private = _wanted(inputs, wanted)
        numbered = wanted.numbered
        yield _without(inputs, private[:-1], numbered=numbered)
        yield _without(inputs, private, numbered=not numbered)
        if more := tuple(item for item in _private(inputs) if item not in private):
            yield _without(inputs, (*private, more[0]), numbered=numbered)

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{what}`; of a change, `{named}` without marks and `{numbers}`, how those are to be."""
        wanted = RedactParams.model_validate(params)
        end = "-1" if wanted.numbered else ""
        what = [f"{_SAYS[kind]} by `[{kind.upper()}{end}]`" for kind in wanted.kinds]
        if wanted.names:
            who = f"the full names {listing(wanted.names)}"
            if isinstance(inputs[0], PersonalRows) and "contact" in inputs[0].names:
                who = "every name under `contact`, in the notes as well,"
            what.append(f"{who} by `[NAME{end}]`")
        kinds = [*wanted.kinds, *(["name"] if wanted.names else [])]
        marks = listing([f"`[{kind.upper()}{end}]`" for kind in kinds])
        numbers = (
            "number the marks, each kind by itself in the order in which new ones turn up "
            f"({marks} come first); what turns up again keeps its number"
        )
        return {
            "what": listing(what),
            "named": listing([said.rpartition(" by ")[0] for said in what]),
            "numbers": numbers if wanted.numbered else f"leave the numbers out: just {marks}",
            "variant": "numbered" if wanted.numbered else "plain",
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem."""
        return f"{stems[0]}_redacted"


def _private(inputs: Sequence[Value]) -> tuple[Private, ...]:
    value = inputs[0]
    if isinstance(value, PersonalText):
        return value.private
    if not isinstance(value, PersonalRows):
        return ()
    text = "\n".join(str(cell) for row in value.rows for cell in row)
    return tuple(item for item in value.private if item.text in text)


def _wanted(inputs: Sequence[Value], params: RedactParams) -> tuple[Private, ...]:
    return tuple(
        item
        for item in _private(inputs)
        if item.kind in params.kinds or (item.kind == "name" and item.text in params.names)
    )


def _without(
    inputs: Sequence[Value], private: tuple[Private, ...], *, numbered: bool
) -> PersonalRows | PersonalText:
    value = inputs[0]
    assert isinstance(value, (PersonalRows, PersonalText))
    return value.redacted(private, numbered=numbered)
