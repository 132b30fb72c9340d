"""A small task with a sound verifier, and the same task with verifiers that are wrong somewhere."""

from clawgym.files import Files
from clawgym.task import ClawGymMetadata, Metadata, Task, TaskConfig, TaskName, VerifierSection

INSTRUCTION = "Add up the amounts of `sales.csv` by city; write city,total to `totals.csv`.\n"
SALES = "city,amount,day\nBonn,2,2026-01-02\nJena,5,2026-01-03\nBonn,4,2026-01-04\n"
SOLUTION = "#!/bin/sh\nprintf 'city,total\\nBonn,6\\nJena,5\\n' > totals.csv\n"
TEST = """#!/bin/sh
exec python3 -B "$(dirname "$0")/grade.py" "${CLAWGYM_WORKSPACE:-/workspace}" \
  "${CLAWGYM_LOGS:-/logs}/verifier"
"""
FRAME = """\
import csv, hashlib, json, os, sys
workspace, logs = sys.argv[1:]
RIGHT = [{"city": "Bonn", "total": "6"}, {"city": "Jena", "total": "5"}]
INPUT = "%s"

def rows():
    with open(os.path.join(workspace, "totals.csv"), encoding="utf-8", newline="") as stream:
        return sorted(csv.DictReader(stream), key=str)

def untouched():
    with open(os.path.join(workspace, "sales.csv"), "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest() == INPUT

def right():
    try:
        return untouched() and rows() == RIGHT
    except (OSError, ValueError, csv.Error):
        return False

def say(reward, checks=()):
    with open(os.path.join(logs, "reward.json"), "w") as stream:
        json.dump({"reward": float(reward)}, stream)
    with open(os.path.join(logs, "reward-details.json"), "w") as stream:
        json.dump({"checks": list(checks)}, stream)

"""

SOUND = "say(right())\n"
ALWAYS = "say(1)\n"
EXISTS = 'say(os.path.exists(os.path.join(workspace, "totals.csv")))\n'
SHALLOW = (
    "try:\n    found = rows()\nexcept (OSError, ValueError, csv.Error):\n    found = []\n"
    "say(bool(found) and untouched() and found[0] == RIGHT[0])\n"
)
BRITTLE = (
    'found = rows() if os.path.exists(os.path.join(workspace, "totals.csv")) else []\n'
    'say(untouched() and [int(row["total"]) for row in found] == [6, 5] and found == RIGHT)\n'
)
GULLIBLE = (
    'told = os.path.join(workspace, "reward.json")\n'
    "if os.path.exists(told):\n    say(json.load(open(told))['reward'])\n"
    "else:\n    say(right())\n"
)
IMPORTING = "sys.path.insert(0, workspace)\nimport statistics\nsay(right())\n"
MOODY = (
    'say(right(), [{"id": "a", "role": "core", "passed": right(), '
    '"found": os.environ.get("TZ", "")}])\n'
)
LOCAL = 'say(right() and os.environ.get("TZ") != "Pacific/Kiritimati")\n'
SLOW = (
    "import time\n"
    'place = os.path.join(workspace, "totals.csv")\n'
    "if os.path.isfile(place) and os.path.getsize(place) > 5_000_000:\n    time.sleep(1.1)\n"
    "    say(0)\nelse:\n    say(right())\n"
)
FUSSY = 'say(right() and sorted(os.listdir(workspace)) == ["sales.csv", "totals.csv"])\n'
LITERAL = (
    'place = os.path.join(workspace, "totals.csv")\n'
    "data = open(place, 'rb').read() if os.path.isfile(place) else b''\n"
    'say(untouched() and data == b"city,total\\nBonn,6\\nJena,5\\n")\n'
)
PADDED = (
    'say(0.5 + right() / 2, [{"id": "free", "role": "core", "passed": True}, '
    '{"id": "real", "role": "core", "passed": right()}])\n'
)
CARELESS = "say(rows() == RIGHT if os.path.isfile(os.path.join(workspace, 'totals.csv')) else 0)\n"


def task_with(grader: str, *, id: str = "totals", timeout: float = 20.0, **solution: str) -> Task:
    """The task, graded by `FRAME` and then `grader`; more scripts of `solution/` by their stem."""
    import hashlib

    metadata = Metadata(clawgym=ClawGymMetadata(kind="procedural"))
    source = FRAME % hashlib.sha256(SALES.encode()).hexdigest() + grader
    scripts = {"solve": SOLUTION, **solution}
    return Task(
        id=id,
        instruction=INSTRUCTION,
        config=TaskConfig(
            task=TaskName(name=f"test/{id}"),
            metadata=metadata,
            verifier=VerifierSection(timeout_sec=timeout),
        ),
        workspace=Files({"sales.csv": SALES}),
        tests=Files({"test.sh": TEST, "grade.py": source}),
        solution=Files({f"{name}.sh": text for name, text in scripts.items() if text}),
    )
