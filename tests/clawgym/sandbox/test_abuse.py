"""No attack of the abuse suite succeeds on any backend that works here."""

from collections.abc import AsyncIterator

import pytest

from clawgym.sandbox import doctor, open_backend
from tests.clawgym.sandbox.abuse import CASES, Arena, Outcome, arena
from tests.clawgym.sandbox.abuse_case import Abuse

ISOLATING = [status.name for status in doctor() if status.works and status.name != "local"]
HARMLESS = {
    "host-file-by-its-path",
    "hidden-places",
    "root-of-another-process",
    "command-line-of-every-process",
    "environment-of-every-process",
    "abstract-socket-of-the-host",
    "unix-socket-of-the-host",
    "loopback-of-the-host-tcp",
    "loopback-of-the-host-udp",
    "address-of-the-host",
    "name-of-the-host",
}
"""Attacks that do no harm where they succeed: on the backend that isolates nothing."""


@pytest.fixture(scope="module", params=ISOLATING)
async def ring(request: pytest.FixtureRequest) -> AsyncIterator[Arena]:
    async with arena(open_backend(request.param)) as opened:
        yield opened


@pytest.mark.parametrize("abuse", CASES, ids=lambda abuse: abuse.name)
async def test_the_attack_fails(ring: Arena, abuse: Abuse) -> None:
    report = await ring.attack(abuse)
    if report.outcome is Outcome.SKIPPED:
        pytest.skip(report.detail)
    assert report.outcome is Outcome.FAILED, report.detail


def test_every_attack_has_a_name_of_its_own() -> None:
    assert len({abuse.name for abuse in CASES}) == len(CASES)
