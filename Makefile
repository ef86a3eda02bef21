# The tasks of dev.py under the names that fingers know; `make` lists them.
PYTHON ?= python3
TASKS := demo dev lint types docs-check test test-all docs bench samples package

.DEFAULT_GOAL := help
.PHONY: help $(TASKS)

help:  ## list the tasks
	@$(PYTHON) dev.py help

$(TASKS):
	@$(PYTHON) dev.py $@
