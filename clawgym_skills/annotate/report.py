"""The outcome of an annotation for people and for programs."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from clawgym.terminal import counted
from clawgym_skills.annotate.agreement import Agreement
from clawgym_skills.annotate.eligibility import Funnel
from clawgym_skills.annotate.record import Annotation


def as_fields(
    records: Sequence[Annotation], funnel: Funnel, agreement: Agreement | None, out: Path | None
) -> str:
    """One JSON object."""
    fields: dict[str, object] = {
        "annotated": len(records),
        "status": _counts(str(record.status) for record in records),
        "found": funnel.found,
        "eligible": funnel.eligible,
        "kept_out": {str(reason): count for reason, count in funnel.kept_out.items()},
        "kept_out_first": {str(reason): count for reason, count in funnel.first.items()},
        "categories": _counts(r.clawgym.category for r in records if r.clawgym),
        "languages": _counts(str(r.annotation.language) for r in records if r.annotation),
        "operations": _counts(o for r in records if r.clawgym for o in r.clawgym.operations),
        "agreement": asdict(agreement) if agreement else None,
        "out": str(out) if out else None,
    }
    return json.dumps(fields, ensure_ascii=False)


def print_report(
    records: Sequence[Annotation], funnel: Funnel, agreement: Agreement | None, out: Path | None
) -> None:
    """The funnel, the categories, and the agreement where there is one."""
    console = Console(highlight=False, markup=False)
    table = Table("kept out of synthesis", "skills", "first reason", box=None, pad_edge=False)
    for reason, count in funnel.kept_out.items():
        table.add_row(str(reason), f"{count:,}", f"{funnel.first[reason]:,}")
    console.print(table)
    categories = _counts(r.clawgym.category for r in records if r.clawgym)
    console.print(", ".join(f"{name} {count:,}" for name, count in categories.items()))
    if agreement:
        console.print(_agreement_table(agreement))
    console.print(
        f"{counted(funnel.found, 'skill')} found: {funnel.eligible:,} may be used by synthesis, "
        f"{funnel.found - funnel.eligible:,} are kept out"
    )
    for record in records:
        if record.error:
            console.print(f"failed: {record.skill_id}: {record.error}", soft_wrap=True)
    if out:
        console.print(f"records: {out}", soft_wrap=True)


def _agreement_table(agreement: Agreement) -> Table:
    table = Table("model and rules", "agree", "kappa", "differ, such as", box=None, pad_edge=False)
    for row in agreement.fields:
        kappa = "-" if row.kappa is None else f"{row.kappa:.3f}"
        table.add_row(row.field, f"{row.agree:.3f}", kappa, " ".join(row.disagree[:3]))
    if agreement.operations is not None:
        table.add_row("operations", f"{agreement.operations:.3f}", "-", "(mean overlap)")
    return table


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
