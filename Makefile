# Every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGE := $(VENV)/.package
READY := $(VENV)/.ready
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PINS := requirements-dev.txt requirements-docs.txt requirements-examples.txt
export PYRIGHT_PYTHON_CACHE_DIR := $(CURDIR)/.cache/pyright
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Without byte code each process compiles what it imports: each worker of the tests, each command.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo demo-flue quick test pythons test-pythons free-threaded test-dependencies check format generate docs lock build bench reliability clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(PACKAGE): pyproject.toml requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) -c requirements-dev.txt hatchling editables
	$(INSTALL) -c requirements-dev.txt --no-build-isolation -e ".[testing]"
	@touch $@

$(READY): $(PINS) $(PACKAGE)
	@echo "installing what tests, examples and documentation need: a minute or two"
	$(INSTALL) $(PINS:%=-r %)
	@touch $@

demo: $(PACKAGE) ## run a workflow on the embedded local server and show its events
	$(BIN)/python examples/demo.py

demo-flue: $(READY) ## the same on a genuine Flue server (installs it first)
	$(BIN)/python examples/demo.py --flue

quick: $(READY) ## lint, types, and the core's tests without generated examples, in seconds
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n 2 -m "not hypothesis" tests/core

test: $(READY) ## run every test
	$(BIN)/python -m pytest -n auto --dist worksteal

pythons: ## install Python 3.14 and 3.15 from Debian into .cache/debian, where possible
	.ci/debian-pythons

test-pythons: $(READY) ## run the tests on every other Python 3.11-3.15 that is installed
	$(BIN)/python -m tests.pythons

free-threaded: $(READY) ## build a free-threaded Python, and run the client on it
	.ci/free-threaded-python
	$(BIN)/python -m tests.free_threaded

test-dependencies: $(READY) ## run the tests with the lowest and the newest versions of the dependencies
	$(BIN)/python -m tests.dependencies

check: $(READY) ## formatting, lint, strict types, and drift of the generated code
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/python generator/generate.py --check
	$(BIN)/python generator/unasync.py --check

format: $(READY) ## format the code
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

generate: $(READY) ## regenerate flue_client/, the blocking surface, and the tables in docs/
	$(BIN)/python generator/generate.py
	$(BIN)/python generator/unasync.py
	$(BIN)/python -m tests.differential.document
	$(BIN)/python -m tests.versions.document
	$(BIN)/python -m tests.docs.events

docs: $(READY) ## build the documentation site in .cache/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "the site is .cache/site/index.html; to search it: $(BIN)/python -m http.server -d .cache/site"

lock: ## pin the newest versions that requirements-*.in allow
	$(PYTHON) -m venv --clear .cache/lock
	true > .cache/lock/pins
	for pins in $(PINS); do \
	  .cache/lock/bin/python -m pip install --quiet -c .cache/lock/pins -r $${pins%.txt}.in && \
	  .cache/lock/bin/python -m pip freeze --exclude-editable --exclude flue-client \
	    | grep -vxFf .cache/lock/pins > $$pins && cat $$pins >> .cache/lock/pins || exit 1; \
	done

build: $(READY) ## build the wheel and the source distribution in dist/, and try them
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(BIN)/python -m pytest -q tests/packaging/releases.py

bench: $(READY) ## measure against the peers and print the ratios
	$(BIN)/python -m benchmarks

reliability: $(READY) ## run the experiments under faults, whole (an hour or so)
	$(BIN)/python -m tests.reliability

clean: ## remove everything that the other targets make
	rm -rf $(VENV) .venvs .cache dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
