"""How good the annotator by rules is on the labelled skills, and how fast.

python benchmarks/annotation_quality.py              # precision and recall by field
python benchmarks/annotation_quality.py --errors     # and each decision that is wrong
python benchmarks/annotation_quality.py --speed DIR  # and skills a second on the skills in DIR
"""

import argparse
import os
import time
from pathlib import Path

from clawgym_skills.annotate import SkillIds, annotate
from clawgym_skills.annotate.batch import annotate_all
from clawgym_skills.annotate.quality import Quality, load_gold, measure
from clawgym_skills.annotate.storing import from_directories

GOLD = Path(__file__).parent.parent / "tests" / "clawgym_skills" / "annotate" / "gold.toml"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--gold", type=Path, default=GOLD, help="another gold set")
    parser.add_argument("--errors", action="store_true", help="print what is wrong")
    parser.add_argument("--speed", type=Path, metavar="DIR", help="time the skills in DIR")
    options = parser.parse_args()
    gold = load_gold(options.gold)
    ids = SkillIds()
    records = [annotate(entry.skill, ids.give(entry.id)) for entry in gold]
    print(f"{len(gold)} labelled skills\n{'field':12}precision  recall")
    for quality in measure(gold, records):
        print(f"{quality.field:12}{quality.precision:9.3f}{quality.recall:8.3f}")
        if options.errors:
            print_errors(quality)
    if options.speed:
        print_speed(options.speed)


def print_errors(quality: Quality) -> None:
    """Each wrong decision."""
    for label, errors in (
        ("said, not so", quality.false_positives),
        ("not said", quality.false_negatives),
    ):
        for error in errors:
            print(f"    {label}: {error}")


def print_speed(directory: Path) -> None:
    """The median of three runs over the skills below a folder, on one core and on all."""
    entries = from_directories([directory]).entries
    for processes in (1, len(os.sched_getaffinity(0))):
        seconds: list[float] = []
        for _ in range(3):
            started = time.perf_counter()
            annotate_all(entries, processes=processes)
            seconds.append(time.perf_counter() - started)
        rate = len(entries) / sorted(seconds)[1]
        print(f"{len(entries):,} skills, {processes} processes: {rate:,.0f} a second")


if __name__ == "__main__":
    main()
