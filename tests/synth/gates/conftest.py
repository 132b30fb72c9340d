"""Provers that live as long as the session: to start warm hosts takes longer than a test."""

from collections.abc import Generator

import pytest

from clawgym.sandbox import Backend
from synth.gates.box_prover import BoxProver
from synth.gates.warm_prover import WarmProver


@pytest.fixture(scope="module")
def warm(backend: Backend) -> Generator[WarmProver]:
    prover = WarmProver(backend)
    yield prover
    prover.close()


@pytest.fixture(scope="module")
def careful(backend: Backend) -> Generator[BoxProver]:
    prover = BoxProver(backend)
    yield prover
    prover.close()
