"""Prints the table of rules for `docs/verifier_cards.md`, read from the rules themselves.

python docs/rules_reference.py
"""

import sys

from verify.rules import RULES


def reference() -> str:
    """The table, in the order of the codes."""
    rows = [f"| {code} | `{name}` | {summary} |" for code, (name, summary) in RULES.items()]
    return "\n".join(["| code | name | |", "|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
