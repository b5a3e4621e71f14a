# Two commands for a newcomer: `make run` opens the practice store, `make test` runs every test but the long ones.
# The first Python of at least 3.11 is taken; `make run PYTHON=...` names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt

.PHONY: run test test-long simulator lint check install newcomer release screenshots messages examples docs clean

$(VENV)/.run: pyproject.toml requirements/constraints.txt
	@test -n "$(PYTHON)" || { echo "ordertui needs Python 3.11 or newer; none was found. Install one, or name it: make run PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python cannot make virtual environments: install the package python3-venv (Debian, Ubuntu), or name another Python: make run PYTHON=/path/to/python3"; exit 1; }
	@echo "Setting up in $(VENV), once; about half a minute."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "Adding what the tests need, once."
	@$(PIP) -e '.[test,dev]'
	@touch $@

run: $(VENV)/.run
	@$(BIN)/ordertui demo

# A third of the tests' time is waiting, for a disk, a server or a terminal: two workers more than cores, up to eight.
# Compiled tests are kept, whatever the environment says: compiling them takes each worker 6 s.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 6 ? cores + 2 : 8)))
TEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test: $(VENV)/.dev
	$(TEST)

test-long: $(VENV)/.dev
	$(TEST) -m long

simulator: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m support.simulator $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: test test-long lint

install:
	@PYTHON=$(PYTHON) EXTRAS=$(EXTRAS) scripts/install.sh

# As a stranger: installed into a new environment with an empty home, the README's story in a bare shell.
newcomer:
	@PYTHON=$(PYTHON) scripts/try_installed.sh .

# make release URL=https://.../ordertui: the repository, for the links of the description on an index.
release: $(VENV)/.dev
	@$(PIP) 'build>=1.2,<2' 'twine>=6,<7'
	@ORDERTUI_PROJECT_URL=$(URL) PYTHON=$(BIN)/python scripts/release.sh

screenshots: $(VENV)/.dev
	$(BIN)/python scripts/make_screenshots.py
	$(BIN)/python scripts/make_walks.py

# Texts of the screen: bring the catalogs up to date with the source and compile them.
messages: $(VENV)/.dev
	$(BIN)/python scripts/make_messages.py

examples: $(VENV)/.dev
	$(BIN)/python scripts/make_examples.py

# The pages as a site in build/site; a link that leads nowhere is an error.
docs: $(VENV)/.run
	@$(PIP) -e '.[docs]'
	@rm -rf build/pages build/site && mkdir -p build/pages/examples
	@cp README.md README.zh-CN.md CHANGELOG.md CONTRIBUTING.md SECURITY.md build/pages && cp -r docs screenshots build/pages
	@cp examples/README.md build/pages/examples
	@$(BIN)/zensical build --strict
	@echo "open build/site/index.html"

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
