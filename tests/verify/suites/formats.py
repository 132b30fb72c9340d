"""Small suites in every format, written by us for these tests."""

import json
from pathlib import Path

ROOT = "/root/.openclaw/workspace"
REWARD_SH_BUNDLE = '#!/bin/bash\npython3 "reward/check.py" /workspace\n'
MEAN_CHECK = """
import json, pathlib, sys
place = pathlib.Path(sys.argv[1])
made = place / "output" / "sum.txt"
text = made.read_text() if made.is_file() else ""
print(json.dumps({"sum_exists": float(made.is_file()), "sum_right": float(text.strip() == "42")}))
"""
GRADE = """
def grade(transcript, workspace_path):
    from pathlib import Path
    note = Path(workspace_path) / "note.txt"
    text = note.read_text() if note.exists() else ""
    calls = [
        part for event in transcript if event.get("type") == "message"
        for part in event["message"]["content"] if part.get("type") == "toolCall"
    ]
    return {
        "note_exists": note.exists(),
        "says_hello": 1.0 if "hello" in text else 0.0,
        "read_input": 0.5 if any("in.txt" in str(c["params"].get("path")) for c in calls) else 0.0,
        "remark": "words count for nothing",
    }
"""
RUBRIC = """
### Criterion 1: Tone (Weight: 100%)

**Score 1.0**: Friendly.
**Score 0.75**: Mostly friendly.
**Score 0.5**: Neutral.
**Score 0.25**: Cool.
**Score 0.0**: Rude.
"""


def write(place: Path, text: str | bytes) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(text.encode() if isinstance(text, str) else text)
    return place


def trained_task(
    root: Path, name: str, *, check: str = MEAN_CHECK, script: str | None = None
) -> Path:
    """A task directory as the trainer reads it."""
    entry = {
        "task_id": name,
        "user_query": "Add the numbers in input/numbers.csv and write the sum to output/sum.txt.",
        "metadata": {"category": "", "grading_type": "automated"},
        "input_mount_dir": ROOT,
    }
    write(root / name / "data_entry.json", json.dumps(entry))
    write(root / name / "input_files/input/numbers.csv", "n\n40\n2\n")
    write(root / name / "reward/check.py", check)
    write(root / name / "reward/reward.sh", script or usual_script())
    return root / name


def usual_script() -> str:
    """A reward.sh of our own that does what the usual one does."""
    aggregate = (
        "import json, sys; d = json.loads(sys.stdin.read()); "
        "print(sum(map(float, d.values())) / len(d))"
    )
    return (
        "#!/usr/bin/env bash\nset -euo pipefail\n"
        f"python3 {ROOT}/reward/check.py {ROOT} | python3 -c '{aggregate}'\n"
    )


def bundle(root: Path, name: str, **extra: object) -> Path:
    """A bundle of the synthesis side."""
    entry = {
        "task_id": name,
        "user_query": "Read {{input_dir}}/numbers.csv, write output/sum.txt.",
        "validation_mode": "code",
        "reward_aggregation": "code_only",
        "rules": [],
        "workspace_root": "/workspace",
        "metadata": {"difficulty": 2},
        **extra,
    }
    write(root / name / "data_entry.json", json.dumps(entry))
    write(root / name / "input_files/numbers.csv", "n\n40\n2\n")
    write(root / name / "reward/check.py", MEAN_CHECK)
    write(root / name / "reward/reward.sh", REWARD_SH_BUNDLE)
    return root / name


def record(task_id: str | None = "one", **extra: object) -> dict[str, object]:
    """A record of the single-file layout."""
    named = {"task_id": task_id} if task_id else {}
    return {
        **named,
        "prompt": "Add the numbers in input/numbers.csv and write output/sum.txt.",
        "validation_mode": "code",
        "reward_aggregation": "code_only",
        "rules": [],
        "hook_code": "python3 reward/check.py /root/.openclaw/workspace",
        "hook_lang": "bash",
        "input_files": [
            {"file_path": "input/numbers.csv", "file_format": "csv", "content": "n\n40\n2\n"}
        ],
        "reward_files": [
            {"file_path": "reward/check.py", "file_format": "py", "content": MEAN_CHECK}
        ],
        **extra,
    }


def run_payload(**extra: object) -> dict[str, object]:
    """A payload of the `/run` endpoint, whose verifier stands among the inputs."""
    return {
        "prompt": "Add the numbers.",
        "hook_code": "python3 reward/test.py /root/.openclaw/workspace",
        "hook_lang": "bash",
        "rules": None,
        "input_files": [
            {"file_path": "input/numbers.csv", "file_format": "csv", "content": "n\n"},
            {"file_path": "reward/test.py", "file_format": "py", "content": MEAN_CHECK},
        ],
        **extra,
    }


def markdown(
    *,
    id: str = "task_note",
    kind: str = "automated",
    front: str = "",
    code: str = GRADE,
    rubric: str = "",
    sections: str = "",
) -> str:
    """A PinchBench document."""
    judged = f"\n## LLM Judge Rubric\n{rubric}" if rubric else ""
    checks = f"\n## Automated Checks\n\n```python\n{code.strip()}\n```\n" if code else ""
    return (
        f"---\nid: {id}\nname: Note\ncategory: writing\ngrading_type: {kind}\n"
        f"timeout_seconds: 90\n{front}---\n\n## Prompt\n\nWrite hello to note.txt.\n\n"
        "## Expected Behavior\n\nA note.\n\n## Grading Criteria\n\n- [ ] There is a note\n"
        f"{checks}{judged}\n{sections}"
    )
