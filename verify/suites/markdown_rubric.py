"""The rubric of a markdown task, as a judge of ours reads it."""

from pydantic import JsonValue

from clawgym.errors import TaskFormatError
from verify.rubric.importing import ImportedRubric, from_clawgym_rules, from_pinchbench_sections
from verify.rubric.rubric import FILE_NAME
from verify.suites.markdown import Document, checklist
from verify.suites.suite import Notes


def rubric_files(document: Document, notes: Notes) -> dict[str, str]:
    """`rubric.toml`, from the section "LLM Judge Rubric" or else from the list of criteria."""
    imported = _read(document, notes)
    for repair in imported.repairs:
        notes.add(repair.code, repair.message, f"{document.path}: {repair.where}")
    if imported.rubric is None:
        notes.add("rubric-missing", "a judge is asked for and there is nothing to judge by")
        return {}
    return {FILE_NAME: imported.rubric.model_copy(update={"include_messages": True}).dumps()}


def _read(document: Document, notes: Notes) -> ImportedRubric:
    section = document.section("LLM Judge Rubric")
    try:
        found = from_pinchbench_sections(section)
    except TaskFormatError as error:
        notes.add("rubric-unreadable", f"{error}; the section is one criterion")
        return _whole(section)
    if found.rubric:
        return found
    if section.strip():
        notes.add(
            "rubric-unstructured", "the rubric has no criterion headings; it is one criterion"
        )
        return _whole(section)
    rules: list[JsonValue] = [
        {"name": item[:60], "rule": item}
        for item in checklist(document.section("Grading Criteria"))
    ]
    if rules:
        notes.add("rubric-from-criteria", "no rubric; the list of criteria is judged instead")
    return from_clawgym_rules(rules)


def _whole(section: str) -> ImportedRubric:
    return from_clawgym_rules([{"name": "the rubric as a whole", "rule": section.strip()}])
