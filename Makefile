# Targets for users and developers; `make` lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
JOBS ?= 2
RUN ?= sample_checkpoints/corrupt_sample

.DEFAULT_GOAL := help
.PHONY: help demo install dev lint types test test-all docs-check check bench samples package clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[dev,test]'
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed  ## set up .venv with nandoctor

demo: install  ## set up and diagnose a shipped crash (RUN=sample_checkpoints/...)
	-$(BIN)/nandoctor diagnose $(RUN)

dev: $(VENV)/.dev  ## set up .venv with the development tools

lint: dev  ## ruff: style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: dev  ## mypy --strict
	$(BIN)/mypy

test: dev  ## the fast tests (under 5 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) -m "not slow"

test-all: dev lint types docs-check  ## lint, types, docs and every test (under 30 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS)

docs-check: dev  ## the generated pages and the commands in the docs are true
	$(BIN)/python docs/generate.py --check

bench: dev  ## every figure that the README quotes
	$(BIN)/python benchmarks/all.py

samples: dev  ## train the sample crashes again (a few minutes)
	$(BIN)/python sample_checkpoints/make.py

package: dev  ## build sdist and wheel and check them
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check dist/*

clean:  ## remove .venv and caches
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
