# What people and CI run. Every target makes the environment that it needs; nothing but Python 3.11+ and make is assumed.
#
#   .venv         for work on paceline: this tree, with every tool
#   .venv-run     for trying it: this tree, without tools
#   .venv-wheel   for testing it: the built wheel, and nothing of this tree on its path

.DEFAULT_GOAL := help
SHELL := /bin/sh
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1767225600)

DEV := .venv/.ready
RUN := .venv-run/.ready
WHEEL := .venv-wheel/.ready
SOURCES := $(shell find src examples -type f -not -path '*/__pycache__/*' -not -path '*/.paceline/*' 2>/dev/null)
WORKSPACE ?= examples/shop
# Two at a time: a file's tests stay together, since some of them share a server.
PYTEST_ARGS ?= -n 2 --dist loadfile

# Ctrl-C goes to the program itself, which drains and stops; the shell only waits for it.
WAIT_ON_INTERRUPT := trap : INT;

.PHONY: help
help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

.PHONY: run
run: $(RUN) ## start everything on examples/shop, send a test campaign, stay up until Ctrl-C
	@$(WAIT_ON_INTERRUPT) .venv-run/bin/paceline dev $(WORKSPACE) --campaign

.PHONY: demo
demo: $(RUN) ## the same campaign, then stop; succeeds only if every event arrived and the ledger adds up
	@$(WAIT_ON_INTERRUPT) .venv-run/bin/paceline demo

.PHONY: bench
bench: $(RUN) ## measure rates, latencies, CPU and memory; saves the figures in bench-results/
	@$(WAIT_ON_INTERRUPT) .venv-run/bin/paceline bench

.PHONY: test
test: lint smoke ## everything that CI checks: lint, types, layers, the wheel without tools, all tests against the wheel
	.venv-wheel/bin/python -m pip install --quiet --group test --group vendors --group functions
	PACELINE_EXPECT_WHEEL=1 .venv-wheel/bin/pytest $(PYTEST_ARGS)

.PHONY: lint
lint: $(DEV) ## formatting, lint, types and the layer contract
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

.PHONY: smoke
smoke: $(WHEEL) ## the built wheel works without any development tool
	.venv-wheel/bin/paceline --help >/dev/null
	.venv-wheel/bin/paceline demo

.PHONY: soak
soak: $(DEV) ## the long forms, about two hours: 500 kills, 300 stops, 100 power cuts, a million events behind; 10,000 pairs of contracts
	PACELINE_SOAK=1 .venv/bin/pytest tests/chaos $(PYTEST_ARGS)
	.venv/bin/pytest -m soak $(PYTEST_ARGS)

.PHONY: schemas
schemas: $(DEV) ## write the JSON Schemas for editors from the types
	.venv/bin/paceline schemas --out schemas

.PHONY: clean
clean: ## remove everything that these targets made
	rm -rf .venv .venv-run .venv-wheel dist build bench-results .paceline examples/*/.paceline tests/sdk/node/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEV): pyproject.toml scripts/find-python
	@python=$$(scripts/find-python) && echo "making .venv (once)" && $$python -m venv .venv
	@.venv/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@.venv/bin/python -m pip install --quiet --editable . --group dev
	@touch $@

$(RUN): pyproject.toml scripts/find-python
	@python=$$(scripts/find-python) && echo "making .venv-run (once)" && $$python -m venv .venv-run
	@.venv-run/bin/python -m pip install --quiet --editable .
	@touch $@

$(WHEEL): pyproject.toml README.md scripts/find-python $(SOURCES)
	@echo "building the wheel"
	@python=$$(scripts/find-python) && $$python -m venv --clear .venv-wheel
	@.venv-wheel/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	@rm -rf dist && .venv-wheel/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@.venv-wheel/bin/python -m pip install --quiet dist/paceline-*.whl
	@touch $@
