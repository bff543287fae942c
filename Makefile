# ctsim from a fresh clone: Python >= 3.11, make and a package registry that pip knows are all it takes.
# `make` lists the targets. The environment is made once and renewed when pyproject.toml or constraints.txt changes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint types pytest quotes audit docs site reference wheel bench faults faults-long fuzz slurm vulnerabilities clean

# Variables to set on the command line, as in `make run DRAWS=65536`:
PYTHON         ?=
VENV           ?= .venv
SCENARIO       ?= framework_2023_11
DRAWS          ?= 1000000
RUN_OPTIONS    ?=
PYTEST_OPTIONS ?= -n auto --dist loadfile
BENCH_OPTIONS  ?=
FUZZ           ?= 10000
SINCE          ?=

PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt
# The build back end is pinned like everything else, so it is installed first and not fetched by pip on the side.
BUILD   := hatchling editables

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.stamp-run ## the main job: a million draws of SCENARIO, a table and a picture
	$(BIN)/ctsim run $(SCENARIO) --draws $(DRAWS) --figure $(RUN_OPTIONS)

test: lint types pytest ## every check: ruff, mypy --strict on ctsim, pytest

lint: $(VENV)/.stamp-dev ## ruff: rules and format
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: $(VENV)/.stamp-dev ## mypy, strict on ctsim
	$(BIN)/python -m mypy

pytest: $(VENV)/.stamp-dev ## the tests alone, one process a core (PYTEST_OPTIONS='-k name')
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

quotes: $(VENV)/.stamp-dev ## look up every quotation in the report and write tests/data/quotes.json
	$(BIN)/python -m tests.quotes

audit: $(VENV)/.stamp-run ## every printed figure against its own formula, and the ledger of inconsistencies
	$(BIN)/ctsim audit

docs: $(VENV)/.stamp-dev ## write the generated pages of docs/ again
	$(BIN)/python -m tests.docs

site: $(VENV)/.stamp-dev ## the documentation as a site in build/site, which opens from disk
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "open build/site/about.html; for the search: $(BIN)/python -m http.server -d build/site"

reference: $(VENV)/.stamp-dev ## the digests of this version, and what has moved since the file SINCE
	$(BIN)/python -m tests.reference $(SINCE)

wheel: $(VENV)/.stamp-dev ## the wheel of this version in dist/
	@$(BIN)/python -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@ls dist

bench: $(VENV)/.stamp-dev ## time ctsim and other libraries, 45 minutes (BENCH_OPTIONS=--quick: 3; --full: 10^9 draws)
	$(BIN)/python -m benchmarks $(BENCH_OPTIONS)

faults: $(VENV)/.stamp-dev ## crash suites, and which test notices a guard that is taken away; writes docs/reliability.md
	$(BIN)/python -m tests.faults --write

faults-long: $(VENV)/.stamp-dev ## the same with a real time limit and 100 kills, and 10,000 changed inputs: an hour
	$(BIN)/python -m tests.faults --long
	$(BIN)/python -m tests.fuzz 10000

fuzz: $(VENV)/.stamp-dev ## FUZZ changed scenarios, pages, cluster files, run cards, states and command lines
	$(BIN)/python -m tests.fuzz $(FUZZ)

slurm: $(VENV)/.stamp-dev ## a real Slurm on this machine (root; slurmctld, slurmd, slurm-client, munge), and runs over it
	CTSIM_FAULTS=1 $(BIN)/python -m pytest -rs tests/test_slurm.py

vulnerabilities: $(VENV)/.stamp-dev ## known vulnerabilities of the pinned packages; says so where nobody can be asked
	-@$(BIN)/python -m pip install -qq --disable-pip-version-check pip-audit
	@$(BIN)/python -m tests.vulnerabilities

clean: ## remove the environment, caches and build output; results/ stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python that is new enough and can make environments (some systems ship python3 without ensurepip).
$(BIN)/python:
	@set -e; for python in $(PYTHONS); do \
	    if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	        echo "making $(VENV) with $$($$python --version) ($$python)"; \
	        if $$python -m venv $(VENV); then exit 0; else rm -rf $(VENV); fi; \
	    fi; \
	done; \
	echo "make: none of '$(PYTHONS)' is Python 3.11 or newer with venv. Install one (on Debian also python3-venv)," \
	     "or name it: make PYTHON=/path/to/python3" >&2; exit 1

$(VENV)/.stamp-run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing ctsim into $(VENV)"
	@$(PIP) $(BUILD)
	@$(PIP) --no-build-isolation -e .
	@touch $@

$(VENV)/.stamp-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing ctsim and the development tools into $(VENV)"
	@$(PIP) $(BUILD)
	@$(PIP) --no-build-isolation -e '.[dev,docs,cluster]'
	@touch $@ $(VENV)/.stamp-run
