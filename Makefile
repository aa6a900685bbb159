# Every target does its own set-up: a machine with python3 (3.11 to 3.13) and make is enough.
PYTHON ?= python3
VENV ?= .venv
PROFILE ?= nightly
BIN := $(VENV)/bin

.PHONY: label test test-long check coverage docs model bench clean

label: $(VENV)/.base
	$(BIN)/stancelib label seeds

test: $(VENV)/.test
	$(BIN)/python -m pytest

# hypothesis marks every property with its own name.
test-long: $(VENV)/.test
	HYPOTHESIS_PROFILE=$(PROFILE) $(BIN)/python -m pytest -m "long or hypothesis"

check: $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py

# Branches too, those of child processes included.
coverage: $(VENV)/.check
	$(BIN)/python -m pytest -m "" --cov

# The theme's notice about the next version of MkDocs, which this one is not, is left out.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

model: $(VENV)/.base
	$(BIN)/stancelib train --extend -o stancelib/data/model.stance

bench: $(VENV)/.base
	$(BIN)/python benchmarks/peer.py
	$(BIN)/python benchmarks/speed.py

clean:
	rm -rf $(VENV) site benchmarks/.fasttext-venv

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --upgrade pip

$(VENV)/.base: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install -qq -e .
	touch $@

$(VENV)/.test: $(VENV)/.base
	$(BIN)/python -m pip install -qq -e ".[test]"
	touch $@

$(VENV)/.check: $(VENV)/.test
	$(BIN)/python -m pip install -qq -e ".[test,check]"
	touch $@

$(VENV)/.docs: $(VENV)/.base
	$(BIN)/python -m pip install -qq -e ".[docs]"
	touch $@
