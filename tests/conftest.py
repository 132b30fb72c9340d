"""What all suites share: asyncio, as the product has it, and how the work is laid out."""

import gc
import os
import signal
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

LONGEST = (
    "synth/authoring/test_stages.py",
    "clawgym/sandbox/test_abuse.py",
    "graph_agents/ui/test_terminal.py",
    "synth/authoring/test_authoring.py",
    "clawgym/sandbox/test_exec_python.py",
    "graph_agents/endpoint/test_endpoint.py",
    "verify/test_examination.py",
    "mcp_servers/test_exec_and_process.py",
    "synth/authoring/test_authoring_cli.py",
    "verify/test_grade_fuzz_types.py",
    "graph_agents/test_rollout_resume.py",
    "conformance/test_conformance.py",
    "verify/test_reward_hacks.py",
    "graph_agents/test_rollout.py",
    "synth/test_determinism.py",
    "synth/running/test_run.py",
    "clawgym_skills/scan/test_scan_fuzz.py",
    "train/test_sft.py",
    "bench/test_demo.py",
    "synth/gates/test_provers.py",
    "synth/test_synthesise.py",
    "clawgym/sandbox/test_conformance.py",
)
"""Begun in this order, before all others: what is long and begun late ends alone.

A worker gets whole files; `--no-loadscope-reorder` keeps it from sorting them by number of tests.
"""

hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")  # how long an example takes says nothing here

# The workers share the cores: a thread for each core would wait for those of the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts jobs in the background with Ctrl-C ignored, and so would be what we start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    places = {folder / name: place for place, name in enumerate(LONGEST)}
    if gone := [path for path in places if not path.is_file()]:
        raise pytest.UsageError(f"LONGEST in {__file__} names what is not there: {gone}")
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The modules and the tests of all rooms are no garbage: none is looked for among them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
