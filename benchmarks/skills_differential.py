"""Compare our profiles with the readers that they stand for, on folders of public skills.

    python benchmarks/skills_differential.py CORPUS... \
        --node-parser node_modules/openclaw/dist/frontmatter-XXXX.mjs --peers venv/bin/python

The OpenClaw parser is the module of the npm package `openclaw` that exports parseSkillFrontmatter;
`--peers` is an interpreter with `skills-ref` and `deepagents`. Both are optional. Nothing in a
corpus is executed. Exits with 1 if a bar is missed: openclaw >= 99.9 % equal, lenient >= 99.5 %
loaded, strict without violations wherever skills-ref finds none.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from clawgym.files import Files
from clawgym_skills._folder import SkillFolder
from clawgym_skills.diagnostic import Findings, SkillRefusedError
from clawgym_skills.openclaw.loading import OpenClawSkill, SkillSkippedError
from clawgym_skills.openclaw.loading import interpret as openclaw
from clawgym_skills.reading import interpret as lenient
from clawgym_skills.strict import check_document, is_valid

NAMES = ("skill.md", "skills.md")
DRIVER = Path(__file__).with_name("openclaw_parser.mjs")
PEERS = Path(__file__).with_name("skills_peers.py")
Text = tuple[str, str] | None


@dataclass
class Tally:
    """Counts, and one line for each file that differs."""

    counts: Counter[str]
    differences: list[str]

    def compare(self, label: str, path: Path, *, same: bool, detail: str) -> None:
        """Record one comparison."""
        self.counts[f"{label}: {'same' if same else 'different'}"] += 1
        if not same:
            self.differences.append(f"{label}: {path}: {detail[:300]}")


def main() -> int:
    """Run the comparison and print it."""
    arguments = _arguments()
    paths = [path for corpus in arguments.corpora for path in _files(corpus)]
    tally = Tally(Counter(), [])
    started = time.perf_counter()
    ours = [_read(path, tally) for path in paths]
    print(f"{len(paths):,} files read by three profiles in {time.perf_counter() - started:.1f} s")
    if arguments.node_parser:
        _against_openclaw(paths, ours, arguments.node_parser, tally)
    if arguments.peers:
        _against_peers(paths, ours, arguments.peers, tally)
    for label, count in sorted(tally.counts.items()):
        print(f"{label:<40}{count:>8,}")
    for difference in tally.differences:
        print(difference)
    return 0 if _holds(tally.counts, len(paths)) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--node-parser", type=Path)
    parser.add_argument("--peers", type=Path)
    return parser.parse_args()


def _files(corpus: Path) -> list[Path]:
    found = (path for path in corpus.rglob("*") if path.name.lower() in NAMES)
    return sorted(path.absolute() for path in found if path.is_file() and not path.is_symlink())


@dataclass(frozen=True)
class Ours:
    """One file by each of our profiles: name and description, or None if it does not load."""

    openclaw: Text
    openclaw_reason: str
    gates: object
    lenient: Text
    violations: str


def _read(path: Path, tally: Tally) -> Ours:
    data = path.read_bytes()
    diagnostics = check_document(data, path.parent.name, str(path))
    tally.counts["strict: valid"] += is_valid(diagnostics)
    violations = " ".join(found.code for found in diagnostics if found.severity == "violation")
    text = _lenient(data, path, tally)
    try:
        skill = openclaw(data, path.parent, Findings(str(path)))
    except SkillSkippedError as error:
        return Ours(None, str(error), None, text, violations)
    return Ours((skill.name, skill.description), "", _own_gates(skill), text, violations)


def _lenient(data: bytes, path: Path, tally: Tally) -> Text:
    files = Files({path.name: data})
    try:
        skill = lenient(SkillFolder(path.parent, path.name, files, Findings(str(path))))
    except SkillRefusedError as error:
        tally.differences.append(f"lenient refuses: {error}")
        return None
    tally.counts["lenient: loads"] += 1
    return skill.name, skill.description


def _ask(command: list[str], paths: list[Path]) -> list[dict[str, object]]:
    """The answers of another process, one to a path, in order."""
    questions = "".join(f"{json.dumps(str(path))}\n" for path in paths)
    done = subprocess.run(command, input=questions, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    if len(answers) != len(paths):
        raise SystemExit(f"{command[0]} answered {len(answers)} of {len(paths)}: {done.stderr}")
    return answers


def _against_openclaw(paths: list[Path], ours: list[Ours], parser: Path, tally: Tally) -> None:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("--node-parser needs Node.js on PATH")
    answers = _ask([node, "--no-warnings", str(DRIVER), str(parser)], paths)
    for path, mine, answer in zip(paths, ours, answers, strict=True):
        theirs = (answer["name"], answer["description"]) if answer["loads"] else None
        tally.counts["openclaw: theirs load"] += theirs is not None
        detail = (
            f"ours {mine.openclaw or mine.openclaw_reason}, theirs {theirs or answer['reason']}"
        )
        tally.compare("openclaw", path, same=mine.openclaw == theirs, detail=detail)
        if theirs and mine.openclaw:
            gates = _gates(answer)
            detail = f"ours {mine.gates}, theirs {gates}"
            tally.compare("openclaw gates", path, same=mine.gates == gates, detail=detail)


def _gates(answer: dict[str, object]) -> object:
    """Their manifest and flags in the form of `_own_gates`."""
    manifest, policy = answer["manifest"], answer["policy"]
    assert isinstance(policy, dict)
    flags = [policy["userInvocable"], not policy["disableModelInvocation"]]
    if not isinstance(manifest, dict):
        return [None, *flags]
    requires = manifest.get("requires") or {}
    lists = [requires.get(key) or [] for key in ("bins", "anyBins", "env", "config")]
    rest = [manifest.get("os") or [], manifest.get("always") is True]
    return [*lists, *rest, manifest.get("primaryEnv"), manifest.get("skillKey"), *flags]


def _own_gates(skill: OpenClawSkill) -> object:
    manifest, flags = skill.manifest, [skill.user_invocable, skill.model_invocable]
    if manifest is None:
        return [None, *flags]
    needs = manifest.requires
    lists = [list(words) for words in (needs.bins, needs.any_bins, needs.env, needs.config)]
    rest = [list(manifest.os), manifest.always]
    return [*lists, *rest, manifest.primary_env, manifest.skill_key, *flags]


def _against_peers(paths: list[Path], ours: list[Ours], python: Path, tally: Tally) -> None:
    answers = _ask([str(python), str(PEERS)], paths)
    for path, mine, answer in zip(paths, ours, answers, strict=True):
        if answer["valid"]:
            detail = f"skills-ref calls it valid, ours: {mine.violations}"
            tally.compare("strict", path, same=not mine.violations, detail=detail)
        elif answer["valid"] is False and not mine.violations:
            tally.counts["strict: only ours valid"] += 1
        if theirs := answer["deepagents"]:
            tally.compare(
                "deepagents loads, so does lenient", path, same=mine.lenient is not None, detail=""
            )
            tally.counts["deepagents: same name"] += bool(
                mine.lenient and isinstance(theirs, dict) and theirs["name"] == mine.lenient[0]
            )


def _holds(counts: Counter[str], total: int) -> bool:
    """Whether every bar that was measured holds."""
    return (
        counts["openclaw: different"] <= total * 0.001
        and counts["lenient: loads"] >= total * 0.995
        and counts["strict: different"] == 0
    )


if __name__ == "__main__":
    sys.exit(main())
