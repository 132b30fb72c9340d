"""How fast many skills are indexed, indexed again and searched, and in how much memory.

    python benchmarks/skills_index.py --skills 20000 --rounds 3 [--against CHECKOUT]

The collection is made of the bundled skills under other names, with words exchanged, paragraphs
in another order, and one in twenty malformed as public ones are; the seed makes it the same every
time. `clawgym skills index` runs as a user runs it, so the figures include its start. `--against`
names another checkout of this repository: every round measures both, in turn. Memory is the sum
over all processes of the command, without pages that they share (PSS).
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUNDLED = ROOT / "clawgym_skills" / "bundled"
WORDS = [
    "invoice",
    "ledger",
    "harbour",
    "forecast",
    "orchard",
    "satellite",
    "recipe",
    "museum",
    "railway",
    "glacier",
    "patient",
    "lesson",
    "warranty",
    "auction",
    "compost",
    "orchestra",
    "tariff",
    "migration",
    "thermostat",
    "parcel",
    "podcast",
    "vineyard",
    "pipeline",
    "telescope",
    "passport",
    "mortgage",
    "dialect",
    "aquarium",
    "lottery",
    "bridge",
    "furnace",
    "payroll",
]
OWNERS = 997


@dataclass(frozen=True)
class Figures:
    first: float
    again: float
    changed: float
    p50: float
    p95: float
    megabytes: float
    size: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--skills", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="another checkout to compare with")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="skills-") as scratch:
        skills = Path(scratch, "skills")
        write_collection(skills, options.skills)
        time.sleep(2.5)  # a directory that has just been written is not yet taken as settled
        checkouts = [ROOT, *([options.against.resolve()] if options.against else [])]
        figures: dict[Path, list[Figures]] = {checkout: [] for checkout in checkouts}
        for _ in range(options.rounds):
            for checkout in checkouts:
                figures[checkout].append(measure(checkout, skills, Path(scratch), options.skills))
    print(
        f"{'':<12}{'skills/s':>10}{'unchanged/s':>13}{'1% new, s':>11}{'search p50':>12}"
        f"{'p95 ms':>8}{'peak MiB':>10}{'file MiB':>10}"
    )
    for checkout, rounds in figures.items():
        print(row("this" if checkout == ROOT else checkout.name, rounds))


def row(name: str, rounds: list[Figures]) -> str:
    def median(field: str) -> float:
        return statistics.median(getattr(one, field) for one in rounds)

    return (
        f"{name:<12}{median('first'):>10,.0f}{median('again'):>13,.0f}{median('changed'):>11.2f}"
        f"{median('p50'):>12.1f}{median('p95'):>8.1f}{median('megabytes'):>10,.0f}"
        f"{median('size'):>10,.0f}"
    )


def measure(checkout: Path, skills: Path, scratch: Path, count: int) -> Figures:
    catalogue = scratch / "catalogue.sqlite"
    for file in scratch.glob("catalogue.sqlite*"):
        file.unlink()
    first, megabytes = index(checkout, skills, catalogue)
    again, _ = index(checkout, skills, catalogue)
    touched = sorted(skills.glob("*/*/SKILL.md"))[::100]
    for file in touched:
        file.write_bytes(file.read_bytes() + b"\nOne more line.\n")
    changed, _ = index(checkout, skills, catalogue)
    time.sleep(2.5)
    milliseconds = sorted(search(checkout, catalogue))
    return Figures(
        first=count / first,
        again=count / again,
        changed=changed,
        p50=statistics.median(milliseconds),
        p95=milliseconds[int(len(milliseconds) * 0.95)],
        megabytes=megabytes,
        size=catalogue.stat().st_size / 2**20,
    )


def index(checkout: Path, skills: Path, catalogue: Path) -> tuple[float, float]:
    """Seconds that the report says, and the peak of memory in MiB."""
    command = [sys.executable, "-m", "clawgym.cli", "skills", "index", str(skills), "--json"]
    with subprocess.Popen(
        [*command, "--catalog", str(catalogue)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        cwd=checkout,
        start_new_session=True,
    ) as process:
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, memory(process.pid))
            time.sleep(0.1)
        assert process.stdout
        report = json.loads(process.stdout.read().splitlines()[-1])
    return report["seconds"], peak


def memory(session: int) -> float:
    """MiB of all processes of a session."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if int((entry / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                rollup = (entry / "smaps_rollup").read_text()
                total += sum(map(int, re.findall(r"^Pss: +(\d+)", rollup, re.MULTILINE)))
        except OSError:
            continue  # it has ended
    return total / 1024


SEARCH = """
import sys, time
from pathlib import Path
from clawgym_skills.catalogue import Catalogue
with Catalogue(Path(sys.argv[1])) as catalogue:
    for query in sys.stdin.read().splitlines():
        started = time.perf_counter()
        catalogue.search(query)
        print((time.perf_counter() - started) * 1000)
"""


def search(checkout: Path, catalogue: Path) -> list[float]:
    """Milliseconds of each query, in one process."""
    done = subprocess.run(
        [sys.executable, "-c", SEARCH, str(catalogue)],
        input="\n".join(queries()),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        cwd=checkout,
    )
    return [float(line) for line in done.stdout.split()]


def queries() -> Iterator[str]:
    """Names, parts of names, single words common and rare, and whole questions."""
    names = sorted(path.name for path in BUNDLED.iterdir() if path.is_dir())
    random_number = random.Random(5)
    for name in names:
        first, _, rest = name.partition("-")
        topic = random_number.choice(WORDS)
        yield from (name, first, rest or first, name.replace("-", " "), f"{name}-{topic}")
        yield f"{topic} {first}"
        yield f"how do I {rest or first} the {topic} {first} of this folder?"
        yield f"read a file and write the {topic} to a table"
    yield from WORDS
    yield from ("file", "table", "the", "data", "python script", "csv", "a b c", "use when", "zzz")


def write_collection(root: Path, count: int) -> None:
    """Write skills below `root/<owner>/<name>`."""
    sources = sorted(path for path in BUNDLED.iterdir() if (path / "SKILL.md").is_file())
    random_number = random.Random(7)
    for number in range(count):
        source = sources[number % len(sources)]
        topic = random_number.choice(WORDS)
        name = f"{source.name}-{topic}-{number // len(sources)}"
        target = root / f"owner-{random_number.randrange(OWNERS):03}" / name
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            if "__pycache__" in file.parts:
                continue
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if file.name == "SKILL.md":
                text = perturbed(file.read_text("utf-8"), name, topic, random_number)
                copy.write_bytes(text.encode())
            else:
                copy.write_bytes(file.read_bytes() + f"\n# {topic} {number}\n".encode())


def perturbed(text: str, name: str, topic: str, random_number: random.Random) -> str:
    _, header, body = text.split("---\n", 2)
    header = re.sub(r"^name:.*$", f"name: {name}", header, flags=re.MULTILINE)
    header = re.sub(r"^(description: *\"?)", rf"\1For the {topic}. ", header, flags=re.MULTILINE)
    paragraphs = body.split("\n\n")
    middle = paragraphs[1:]
    random_number.shuffle(middle)
    words = [
        w if random_number.random() > 0.03 else random_number.choice(WORDS)
        for w in " \0".join(middle).split(" ")
    ]
    body = "\n\n".join([*paragraphs[:1], *" ".join(words).split(" \0")])
    kind = random_number.randrange(80)
    if kind == 0:
        return body
    if kind == 1:
        return f"\n---\n{header}---\n{body}"
    if kind == 2:
        return f"---\n{header}---\n{body}".replace("\n", "\r\n")
    if kind == 3:
        return f"---\n{header}note: one: two\n---\n{body}"
    return f"---\n{header}---\n{body}"


if __name__ == "__main__":
    main()
