"""No attack of the abuse suite succeeds on any backend that works here."""

from collections.abc import AsyncIterator

import pytest

from tests.clawgym.sandbox.abuse import CASES, Arena, Outcome, arena
from tests.clawgym.sandbox.abuse_backends import available, open_isolating
from tests.clawgym.sandbox.abuse_case import Abuse


@pytest.fixture(scope="module", params=available())
async def ring(request: pytest.FixtureRequest) -> AsyncIterator[Arena]:
    async with arena(open_isolating(request.param)) as opened:
        yield opened


@pytest.mark.parametrize("abuse", CASES, ids=lambda abuse: abuse.name)
async def test_the_attack_fails(ring: Arena, abuse: Abuse) -> None:
    report = await ring.attack(abuse)
    if report.outcome is Outcome.SKIPPED:
        pytest.skip(report.detail)
    if report.outcome is Outcome.DECLARED:
        pytest.xfail(report.detail)
    assert report.outcome is Outcome.FAILED, report.detail


def test_every_attack_has_a_name_of_its_own() -> None:
    assert len({abuse.name for abuse in CASES}) == len(CASES)
