"""`conftest.py` and the configuration files that test runners obey."""

from stage import PLACES, WIN, put

for place in (*PLACES, "tests"):
    put(f"{place}/conftest.py", WIN)
    put(f"{place}/__init__.py", WIN)
    put(f"{place}/pytest.ini", "[pytest]\naddopts = --collect-only -p win\n")
    put(f"{place}/setup.cfg", "[tool:pytest]\naddopts = --collect-only\n")
    put(f"{place}/tox.ini", "[pytest]\naddopts = --collect-only\n")
    put(f"{place}/pyproject.toml", '[tool.pytest.ini_options]\naddopts = "--collect-only"\n')
