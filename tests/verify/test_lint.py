"""Static lint: what each rule sees, and what it leaves alone."""

from dataclasses import replace

import pytest

from clawgym.errors import UsageError
from clawgym.files import File, Files
from clawgym.task import Task
from tests.verify import bad_verifiers as bad
from tests.verify.bad_verifiers import task_with
from verify.grader_lint import lint_grader, lint_python, lint_shell
from verify.lint import lint
from verify.rules import RULES, Finding, Selection


def rules(source: str) -> set[str]:
    return {rule for rule, _, _ in lint_python(source.encode())}


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("import requests", "network"),
        ("from urllib import request", "network"),
        ("import socket as s", "network"),
        ("import numpy", "third-party"),
        ("def f(:", "grader-syntax"),
        ("open('out.txt', 'w').write('x')", "writes-outside"),
        ("from pathlib import Path\nPath('a').write_text('x')", "writes-outside"),
        ("import os\nos.remove(place)", "writes-outside"),
        ("import time\nif time.time() > 5: pass", "clock-or-random"),
        ("from datetime import datetime\ndatetime.now()", "clock-or-random"),
        ("import random\nrandom.choice([1])", "clock-or-random"),
        ("DATA = '/home/ann/data.csv'", "host-path"),
        ("import subprocess\nsubprocess.run(['ls'])", "no-timeout"),
        ("import os\nos.system('ls')", "no-timeout"),
        ("import subprocess as sp\nsp.Popen(['ls']).wait()", "no-timeout"),
        ("exec(open(path).read())", "runs-workspace-code"),
        ("import sys\nsys.path.insert(0, workspace)", "runs-workspace-code"),
        ("import pickle\npickle.load(stream)", "runs-workspace-code"),
        ("import importlib\nimportlib.import_module(name)", "runs-workspace-code"),
        ("try:\n    f()\nexcept:\n    pass", "swallowed-exception"),
        (
            "for x in y:\n    try:\n        f()\n    except Exception:\n        continue",
            "swallowed-exception",
        ),
        ("def check_total(path):\n    'Looks.'\n    return True", "always-passes"),
        ("assert True", "always-passes"),
        ("import json\njson.dump({'reward': 1}, open(logs, 'w'))", "always-passes"),
    ],
)
def test_each_rule_sees_its_fault(source: str, rule: str) -> None:
    assert rule in rules(source)


@pytest.mark.parametrize(
    "source",
    [
        "from urllib.parse import urlparse",
        "import json, csv, re",
        "open(os.path.join(logs, 'notes.json'), 'w')",
        "place = logs + '/x'\nout = place\nopen(out, 'w')",
        "open(path)",
        "import random\nrandom.seed(3)\nrandom.choice([1])",
        "from random import Random\nRandom(3).choice([1])",
        "import subprocess\nsubprocess.run(['ls'], timeout=5)",
        "import subprocess\np = subprocess.Popen(['ls'])\np.wait(timeout=5)",
        "import ast\nast.literal_eval(text)",
        "import importlib\nimportlib.import_module('json')",
        "try:\n    f()\nexcept ValueError:\n    pass",
        "try:\n    f()\nexcept Exception:\n    passed = False",
        "WORKSPACE = '/workspace'\nLOGS = '/logs/verifier'",
        "def check_total(path):\n    return path == 'x'",
        "import time\nstarted = time.monotonic()",
    ],
)
def test_sound_code_is_left_alone(source: str) -> None:
    assert rules(source) == set()


def test_modules_beside_the_grader_are_not_third_party() -> None:
    tests = Files(
        {
            "grade.py": "import library\nfrom parts import one\n",
            "library.py": "",
            "parts/one.py": "",
        }
    )
    assert list(lint_grader(tests)) == []


def test_shell_scripts_are_read_too() -> None:
    def found(text: str) -> set[str]:
        return {rule for rule, _, _ in lint_shell(File(text.encode()))}

    assert found("#!/bin/sh\necho 1 > /logs/verifier/reward.txt\n") == {"always-passes"}
    assert found("pip install pytest\npytest /home/ann/t.py > reward.txt") == {
        "network",
        "host-path",
    }
    assert found(bad.TEST) == set()
    assert found("# curl https://example.org\ntest -f x && echo 1 > reward.txt\n") == set()


def test_what_clawgym_ships_is_clean_but_for_how_it_loads_its_own_modules(
    generated: list[Task],
) -> None:
    for task in generated:
        assert {rule for _, (rule, _, _) in lint_grader(task.tests)} <= {"runs-workspace-code"}
        assert lint(task) == []


def test_findings_name_the_file_and_the_line() -> None:
    [finding] = [f for f in lint(task_with(bad.IMPORTING)) if f.rule == "runs-workspace-code"]
    assert finding.message.startswith("tests/grade.py:")
    assert finding.code == "V108"


def test_many_findings_of_a_kind_are_summed_up() -> None:
    grader = "\n".join(f"import lib{n}" for n in range(12))
    found = lint(task_with(grader))
    assert len(found) == 5
    assert found[-1].message.endswith("(and 7 more of this kind)")


def checked(task: Task, checks: str) -> Task:
    return replace(task, tests=task.tests | Files({"checks.json": checks}))


@pytest.mark.parametrize(
    ("check", "rule"),
    [
        ('{"id": "a", "role": "core", "requirement": ""}', "no-requirement"),
        ('{"id": "a", "role": "core", "weight": 0, "requirement": "x"}', "weightless"),
        ('{"id": "a", "role": "gate", "requirement": "x"}', "gates-only"),
        (
            '{"id": "a", "role": "core", "requirement": "x", "path": "o/secret.md"}',
            "requirement-unsaid",
        ),
        ('{"id": "a", "role": "judge"}', "checks-format"),
    ],
)
def test_lists_of_checks_are_held_to_their_rules(check: str, rule: str) -> None:
    found = lint(checked(task_with(bad.SOUND), f'{{"checks": [{check}]}}'))
    assert rule in {finding.rule for finding in found}


def test_each_node_of_a_graph_needs_a_core_check(generated: list[Task]) -> None:
    task = generated[3]
    assert task.graph
    assert lint(task) == []
    one = task.graph.nodes[0].id
    check = '{"id": "a", "role": "core", "requirement": "x", "node": "%s"}'
    listed = ", ".join(check % node for node in (one, "nowhere"))
    found = lint(checked(task, '{"checks": [' + listed + "]}"))
    assert {f.rule for f in found if len(task.graph.nodes) > 1} >= {"node-ungraded"}
    assert "unknown-node" in {f.rule for f in found}


def test_tasks_without_checks_or_graph_are_not_held_to_rules_about_them() -> None:
    assert lint(task_with(bad.SOUND)) == []


def test_rules_are_chosen_by_code_name_or_family() -> None:
    found = [Finding(task_id="a", rule=name, message="") for name, _ in RULES.values()]
    assert [f.code for f in Selection(["V404"]).of(found)] == ["V404"]
    assert [f.rule for f in Selection(["noop-earns"]).of(found)] == ["noop-earns"]
    assert {f.code[:2] for f in Selection(["v1,V2"]).of(found)} == {"V1", "V2"}
    assert {f.code[:2] for f in Selection(ignore=["V1", "V3"]).of(found)} == {"V2", "V4"}
    assert Selection().of(found) == found


def test_an_unknown_rule_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(
        UsageError, match=r"unknown rule 'mutant-survive'; did you mean 'mutant-surv"
    ):
        Selection(["mutant-survive"])
