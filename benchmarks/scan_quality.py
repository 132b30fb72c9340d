"""Precision and recall of the scanner: on our labelled set, and on corpora of your own.

python -m benchmarks.scan_quality
python -m benchmarks.scan_quality --corpus DIR --bad-publishers FILE --cisco VENV/bin/python

A corpus is a folder of `OWNER/SKILL` folders; the file names the owners that are known to be bad,
one a line. Nothing of a corpus is executed. `--cisco` is the python of an environment with
cisco-ai-skill-scanner, which then scans the same skills in one process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from clawgym_skills.discovery import discover_skills
from clawgym_skills.scan import Verdict, scan
from tests.clawgym_skills.scan.labelled import Case, labelled

CISCO = """
import json, logging, sys
from pathlib import Path
logging.disable(logging.CRITICAL)
from skill_scanner import SkillScanner
scanner = SkillScanner()
for line in sys.stdin:
    try:
        found = scanner.scan_skill(Path(line.strip())).to_dict()["max_severity"]
    except Exception as error:
        found = "ERROR " + type(error).__name__
    print(json.dumps([line.strip(), found]), flush=True)
"""
_CISCO_VERDICTS = {"CRITICAL": Verdict.BLOCK, "HIGH": Verdict.BLOCK, "MEDIUM": Verdict.WARN}


@dataclass(frozen=True)
class Quality:
    """Counts of a yes-or-no judgement against labels."""

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_negatives: int = 0

    @property
    def precision(self) -> float:
        """Of what was flagged, the share that deserved it; 1.0 where nothing was."""
        flagged = self.true_positives + self.false_positives
        return self.true_positives / flagged if flagged else 1.0

    @property
    def recall(self) -> float:
        """Of what deserved it, the share that was flagged; 1.0 where nothing did."""
        bad = self.true_positives + self.false_negatives
        return self.true_positives / bad if bad else 1.0

    def __str__(self) -> str:
        return (
            f"precision {self.precision:6.1%}  recall {self.recall:6.1%}  "
            f"({self.true_positives} of {self.true_positives + self.false_negatives} attacks, "
            f"{self.false_positives} of {self.false_positives + self.true_negatives} honest)"
        )


def quality(judged: Iterable[tuple[bool, bool]]) -> Quality:
    """Count pairs of (malicious, flagged)."""
    pairs = list(judged)
    return Quality(
        sum(bad and flagged for bad, flagged in pairs),
        sum(flagged and not bad for bad, flagged in pairs),
        sum(bad and not flagged for bad, flagged in pairs),
        sum(not bad and not flagged for bad, flagged in pairs),
    )


def judge_labelled(cases: Sequence[Case]) -> dict[str, Verdict]:
    """Our verdict on every case, by its id."""
    with tempfile.TemporaryDirectory() as scratch:
        return {case.id: scan(case.write_to(Path(scratch))).verdict for case in cases}


def judge_by_cisco(python: Path, directories: Iterable[Path]) -> dict[str, Verdict]:
    """The other scanner's verdict on folders, by path; HIGH and CRITICAL count as block."""
    lines = "\n".join(map(str, directories))
    done = subprocess.run(
        [str(python), "-c", CISCO], input=lines, capture_output=True, text=True, check=True
    )
    found = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))
    return {path: _CISCO_VERDICTS.get(severity, Verdict.ALLOW) for path, severity in found}


def report_labelled(python: Path | None) -> None:
    cases = labelled()
    verdicts = judge_labelled(cases)
    malicious = sum(case.malicious for case in cases)
    families = {case.family for case in cases if case.malicious}
    honest = len(cases) - malicious
    print(f"labelled set: {malicious} attacks in {len(families)} families, {honest} honest")
    for title, chosen in (
        ("tuned on", [c for c in cases if c.tuned_on]),
        ("held out", [c for c in cases if not c.tuned_on]),
        ("all", cases),
    ):
        _print_both(f"clawgym, {title}", chosen, verdicts)
    if python is not None:
        with tempfile.TemporaryDirectory() as scratch:
            folders = {str(case.write_to(Path(scratch))): case.id for case in cases}
            found = judge_by_cisco(python, map(Path, folders))
        _print_both("cisco, all", cases, {folders[path]: v for path, v in found.items()})
    _print_misses([c for c in cases if c.tuned_on], verdicts)


def _print_both(title: str, cases: Sequence[Case], verdicts: dict[str, Verdict]) -> None:
    for least in (Verdict.BLOCK, Verdict.WARN):
        counted = quality(
            (case.malicious, verdicts.get(case.id, Verdict.ALLOW).rank >= least.rank)
            for case in cases
            if case.malicious or least is Verdict.BLOCK or not case.may_warn
        )
        print(f"  {title:<18} {least!s:>5}+  {counted}")


def _print_misses(cases: Sequence[Case], verdicts: dict[str, Verdict]) -> None:
    """By name only for the half that rules may be tuned on."""
    by_family: defaultdict[str, list[str]] = defaultdict(list)
    for case in cases:
        if case.malicious != (verdicts[case.id] is Verdict.BLOCK):
            by_family[case.family].append(f"{case.id} ({verdicts[case.id]})")
    for family, wrong in sorted(by_family.items()):
        print(f"  wrong in {family}: {', '.join(wrong)}")


def report_corpus(directory: Path, bad: frozenset[str], python: Path | None) -> None:
    skills = discover_skills([directory]).directories
    started = time.process_time()
    verdicts = {str(path): scan(path).verdict for path in skills}
    seconds = time.process_time() - started
    print(f"{directory.name}: {len(skills)} skills, {len(skills) / seconds:,.0f} a CPU second")
    root = directory.resolve()
    _print_corpus("clawgym", verdicts, root, bad)
    if python is not None:
        _print_corpus("cisco", judge_by_cisco(python, skills), root, bad)


def _print_corpus(
    title: str, verdicts: dict[str, Verdict], root: Path, bad: frozenset[str]
) -> None:
    for group, wanted in (("known-bad publishers", True), ("all others", False)):
        inside = [v for path, v in verdicts.items() if (_owner(path, root) in bad) is wanted]
        if inside:
            told = ", ".join(f"{inside.count(v)} {v}" for v in reversed(Verdict))
            print(f"  {title:<8} {group:<21} {len(inside):>5} skills: {told}")


def _owner(path: str, root: Path) -> str:
    parts = Path(path).relative_to(root).parts
    parts = parts[1:] if parts[:1] == ("skills",) else parts
    return parts[0] if parts else ""


def _owners(path: Path | None) -> Iterator[str]:
    for line in path.read_text("utf-8").splitlines() if path else ():
        if owner := line.partition("#")[0].strip():
            yield owner


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, action="append", default=[])
    parser.add_argument("--bad-publishers", type=Path)
    parser.add_argument("--cisco", type=Path, help="python of an environment that has it")
    arguments = parser.parse_args()
    report_labelled(arguments.cisco)
    for corpus in arguments.corpus:
        report_corpus(corpus, frozenset(_owners(arguments.bad_publishers)), arguments.cisco)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
