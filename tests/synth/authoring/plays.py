# ruff: noqa: E501 - programs as a model writes them
"""Three really different tasks, as a good model would author them: what the endpoint plays from."""

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from clawgym.files import Files
from synth.authoring.assembling import Commission
from synth.authoring.briefs import PlainBrief, PlainSkill, Route

Json = dict[str, Any]


@dataclass(frozen=True)
class Play:
    """The answers of one task, by stage; `mark` stands in its brief and in its title."""

    mark: str
    scenario: str
    operations: tuple[str, ...]
    task: Json
    resources: Json
    verification: Json
    solution: Json
    review: Json
    quality: Json

    def answer(self, stage: str) -> Json:
        return getattr(self, stage)


def brief(play: Play, *, month: int = 1, skill: bool = False) -> PlainBrief:
    offered = PlainSkill("tidy-work", "Does tidy work.", Files({"SKILL.md": "# Tidy work\n"}))
    return PlainBrief(
        "Ines Moreau runs the back office of a small haulage firm and is fond of order. It is her "
        f"month number {month} there.",
        f"{play.mark}: {play.scenario}",
        play.operations,
        (offered,) if skill else (),
    )


def commission(index: int, *, route: Route = "persona") -> Commission:
    play = PLAYS[index % len(PLAYS)]
    month = index // len(PLAYS) + 1
    return Commission(index, 5, route, brief(play, month=month, skill=route == "skill"))


def _mark(grade: int = 5) -> Json:
    return {"reason": "as it should be", "grade": grade}


QUALITY = {
    **{name: _mark() for name in ("clear", "realistic", "consistent", "fair")},
    "feasible": _mark(4),
    "gives_away_answer": False,
}

# The runs of a haulage firm: a table in, a table out.
_RUNS = [
    (f"R{100 + n}", f"2026-03-{n % 20 + 1:02d}", depot, status, round(31.5 + 17.25 * n % 140, 2))
    for n, (depot, status) in enumerate(
        [("Harrow", "done"), ("Kestrel", "done"), ("Alder Quay", "cancelled"), ("Harrow", "done")]
        * 6
        + [("Kestrel", "cancelled"), ("Alder Quay", "done"), ("Alder Quay", "done")]
    )
]


def _csv(rows: list[tuple[object, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


_DEPOTS: dict[str, list[float]] = {}
for _run in _RUNS:
    if _run[3] == "done":
        _DEPOTS.setdefault(_run[2], []).append(_run[4])
_TOTALS = sorted(
    ([depot, len(costs), round(sum(costs), 2)] for depot, costs in _DEPOTS.items()),
    key=lambda row: (-row[2], row[0]),
)

LEDGER = Play(
    mark="haulage-ledger",
    scenario="the month is over and the cost of each depot is wanted",
    operations=("aggregate", "filter"),
    task={
        "title": "Haulage ledger by depot",
        "instruction": (
            "Could you work out for me what each depot cost us in March? The runs are in "
            "`input/runs.csv`, one row a run. Leave out every run whose status is cancelled. Then "
            "write `output/depot_costs.csv` with the columns depot, runs and total: one row for "
            "each depot, with the number of its runs and the sum of their cost, rounded to two "
            "decimals. Put the depot with the largest total first; where two are equal, go by name. "
            "Do not change the file with the runs, and ignore my notes in `input/notes.txt`."
        ),
        "inputs": [
            {"path": "input/runs.csv", "purpose": "the runs of March"},
            {"path": "input/notes.txt", "purpose": "to be ignored"},
        ],
        "outputs": [
            {"path": "output/depot_costs.csv", "contract": "depot, runs, total; largest first"}
        ],
        "operations": ["filter", "aggregate"],
        "difficulty": 2,
        "difficulty_reason": "two steps over one table",
    },
    resources={
        "files": [
            {
                "path": "input/runs.csv",
                "content": _csv([("run", "date", "depot", "status", "cost"), *_RUNS]),
            },
            {
                "path": "input/notes.txt",
                "content": "Ask the garage about the brakes.\nThe new driver starts in April.\n",
            },
        ]
    },
    verification={
        "checks": [
            {
                "type": "table",
                "id": "depots",
                "role": "core",
                "weight": 1,
                "requirement": "one row for each depot with its runs and its total",
                "expected": f"{len(_TOTALS)} rows",
                "path": "output/depot_costs.csv",
                "columns": [
                    {"name": "depot"},
                    {"name": "runs", "type": "number"},
                    {"name": "total", "type": "number", "absolute": 0.004},
                ],
                "key": ["depot"],
                "rows": _TOTALS,
                "ordered": True,
            }
        ],
        "check_script": "",
        "rubric": [],
        "solution": (
            "import csv, os\n"
            "totals = {}\n"
            "with open('input/runs.csv', newline='', encoding='utf-8') as stream:\n"
            "    for row in csv.DictReader(stream):\n"
            "        if row['status'] != 'cancelled':\n"
            "            n, s = totals.get(row['depot'], (0, 0.0))\n"
            "            totals[row['depot']] = (n + 1, s + float(row['cost']))\n"
            "os.makedirs('output', exist_ok=True)\n"
            "with open('output/depot_costs.csv', 'w', newline='', encoding='utf-8') as stream:\n"
            "    writer = csv.writer(stream, lineterminator='\\n')\n"
            "    writer.writerow(['depot', 'runs', 'total'])\n"
            "    for depot, (n, s) in sorted(totals.items(), key=lambda e: (-round(e[1][1], 2), e[0])):\n"
            "        writer.writerow([depot, n, '%.2f' % s])\n"
        ),
    },
    solution={
        "solution": (
            "import csv, pathlib\n"
            "from collections import defaultdict\n"
            "from decimal import Decimal\n"
            "runs = list(csv.DictReader(open('input/runs.csv', encoding='utf-8')))\n"
            "groups = defaultdict(list)\n"
            "for run in runs:\n"
            "    if run['status'].strip() == 'done':\n"
            "        groups[run['depot']].append(Decimal(run['cost']))\n"
            "rows = sorted(((sum(v), k, len(v)) for k, v in groups.items()), key=lambda r: (-r[0], r[1]))\n"
            "pathlib.Path('output').mkdir(exist_ok=True)\n"
            "lines = ['depot,runs,total'] + ['%s,%d,%s' % (k, n, s) for s, k, n in rows]\n"
            "pathlib.Path('output/depot_costs.csv').write_text('\\n'.join(lines) + '\\n')\n"
        )
    },
    review={
        "hacks": [
            {
                "name": "names only",
                "why": "every depot with zeros",
                "program": (
                    "import csv, os\n"
                    "os.makedirs('output', exist_ok=True)\n"
                    "names = sorted({r['depot'] for r in csv.DictReader(open('input/runs.csv'))})\n"
                    "with open('output/depot_costs.csv', 'w') as out:\n"
                    "    out.write('depot,runs,total\\n' + ''.join('%s,0,0\\n' % n for n in names))\n"
                ),
                "files": [],
            }
        ]
    },
    quality=QUALITY,
)

# The tickets of a help desk: records in, a document and records out, with a rubric.
_TICKETS = [
    {
        "id": f"TCK-{300 + n}",
        "team": ("network", "accounts", "hardware")[n % 3],
        "priority": ("high", "low", "normal", "high", "low")[n % 5],
        "state": "open" if n % 4 else "closed",
        "hours": 2 + (n * 7) % 23,
    }
    for n in range(24)
]
_OPEN = [ticket for ticket in _TICKETS if ticket["state"] == "open"]
_URGENT = sorted(t["id"] for t in _OPEN if t["priority"] == "high")
_BY_TEAM = {
    team: sum(t["hours"] for t in _OPEN if t["team"] == team)
    for team in ("accounts", "hardware", "network")
}

HANDOVER = Play(
    mark="helpdesk-handover",
    scenario="the shift ends and the next one has to know what is open",
    operations=("extract", "report"),
    task={
        "title": "Help desk hand-over",
        "instruction": (
            "My shift is nearly over. Read `input/tickets.jsonl`, where each line is a ticket, and "
            "prepare the hand-over of everything whose state is open. I need two files. First "
            "`output/workload.json`: an object with the key `hours`, which holds for each team the "
            "sum of the hours of its open tickets, and the key `urgent`, the list of the ids of "
            "open tickets with priority high, in alphabetical order. Second `output/handover.md`: "
            "a short note that begins with the heading `# Hand-over`, says in a sentence how many "
            "tickets are open in all, worded as `Open tickets: N`, explains to a colleague which "
            "team should be helped first and why, and ends with the line `Help first: TEAM`, with "
            "the team that has the largest sum of hours."
        ),
        "inputs": [{"path": "input/tickets.jsonl", "purpose": "all tickets of the week"}],
        "outputs": [
            {"path": "output/workload.json", "contract": "hours by team, urgent ids"},
            {"path": "output/handover.md", "contract": "a note with the number of open tickets"},
        ],
        "operations": ["extract", "report"],
        "difficulty": 3,
        "difficulty_reason": "two outputs, one of them prose",
    },
    resources={
        "files": [
            {
                "path": "input/tickets.jsonl",
                "content": "".join(json.dumps(ticket) + "\n" for ticket in _TICKETS),
            }
        ]
    },
    verification={
        "checks": [
            {
                "type": "values",
                "id": "workload",
                "role": "core",
                "weight": 2,
                "requirement": "hours of open tickets by team, ids of urgent ones in order",
                "expected": "three teams",
                "path": "output/workload.json",
                "values": [{"at": [], "equals": {"hours": _BY_TEAM, "urgent": _URGENT}}],
            },
            {
                "type": "number",
                "id": "count",
                "role": "core",
                "weight": 1,
                "requirement": "the note says how many tickets are open",
                "expected": str(len(_OPEN)),
                "path": "output/handover.md",
                "labels": ["open tickets"],
                "value": len(_OPEN),
            },
            {
                "type": "lines",
                "id": "first",
                "role": "core",
                "weight": 1,
                "requirement": "the note ends with the team to help first",
                "expected": max(_BY_TEAM, key=lambda team: _BY_TEAM[team]),
                "path": "output/handover.md",
                "rules": [
                    {
                        "pattern": "^Help first: "
                        + max(_BY_TEAM, key=lambda team: _BY_TEAM[team])
                        + r"\s*\Z",
                        "most": 1,
                    }
                ],
            },
            {
                "type": "headings",
                "id": "title",
                "role": "gate",
                "weight": 0,
                "requirement": "the note begins with the heading Hand-over",
                "expected": "# Hand-over",
                "path": "output/handover.md",
                "headings": [{"level": 1, "text": "Hand-over"}],
            },
        ],
        "check_script": "",
        "rubric": [
            {
                "id": "reasoning",
                "name": "Names the team to help first, for a good reason",
                "weight": 1,
                "target": "output/handover.md",
                "bands": [
                    "names no team",
                    "names a team without a reason",
                    "gives a reason that the tickets do not bear out",
                    "gives a sound reason in unclear words",
                    "gives a sound reason that a colleague grasps at once",
                ],
            }
        ],
        "solution": (
            "import json, os\n"
            "tickets = [json.loads(line) for line in open('input/tickets.jsonl') if line.strip()]\n"
            "left = [t for t in tickets if t['state'] == 'open']\n"
            "hours = {}\n"
            "for t in left:\n"
            "    hours[t['team']] = hours.get(t['team'], 0) + t['hours']\n"
            "urgent = sorted(t['id'] for t in left if t['priority'] == 'high')\n"
            "os.makedirs('output', exist_ok=True)\n"
            "json.dump({'hours': hours, 'urgent': urgent}, open('output/workload.json', 'w'))\n"
            "first = max(hours, key=hours.get)\n"
            "with open('output/handover.md', 'w') as out:\n"
            "    out.write('# Hand-over\\n\\nOpen tickets: %d\\n\\n' % len(left))\n"
            "    out.write('They have the most hours of work left.\\n\\nHelp first: %s\\n' % first)\n"
        ),
    },
    solution={
        "solution": (
            "import collections, json, pathlib\n"
            "rows = map(json.loads, pathlib.Path('input/tickets.jsonl').read_text().splitlines())\n"
            "rows = [r for r in rows if r['state'] == 'open']\n"
            "hours = collections.Counter()\n"
            "for r in rows:\n"
            "    hours[r['team']] += r['hours']\n"
            "out = pathlib.Path('output'); out.mkdir(exist_ok=True)\n"
            "urgent = sorted(r['id'] for r in rows if r['priority'] == 'high')\n"
            "out.joinpath('workload.json').write_text(\n"
            "    json.dumps({'urgent': urgent, 'hours': dict(hours)}, indent=2))\n"
            "team = hours.most_common(1)[0][0]\n"
            "out.joinpath('handover.md').write_text(\n"
            "    '# Hand-over\\n\\nOpen tickets: %d.\\n\\nThis team has most to do.\\n\\nHelp first: %s\\n'\n"
            "    % (len(rows), team))\n"
        )
    },
    review={
        "hacks": [
            {
                "name": "right count, empty workload",
                "why": "only the note is written",
                "program": "",
                "files": [
                    {"path": "output/workload.json", "content": "{}"},
                    {"path": "output/handover.md", "content": "# Hand-over\n\nOpen tickets: 18\n"},
                ],
            }
        ]
    },
    quality=QUALITY,
)

# The log of a night job, graded by a script.
_LOG = [
    f"2026-05-{4 + n // 12:02d} {n % 12 + 1:02d}:{n * 7 % 60:02d} {level} {part}: {words}"
    for n, (level, part, words) in enumerate(
        [
            ("INFO", "importer", "batch loaded"),
            ("ERROR", "mailer", "relay refused the message"),
            ("WARN", "importer", "two rows skipped"),
            ("ERROR", "archive", "disk is full"),
            ("INFO", "mailer", "queue is empty"),
        ]
        * 6
    )
]

NIGHTLOG = Play(
    mark="night-log",
    scenario="something went wrong at night and the errors have to be sorted out",
    operations=("extract", "aggregate"),
    task={
        "title": "Errors of the night",
        "instruction": (
            "The night job misbehaved again. Go through `input/night.log` and give me "
            "`output/errors.txt`, a plain text file with one line for each component that logged "
            "at least one ERROR, written as the name of the component, a colon, a space and the "
            "number of its ERROR lines, such as `billing: 4`. Sort the lines by the name of the "
            "component. Lines of other levels do not count, and the file must hold nothing else."
        ),
        "inputs": [{"path": "input/night.log", "purpose": "the log of the night job"}],
        "outputs": [{"path": "output/errors.txt", "contract": "component: count, by name"}],
        "operations": ["extract", "aggregate"],
        "difficulty": 1,
        "difficulty_reason": "one count by group",
    },
    resources={"files": [{"path": "input/night.log", "content": "\n".join(_LOG) + "\n"}]},
    verification={
        "checks": [],
        "check_script": (
            "import os\n"
            "\n"
            "\n"
            "def check(workspace):\n"
            "    wanted = {}\n"
            "    with open(os.path.join(workspace, 'input', 'night.log'), encoding='utf-8') as log:\n"
            "        for line in log:\n"
            "            date, clock, level, part = line.split()[:4]\n"
            "            if level == 'ERROR':\n"
            "                name = part.rstrip(':')\n"
            "                wanted[name] = wanted.get(name, 0) + 1\n"
            "    lines = ['%s: %d' % item for item in sorted(wanted.items())]\n"
            "    path = os.path.join(workspace, 'output', 'errors.txt')\n"
            "    with open(path, encoding='utf-8') as stream:\n"
            "        found = [line.rstrip() for line in stream.read(100000).split('\\n')]\n"
            "    while found and not found[-1]:\n"
            "        found.pop()\n"
            "    return [{\n"
            "        'id': 'lines', 'requirement': 'one line a component with its errors',\n"
            "        'weight': 1, 'passed': found == lines, 'found': repr(found[:5]),\n"
            "    }]\n"
        ),
        "rubric": [],
        "solution": (
            "import collections, os\n"
            "counts = collections.Counter()\n"
            "for line in open('input/night.log'):\n"
            "    words = line.split()\n"
            "    if words[2] == 'ERROR':\n"
            "        counts[words[3][:-1]] += 1\n"
            "os.makedirs('output', exist_ok=True)\n"
            "with open('output/errors.txt', 'w') as out:\n"
            "    for name in sorted(counts):\n"
            "        out.write('%s: %d\\n' % (name, counts[name]))\n"
        ),
    },
    solution={
        "solution": (
            "import pathlib, re\n"
            "text = pathlib.Path('input/night.log').read_text()\n"
            "names = re.findall(r'^\\S+ \\S+ ERROR (\\w+):', text, re.MULTILINE)\n"
            "lines = ['%s: %d' % (n, names.count(n)) for n in sorted(set(names))]\n"
            "pathlib.Path('output').mkdir(exist_ok=True)\n"
            "pathlib.Path('output/errors.txt').write_text('\\n'.join(lines))\n"
        )
    },
    review={
        "hacks": [
            {
                "name": "count everything",
                "why": "counts lines of all levels",
                "program": (
                    "import collections, os\n"
                    "c = collections.Counter(l.split()[3][:-1] for l in open('input/night.log'))\n"
                    "os.makedirs('output', exist_ok=True)\n"
                    "open('output/errors.txt', 'w').write(''.join('%s: %d\\n' % i for i in sorted(c.items())))\n"
                ),
                "files": [],
            }
        ]
    },
    quality=QUALITY,
)

PLAYS = (LEDGER, HANDOVER, NIGHTLOG)
