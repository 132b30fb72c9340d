"""Datasets in other formats, with a report of what a format has no room for."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from clawgym.appearing import appearing, writing_to
from clawgym.errors import UsageError
from clawgym.task import Task
from synth.dataset.card import card_of, write_card
from synth.dataset.hub import CARD, load_arrow, write_split
from synth.dataset.profile import Profile
from synth.dataset.provenance import source_of
from synth.dataset.survey import survey
from verify.cards import Card
from verify.suites import Refusal, Suite, load_all
from verify.suites.exports import Conversion, Loss, convert

FORMATS = ("clawgym-jsonl", "clawgym-parquet", "clawgym-rl", "harbor", "hf")
"""The formats by the names that a user types."""
SPLITS = {"val": "validation"}
"""Hugging Face's own names of parts."""

_CONVERTED = {"clawgym-jsonl": "clawgym-jsonl", "clawgym-rl": "clawgym", "harbor": "harbor"}
_SUFFIXES = {"clawgym-jsonl": (".jsonl", ".ndjson"), "clawgym-parquet": (".parquet",)}
_AS_JSON = ("rules", "metadata")
_GROUP = 128


def export(suite: Suite, destination: Path, to: str) -> Conversion:
    """Write every task that can be loaded in one of `FORMATS` except `hf`.

    Raises:
        StorageError: the disk is full.
        UsageError: the format is unknown, the destination is taken or has a suffix by which the
            format would not be recognised again, or an extra is missing.
    """
    _check_suffix(destination, to)
    if to in _CONVERTED:
        with writing_to(destination):
            return convert(suite, destination, _CONVERTED[to])
    if to == "clawgym-parquet":
        return _export_parquet(suite, destination)
    raise UsageError(f"there is no format {to!r}; choose one of {', '.join(FORMATS)}")


def export_hub(
    suites: Mapping[str, Suite],
    destination: Path,
    *,
    cards: tuple[Card, ...] = (),
    license_id: str = "",
    on_task: Callable[[], None] = lambda: None,
) -> Conversion:
    """Write a Hugging Face dataset folder: a file of rows for each split, and a dataset card.

    Args:
        suites: each split's tasks; the names `train`, `val`, `test` are usual.
        destination: the folder; it appears whole or not at all.
        cards: the cards of the tasks' verifiers, for the rates of error in the card.
        license_id: the licence of the data, an SPDX identifier.
        on_task: called after each task.

    Raises:
        UsageError: the destination is taken, an id stands twice, or pyarrow is missing.
    """
    refused: list[Refusal] = []
    profiles: list[Profile] = []
    splits: dict[str, int] = {}

    def loadable(suite: Suite) -> Iterator[Task]:
        for task in load_all(suite):
            on_task()
            if isinstance(task, Refusal):
                refused.append(task)
            else:
                yield task

    with appearing(destination) as staging:
        for name, suite in suites.items():
            written = write_split(staging, SPLITS.get(name, name), loadable(suite))
            splits[SPLITS.get(name, name)] = len(written)
            profiles += written
        _require_unique(profiles, destination)
        sources = [source_of(suite) for suite in suites.values()]
        measured = survey(profiles, name=destination.name, refused=len(refused))
        card = card_of(measured, sources, splits=splits, cards=cards, license_id=license_id)
        write_card(card, staging / CARD)
    repairs = [repair for suite in suites.values() for repair in suite.repairs]
    return Conversion(len(profiles), [], repairs, refused)


def _require_unique(profiles: list[Profile], destination: Path) -> None:
    if not profiles:
        raise UsageError(f"no task can be loaded; {destination} was not written")
    ids = [profile.id for profile in profiles]
    if len(set(ids)) < len(ids):
        twice = next(task_id for task_id in ids if ids.count(task_id) > 1)
        raise UsageError(
            f"the id {twice!r} stands in two splits; put them together with 'clawgym dataset "
            "merge' and split that"
        )


def _export_parquet(suite: Suite, destination: Path) -> Conversion:
    """The single-file layout as Parquet: the records of `clawgym-jsonl`, row by row."""
    arrow, parquet = load_arrow()
    with appearing(destination) as staging, tempfile.TemporaryDirectory() as folder:
        lines = Path(folder, "tasks.jsonl")
        done = convert(suite, lines, "clawgym-jsonl")
        schema = _record_schema(arrow)
        with (
            lines.open(encoding="utf-8") as stream,
            parquet.ParquetWriter(staging, schema, compression="zstd") as writer,
        ):
            while rows := [_record(line) for line in islice(stream, _GROUP)]:
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
    return done


def _check_suffix(destination: Path, to: str) -> None:
    """Files of records are recognised by their suffix: none is written that we could not open."""
    suffixes = _SUFFIXES.get(to, ())
    if suffixes and destination.suffix not in suffixes:
        raise UsageError(
            f"{destination} would not be recognised as {to}; call it {destination}{suffixes[0]}"
        )


def _record(line: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(line)
    as_text = {name: json.dumps(record[name], ensure_ascii=False) for name in _AS_JSON}
    return {**record, **as_text}


def _record_schema(arrow: Any) -> Any:  # noqa: ANN401 - pyarrow is an extra, and has no types
    text = arrow.string()
    file = arrow.struct([(name, text) for name in ("file_path", "file_format", "content")])
    plain = ("task_id", "prompt", "validation_mode", "reward_aggregation", "rules")
    return arrow.schema(
        [
            *((name, text) for name in plain),
            ("hook_code", text),
            ("hook_lang", text),
            ("input_files", arrow.list_(file)),
            ("reward_files", arrow.list_(file)),
            ("metadata", text),
        ]
    )


def losses_by_code(losses: list[Loss]) -> dict[str, int]:
    """How many tasks lose what, by code."""
    tasks = {(loss.code, loss.task_id) for loss in losses}
    return dict(sorted(Counter(code for code, _ in tasks).items()))
