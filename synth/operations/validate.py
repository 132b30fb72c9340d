"""validate: check content against rules and list every violation with its place."""

import random
from collections.abc import Iterator, Sequence

from clawgym.artifact import ArtifactKind, ColumnType
from synth.knobs import Knobs
from synth.operations.base import GroundedOperation, Params, ParamsModel, Slot, told_if
from synth.values import Field, Role, Row, RowSet, Use, Value, matter
from synth.values.faults import Fault, FaultyRows, FaultyText, Rule
from synth.world import Source, World
from synth.world.faults import MAKERS, PLACES, STEMS

_RULE = Field("rule", ColumnType.TEXT, Role.CATEGORY)
_PLACES = {
    "rows": (
        Field("row", ColumnType.INTEGER, Role.ID),
        Field("column", ColumnType.TEXT, Role.CATEGORY),
    ),
    "settings": (
        Field("section", ColumnType.TEXT, Role.CATEGORY),
        Field("key", ColumnType.TEXT, Role.ID),
    ),
    "page": (Field("line", ColumnType.INTEGER, Role.ID),),
}


_HOLDING, _FEWEST = 0.25, 2
"""How often a rule is asked for that nobody broke, and how many rules there are at least."""

_MATTERS = {
    "rows": "faults in rows",
    "settings": "faults in settings",
    "page": "faults on a page",
}


class ValidateParams(ParamsModel):
    """The rules that count here."""

    place: str
    rules: tuple[Rule, ...]


class Validate(GroundedOperation):
    """One row for each place at which a rule is broken."""

    name = "validate"
    states_order = False
    kinds = (ArtifactKind.TABLE, ArtifactKind.RECORDS, ArtifactKind.CONFIG, ArtifactKind.DOCUMENT)

    def takes(self, slots: Sequence[Slot], kind: ArtifactKind) -> Iterator[tuple[str, ...]]:
        """What is known to be faulty."""
        for slot in slots:
            if (
                slot.kind is kind
                and slot.fresh
                and isinstance(slot.value, (FaultyRows, FaultyText))
            ):
                yield (slot.id,)

    def sources(self, rng: random.Random, world: World, kind: ArtifactKind) -> Sequence[Source]:
        """Invoices, settings, or a page."""
        value = MAKERS[kind](world.rng(f"faults-{kind}"), world)
        path = world.input_path(STEMS[kind], world.extension(kind), PLACES[kind])
        return (Source(kind, path, value),)

    def propose(self, rng: random.Random, inputs: Sequence[Value], knobs: Knobs) -> Params | None:
        """Every rule that is broken, so that no mistake is passed over, and some that hold.

        Those for dates come together: people pick the wrong dates by both.
        """
        value = _faulty(inputs)
        broken = {fault.rule for fault in value.faults}
        wanted = broken | ({"date", "order"} if broken & {"date", "order"} else set[str]())
        rules = [rule for rule in value.rules if rule.name in wanted or rng.random() < _HOLDING]
        if value.rules[-1].name == "unknown":
            rules = list(value.rules)  # the last one speaks of those before it
        if not broken or len(rules) < _FEWEST:
            return None
        return ValidateParams(place=_place(value), rules=tuple(rules)).model_dump(mode="json")

    def apply(self, params: Params, inputs: Sequence[Value]) -> RowSet:
        """The violations, in the order of their places."""
        wanted = ValidateParams.model_validate(params)
        names = {rule.name for rule in wanted.rules}
        return _listed(wanted.place, [f for f in _faulty(inputs).faults if f.rule in names])

    def mistakes(
        self, rng: random.Random, params: Params, inputs: Sequence[Value]
    ) -> Iterator[Value]:
        """One rule forgotten; places off by one; one violation a place."""
        wanted, truth = ValidateParams.model_validate(params), self.apply(params, inputs)
        found = list(truth.rows)
        without = [row for row in found if row[-1] != found[-1][-1]]
        if without:
            yield truth.with_rows(list(without))
        if wanted.place != "settings":
            shifted: list[Row] = [(int(row[0]) + 1, *row[1:]) for row in found]
            yield truth.with_rows(shifted)
        yield truth.with_rows(found[:-1])

    def words(self, params: Params, inputs: Sequence[Value]) -> dict[str, str]:
        """`{rules}` and the variant; `twice` says that one place breaks two rules."""
        wanted = ValidateParams.model_validate(params)
        places = [row[:-1] for row in self.apply(params, inputs).rows]
        return {
            "twice": told_if(len(set(places)) < len(places)),
            "variant": wanted.place,
            "rules": "".join(f"\n- {rule.said}" for rule in wanted.rules),
        }

    def stem(self, params: Params, base: str, stems: Sequence[str]) -> str:
        """The input's stem."""
        return f"{stems[0]}_findings"


def _faulty(inputs: Sequence[Value]) -> FaultyRows | FaultyText:
    value = inputs[0]
    assert isinstance(value, (FaultyRows, FaultyText))
    return value


def _place(value: FaultyRows | FaultyText) -> str:
    if isinstance(value, FaultyRows):
        return "rows"
    return "settings" if value.rules[0].name == "number" else "page"


def _listed(place: str, faults: Sequence[Fault]) -> RowSet:
    fields = (*_PLACES[place], _RULE)
    rows = tuple((*fault.place, fault.rule) for fault in faults)
    return RowSet(
        fields,
        rows,
        tuple(field.name for field in fields),
        "findings",
        use=Use.LISTING,
        subject=matter(_MATTERS[place]),
    )
