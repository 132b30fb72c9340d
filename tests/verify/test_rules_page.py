"""The page about verifier cards lists every rule, as the code knows it."""

from pathlib import Path

from docs.rules_reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "verifier_cards.md"


def test_the_page_holds_the_table_of_rules() -> None:
    assert reference() in PAGE.read_text(), "run docs/rules_reference.py and paste the table"
