# For people. Schedulers call `python -m helpers run`, which tells its exit codes apart; make turns every failure into 2.
.DEFAULT_GOAL := report
PYTHON ?= python3
SOURCE ?= simulated
RAW ?=
FRESH ?=
BIN := .venv/bin

.PHONY: report test coverage lab notebooks bench lock

# The simulated company is first run as of a quarter earlier, and then carries out the lists that this run drew, so that
# its report has changes, graded forecasts and a measured response.
BOTH_DAYS = $(shell test -d "$${LOYALTY_HOME:-.}/data/runs/simulated" || echo --as-of 2025-09-30 --as-of newest)

report: .venv/installed
	$(BIN)/python -m helpers run $(SOURCE) $(if $(RAW),--raw "$(RAW)") $(if $(filter simulated,$(SOURCE)),$(BOTH_DAYS))

# Watching which lines are run takes time: up to as much again in tests that compute in Python.
coverage: COVERED = --cov --cov-fail-under=90
coverage: test

lab: .venv/installed
	$(BIN)/python -m helpers lab $(if $(FRESH),--fresh)

# Types are checked beside the tests. Hundreds of processes begin; each takes up modules as the one before compiled them.
# nbval, which takes long to load, is left to the tests that run notebooks with it.
test: export PYTHONDONTWRITEBYTECODE =
test: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/basedpyright --project pyproject.toml > .venv/types.log & types=$$!; \
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -p no:nbval $(COVERED) tests helpers; tests=$$?; \
	wait $$types; types=$$?; cat .venv/types.log; exit $$((tests | types))

notebooks: .venv/installed
	$(BIN)/python -m helpers.pipeline.docs

bench: .venv/installed-dev
	$(BIN)/python bench/run.py

LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-strip-extras --no-header --no-annotate --python-version 3.11

lock: .venv/installed-dev
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --extra dev pyproject.toml -o requirements-dev.lock

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@echo "Creating .venv with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv .venv

# A lock is complete. Without --no-deps pip would resolve it again, and pip 23.2 finds no locked version for a name
# with an extra as soon as a newer one is published.
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --no-deps --no-compile

# On every core; the tests that packages bring are a third of all bytecode, and nobody runs them here.
COMPILE := $(BIN)/python -m compileall -qq -j 0 -x '[/\\]tests?[/\\]' .venv/lib || true

define install
	@echo "Installing the $$(grep -oE '^[A-Za-z0-9._-]+' $(1) | sort -u | wc -l) packages of $(1), which takes a few minutes …"
	@$(PIP) --require-hashes -r $(1)
	@$(COMPILE)
	@echo "Installing helpers/ …"
	@PYTHONWARNINGS=ignore $(PIP) --no-build-isolation -e .
	@touch $(2)
	@echo "Ready."
endef

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(call install,$<,$@)

.venv/installed-dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(call install,$<,.venv/installed $@)
