"""Which skills a prompt names when there are more than it can."""

import pytest

from graph_agents.skilled.listing import choose
from graph_agents.skilled.mentions import command_of, mentioned
from graph_agents.skilled.offers import Offer


def offers(count: int) -> list[Offer]:
    return [Offer(f"s{number:05}", f"s{number:05}", "0", "") for number in range(count)]


def test_all_are_named_while_they_fit():
    listing = choose(offers(150), [], [])
    assert len(listing.offers) == 150
    assert listing.more == 0


def test_what_is_pinned_and_used_comes_before_what_comes_first_by_name():
    listing = choose(offers(400), ["s00399"], ["s00300", "gone"])
    assert [offer.id for offer in listing.offers[:3]] == ["s00399", "s00300", "s00000"]
    assert listing.more == 250


def test_of_very_many_only_what_is_pinned_and_used_is_named():
    listing = choose(offers(5_000), ["s00399"], ["s04000"])
    assert [offer.id for offer in listing.offers] == ["s00399", "s04000"]
    assert listing.more == 4_998


def test_what_a_model_may_not_choose_is_never_named():
    hidden = [
        Offer("a", "a", "0", "", model_invocable=False),
        Offer("b", "b", "0", "", refused="x"),
    ]
    assert choose(hidden, ["a", "b"], []).offers == ()


@pytest.mark.parametrize(
    ("prompt", "command"),
    [
        ("/bake", ("bake", "")),
        ("  /bake  two\nlines ", ("bake", "two\nlines")),
        ("/owner/bake now", ("owner/bake", "now")),
        ("/bake: now", None),
        ("bake", None),
        ("/ bake", None),
    ],
)
def test_a_command_stands_at_the_beginning(prompt, command):
    assert command_of(prompt) == command


def test_each_name_is_mentioned_once():
    assert mentioned("$a, $b-c. ($a) x$d $$e $owner/f") == ["a", "b-c", "owner/f"]
