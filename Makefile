# Two commands for a newcomer: `make run` opens the practice store, `make test` runs every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test simulator lint check screenshots examples bench clean

$(VENV)/.run: pyproject.toml requirements/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt -e '.[test,dev]'
	touch $@

run: $(VENV)/.run
	$(BIN)/ordertui demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest

simulator: $(VENV)/.dev
	PYTHONPATH=tests/spapi $(BIN)/python -m simulator $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: test lint

screenshots: $(VENV)/.dev
	$(BIN)/python scripts/make_screenshots.py

examples: $(VENV)/.dev
	$(BIN)/python scripts/make_examples.py

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
