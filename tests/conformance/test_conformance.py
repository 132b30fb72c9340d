"""The official conformance suite finds nothing wrong; `make conformance` prints its table.

The suite comes from npm. It is taken from `build/conformance`, where `make conformance` puts it;
with `CLAWGYM_NPM_INSTALL=1` it is installed there.
"""

import os
from pathlib import Path

import pytest

from tests.conformance.run import NoSuiteError, install, parts

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def suite() -> list[str]:
    where = ROOT / "build" / "conformance"
    if not (where / "installed").is_file() and os.environ.get("CLAWGYM_NPM_INSTALL") != "1":
        pytest.skip("the suite is missing: run `make conformance`, or set CLAWGYM_NPM_INSTALL=1")
    try:
        return install(where)
    except NoSuiteError as error:
        pytest.skip(str(error))


def test_the_suite_finds_nothing_wrong(suite: list[str], tmp_path: Path):
    found = {part.title: part.problems for part in parts(suite, tmp_path)}
    assert len(found) == 4
    assert not any(found.values()), found
