"""Registries and working directories for the tests of the marketplace."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from clawgym_skills.market.policy import Gate, allow_everything
from clawgym_skills.market.server.app import create_app
from clawgym_skills.market.server.limits import RateLimits
from clawgym_skills.market.server.storage import Storage
from clawgym_skills.market.server.tokens import grant
from clawgym_skills.market.workspace import Workspace
from tests.clawgym_skills.market.shop import BOB, TOKEN, Shop, serving


class Switch:
    """One server for all tests, which hands each request to the registry of the current one."""

    def __init__(self) -> None:
        self.app = Starlette()

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[Switch, str]]:
    switch = Switch()
    with serving(switch) as url:
        yield switch, url


@pytest.fixture
def start_shop(server: tuple[Switch, str], tmp_path: Path) -> Callable[..., Shop]:
    """Start a registry, with its own limits or its own gate; one a test."""
    switch, url = server

    def start(limits: RateLimits | None = None, gate: Gate = allow_everything) -> Shop:
        storage = Storage(tmp_path / "registry")
        grant(storage, TOKEN, "alice")
        grant(storage, BOB, "bob")
        switch.app = create_app(storage, gate, limits=limits)
        return Shop(url, storage, tmp_path / "to-publish")

    return start


@pytest.fixture
def shop(start_shop: Callable[..., Shop]) -> Shop:
    return start_shop()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work", allow_everything)
