"""Prints the table of rules for `docs/scanner.md` and `docs/skills_codes.md`, read from the rules.

python docs/scanner_reference.py
"""

import sys

from clawgym_skills.scan.rule import chapters


def reference() -> str:
    """One table a chapter, in the order of the codes."""
    return "\n".join(_chapter(title, rules) for title, rules in chapters())


def _chapter(title: str, rules: tuple) -> str:
    rows = [f"| {rule.id} | {rule.severity} | `{rule.name}` | {rule.message} |" for rule in rules]
    head = [f"### {title}\n", "| code | severity | name | |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
