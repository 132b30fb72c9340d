# `make demo` and `make test` set up everything that they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint fix docs conformance bundle bench clean help

demo: $(VENV)/.base ## Install the base package and run the whole life cycle offline
	$(BIN)/clawgym demo

test: $(VENV)/.dev ## Install everything and run the tests
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev ## Formatting, style, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --verbose | tail -n 7

fix: $(VENV)/.dev ## Mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.docs ## Build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet

conformance: $(VENV)/.dev ## The official MCP conformance suite (needs Node 22 and npm)
	$(BIN)/python tests/conformance/run.py

bundle: $(VENV)/.base ## The servers as one MCPB bundle, in dist/
	$(BIN)/python -m clawgym mcp bundle --out dist

bench: $(VENV)/.dev ## Measure; each script prints ratios against a baseline
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean: ## Remove what the targets above made
	rm -rf $(VENV) demo-out site build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

help: ## This list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	.ci/prepare $(PYTHON) $(VENV)

$(VENV)/.base: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(PIP) --editable '.[dev,train]'
	touch $@

$(VENV)/.docs: $(VENV)/.base
	$(PIP) --editable '.[docs]'
	touch $@
