"""Every bundled skill keeps the promises that its SKILL.md makes."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import yaml

from clawgym.operation import Capability
from clawgym_skills.authoring import lint_skill
from clawgym_skills.bundle import bundled_skills
from clawgym_skills.operations import atomic_operations, is_typed
from clawgym_skills.scan import scan
from tests.clawgym_skills.bundled_scripts import BUNDLED, SCRIPTS, SKILLS

OPERATIONS = {
    "csv-analysis": "filter:table aggregate:table convert:table",
    "json-query": "filter:records aggregate:records convert:records",
    "record-merge": "deduplicate:table deduplicate:records join:table join:records",
    "log-triage": "extract:log",
    "mailbox-triage": "extract:mailbox",
    "calendar-ics": "extract:calendar",
    "config-edit": "update:config",
    "markdown-report": "report:table report:records",
    "invoice-check": "validate:table",
}
COPIED = {
    "read_text", "write_text", "refuse_overwrite", "row_format", "read_rows", "parse_delimited",
    "load_json", "parse_json", "parse_json_lines", "write_rows", "delimited", "as_json_value",
    "as_text", "as_number", "require_columns", "numbers", "note", "names", "chosen", "save_fields",
    "condition", "run_filter", "measure", "result", "sorted_by_value", "run_aggregate",
    "Table", "Condition", "Measure", "InputError", "main",
}  # fmt: skip

each_skill = pytest.mark.parametrize("skill", SKILLS, ids=lambda path: path.name)
each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)


@dataclass(frozen=True)
class Block:
    """One fenced block of a SKILL.md and the line of text that introduces it."""

    title: str
    language: str
    text: str


def frontmatter(skill: Path) -> tuple[dict[str, object], str]:
    _, head, body = (skill / "SKILL.md").read_text().split("---\n", 2)
    return yaml.safe_load(head), body


def blocks(body: str) -> Iterator[Block]:
    """The fenced blocks below the heading `## Example`."""
    example = body.split("\n## Example\n", 1)[1].split("\n## Pitfalls\n", 1)[0]
    pattern = r"(?ms)(?:^([^\n`]*(?:`[^\n`]*`)?:)\n\n)?^```(\w+)\n(.*?)^```$"
    for title, language, text in re.findall(pattern, example):
        yield Block(title.strip(), language, text)


def test_together_they_ground_every_atomic_operation():
    assert len(SKILLS) >= 30
    declared = {c for skill in bundled_skills() for c in skill.capabilities}
    assert {capability.operation for capability in declared} == set(atomic_operations())
    assert [str(c) for c in declared if not is_typed(c)] == []


@each_skill
def test_the_strict_profile_and_the_linter_have_nothing_to_say(skill: Path):
    assert [str(found) for found in lint_skill(skill).findings] == []


@each_skill
def test_the_scanner_finds_nothing(skill: Path):
    assert scan(skill).findings == ()


def test_they_stay_small():
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()) < 1_000_000


@each_skill
def test_frontmatter_names_and_describes_the_skill(skill: Path):
    head, body = frontmatter(skill)
    assert head["name"] == skill.name
    assert 40 <= len(str(head["description"])) <= 160
    assert head["license"] == "Apache-2.0"
    assert "Python 3.9" in str(head["compatibility"])
    assert 40 <= len(body.strip().split("\n")) <= 120


@each_skill
def test_metadata_declares_needs_and_operations(skill: Path):
    metadata = cast("dict[str, str]", frontmatter(skill)[0]["metadata"])
    openclaw = json.loads(metadata["openclaw"])  # JSON in a string: the specification's metadata
    assert openclaw["requires"] == {"bins": ["python3"]}
    assert openclaw["emoji"]
    declared = metadata["clawgym-operations"]
    parsed = [Capability.parse(part) for part in declared.split()]
    assert " ".join(map(str, parsed)) == declared
    assert declared == OPERATIONS.get(skill.name, declared)


@each_skill
def test_every_mentioned_script_exists_and_every_script_is_mentioned(skill: Path):
    text = (skill / "SKILL.md").read_text()
    mentioned = set(re.findall(r"\{baseDir\}/([\w./-]+)", text))
    assert mentioned == {path.relative_to(skill).as_posix() for path in skill.glob("scripts/*")}


@each_skill
def test_the_documented_example_works(skill: Path, tmp_path: Path):
    printed = ""
    checked = 0
    for block in blocks(frontmatter(skill)[1]):
        named = re.fullmatch(r"(Input|Result) `(.+)`:", block.title)
        if named and named[1] == "Input":
            path = tmp_path / named[2]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        elif named:
            assert (tmp_path / named[2]).read_text() == block.text
            checked += 1
        elif block.title == "Prints:":
            assert printed == block.text
            checked += 1
        else:
            assert block.language == "sh"
            printed = run_as_documented(skill, block.text, tmp_path)
    assert checked


def run_as_documented(skill: Path, commands: str, workspace: Path) -> str:
    text = commands.replace("{baseDir}", shlex.quote(str(skill)))
    text = re.sub(r"(?m)^python3 ", f"{shlex.quote(sys.executable)} ", text)
    done = subprocess.run(
        ["bash", "-e", "-c", text],
        cwd=workspace,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@each_script
def test_scripts_need_only_the_standard_library_of_python_3_9(script: Path):
    tree = ast.parse(script.read_text(), feature_version=(3, 9))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").partition(".")[0])
    assert imported <= sys.stdlib_module_names
    assert not imported & {"socket", "urllib", "http", "ssl", "ftplib", "smtplib"}


@each_script
def test_no_script_hides_a_module_that_it_imports(script: Path):
    assert f"import {script.stem}\n" not in script.read_text()


def test_copies_of_a_function_are_identical():
    """Each skill works when copied alone, so they share text; the texts must not drift apart."""
    texts: dict[str, set[str]] = defaultdict(set)
    for script in SCRIPTS:
        lines = script.read_text().splitlines()
        for node in ast.parse("\n".join(lines)).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in COPIED:
                texts[node.name].add("\n".join(lines[node.lineno - 1 : node.end_lineno]))
    assert set(texts) == COPIED
    assert {name for name, variants in texts.items() if len(variants) > 1} == set()


def test_help_is_real_and_usage_errors_exit_with_2(tmp_path: Path):
    checks = "\n".join(
        f"$PYTHON {shlex.quote(str(script))} --help | grep -q usage || exit 7\n"
        f"$PYTHON {shlex.quote(str(script))} nonsense 2>>errors; [ $? = 2 ] || exit 8"
        for script in SCRIPTS
    )
    environment = {**os.environ, "PYTHON": sys.executable}
    subprocess.run(["bash", "-c", checks], cwd=tmp_path, check=True, env=environment, timeout=60)
    errors = (tmp_path / "errors").read_text()
    assert errors.count("invalid choice: 'nonsense'") == len(SCRIPTS)
    assert "Traceback" not in errors


def test_the_folder_holds_nothing_else():
    for path in BUNDLED.rglob("*"):
        assert path.is_dir() or path.name == "SKILL.md" or path in SCRIPTS
        assert "__pycache__" not in path.parts
