# Every target makes what it needs in the project's own .venv; the system's Python is only read.
# PYTHON=/path/to/python chooses the interpreter; without it the first usable 3.11 or newer is taken.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install -qq
CHAOS := $(filter-out tests/chaos/test_%,$(wildcard tests/chaos/*.py))
TYPED := $(wildcard src examples benchmarks tools tests/support) $(CHAOS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test chaos check lint types imports typing lowest matrix bench reference format clean

help:
	@echo "make demo     run examples/demo.py (HMIS=folder also loads a HMIS CSV export)"
	@echo "make test     the test suite, with the code in README.md and docs/"
	@echo "make chaos    the faults that a store has to survive, in their long form (some minutes)"
	@echo "make check    lint, format, types, layers, tests: all that must pass before a commit"
	@echo "make lowest   the test suite on the oldest Python with the lowest declared versions"
	@echo "make matrix   the test suite on every supported Python, from a wheel, and 'make lowest'"
	@echo "make bench    the benchmarks"
	@echo "make reference  write docs/models/, docs/verbs.md and docs/errors.md anew, from the code"
	@echo "make format   put the code in its standard form"
	@echo "make clean    remove all that the other targets made"

demo: $(VENV)/.ready-run
	@$(BIN)/python -m examples.demo $(if $(HMIS),--hmis "$(HMIS)")

test: $(VENV)/.ready-suite
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

chaos: $(VENV)/.ready-suite
	CASEFLOW_CHAOS=long $(BIN)/python -m pytest tests/chaos

check: lint types imports typing
	@$(MAKE) --no-print-directory test

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready-dev
	$(BIN)/mypy $(TYPED)

imports: $(VENV)/.ready-dev
	$(BIN)/lint-imports --no-logo

typing: $(VENV)/.ready-dev
	$(BIN)/mypy typing_tests
	$(BIN)/pyright --pythonpath $(BIN)/python

lowest: $(VENV)/.ready-base
	$(BIN)/python -m tools.matrix --lowest

matrix: $(VENV)/.ready-base
	$(BIN)/python -m tools.matrix

bench: $(VENV)/.ready-bench
	@$(BIN)/python -m benchmarks

reference: $(VENV)/.ready-run
	@$(BIN)/python -m tools.reference docs/models
	@$(BIN)/python -m tools.verbs docs/verbs.md
	@$(BIN)/python -m tools.errors docs/errors.md

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .matrix dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is touched only after its step succeeded, so a step cut short is done again.
$(VENV)/.ready-base: pyproject.toml
	@sh tools/venv.sh $(VENV) "$(PYTHON)"
	@touch $@

$(VENV)/.ready-run: $(VENV)/.ready-base
	@echo "Installing caseflow with what it needs to run in $(VENV) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/.ready-suite: $(VENV)/.ready-base
	@echo "Installing caseflow with its test suite's tools in $(VENV) ..."
	@$(PIP) -e ".[suite]"
	@touch $@ $(VENV)/.ready-run

$(VENV)/.ready-bench: $(VENV)/.ready-base
	@echo "Installing caseflow with its benchmarks' libraries in $(VENV) ..."
	@$(PIP) -e ".[bench]"
	@touch $@ $(VENV)/.ready-run

$(VENV)/.ready-dev: $(VENV)/.ready-base
	@echo "Installing caseflow with all development tools in $(VENV) (a minute or two) ..."
	@$(PIP) -e ".[dev]"
	@touch $@ $(VENV)/.ready-run $(VENV)/.ready-suite $(VENV)/.ready-bench
