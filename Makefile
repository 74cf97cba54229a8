# For people. Schedulers call `python -m helpers run`, which tells its exit codes apart; make turns every failure into 2.
.DEFAULT_GOAL := report
PYTHON ?= python3
SOURCE ?= simulated
RAW ?=
BIN := .venv/bin

.PHONY: report test coverage lab notebooks bench lock

report: .venv/installed
	$(BIN)/python -m helpers run $(SOURCE) $(if $(RAW),--raw "$(RAW)")

# Watching which lines are run takes time: up to as much again in tests that compute in Python.
coverage: COVERED = --cov --cov-fail-under=90
coverage: test

lab: .venv/installed
	$(BIN)/jupyter lab notebooks

test: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/pytest -n auto --dist loadfile $(COVERED) tests helpers
	$(BIN)/pytest --nbval-lax --nbval-cell-timeout=600 notebooks

notebooks: .venv/installed
	$(BIN)/python -m helpers.pipeline.upkeep

bench: .venv/installed-dev
	$(BIN)/python bench/run.py

lock: .venv/installed-dev
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --extra dev pyproject.toml -o requirements-dev.lock

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	@touch .venv/installed $@
