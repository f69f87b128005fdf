# Each target makes its own environment in .venv. On Windows, where there is no make, README.md gives the commands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test test-long check bench format clean

help:
	@echo "make demo    read a simulated meter whole and show it"
	@echo "make test    run the tests"
	@echo "make test-long  the same whole, with no samples; README.md says how long it takes"
	@echo "make check   format, lint, types (Linux and Windows), import contracts, profile lint"
	@echo "make bench   measure speed, as ratios in one run"
	@echo "make format  put the code in the house format"

demo: $(VENV)/.run
	@$(BIN)/meterlink demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-long: $(VENV)/.dev
	METERLINK_LONG=1 $(BIN)/python -m pytest -n auto --durations=15 $(ARGS)
	METERLINK_LONG=1 $(BIN)/python -m tests.audit.mutants

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32
	$(BIN)/lint-imports
	$(BIN)/meterlink profiles lint

bench: $(VENV)/.dev
	$(BIN)/python -m bench

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "meterlink needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "this Python cannot make environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The entry points of the drivers are written at install, so a changed pyproject.toml installs again.
$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.run
