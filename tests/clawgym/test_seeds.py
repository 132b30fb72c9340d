"""One seed in, the same numbers out, in every process and on every machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawgym.seeds import derive_random, derive_seed


@pytest.mark.parametrize(
    ("arguments", "seed"),
    [
        ((0,), 3456079177858693020),
        ((7, "world"), 8831729323872910903),
        ((7, "oracle", "task-1", 1), 5538130558640106642),
    ],
)
def test_seeds_never_change(arguments: tuple[int, *tuple[str | int, ...]], seed: int) -> None:
    assert derive_seed(*arguments) == seed


def test_generators_never_change() -> None:
    assert derive_random(7, "world").random() == 0.6332383533121103


@given(st.integers(), st.lists(st.text(st.characters(codec="utf-8"))))
def test_a_seed_fits_a_signed_column_of_64_bits(seed: int, names: list[str]) -> None:
    assert 0 <= derive_seed(seed, *names) < 2**63


@pytest.mark.parametrize("other", [(8, "a", "b"), (7, "b", "a"), (7, "ab"), (7, "a"), (7, "a", 2)])
def test_every_part_matters(other: tuple[int, *tuple[str | int, ...]]) -> None:
    assert derive_seed(*other) != derive_seed(7, "a", "b")


def test_one_generator_does_not_disturb_another() -> None:
    first = derive_random(7, "a")
    derive_random(7, "b").random()
    assert first.random() == derive_random(7, "a").random()
