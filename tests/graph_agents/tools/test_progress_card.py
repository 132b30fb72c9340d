"""The plan of a piece of work."""

import pytest

from graph_agents.tools.progress_card import card_tool

PLAN = [
    {"step": "Read", "status": "completed"},
    {"step": "Write", "status": "in_progress"},
    {"step": "Check", "status": "pending"},
]


async def test_the_card_shows_the_steps_and_is_there_for_programs():
    result = await card_tool().call({"plan": PLAN, "markdown": "Soon."})
    assert result.text.splitlines()[1:] == ["[x] Read", "[>] Write", "[ ] Check"]
    assert result.details == {"plan": PLAN, "markdown": "Soon."}


async def test_without_anything_it_is_cleared():
    assert (await card_tool().call({})).text == "The card is cleared."


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"plan": [PLAN[1], PLAN[1]]}, "more than one step in progress"),
        ({"plan": [{"step": "x", "status": "done"}]}, "pending"),
        ({"plan": [PLAN[0]] * 51}, "50"),
        ({"markdown": "é" * 5_000}, "10000 bytes"),
        ({"todo": []}, "todo"),
    ],
)
async def test_a_card_that_cannot_be_shown_says_why(arguments, problem):
    result = await card_tool().call(arguments)
    assert result.is_error
    assert problem in result.text
