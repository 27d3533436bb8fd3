# make demo   measure this machine and open the trade-off
# make test   run every check there is
# Both need Python 3.11 or newer, git and make; they leave their environment in .venv.

PYTHON ?= $(firstword $(foreach name,python3.13 python3.12 python3.11 python3 python,$(shell \
	command -v $(name) >/dev/null 2>&1 && $(name) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
TORCH ?= torch==2.13.0
OUT ?= results/demo

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# A machine with an NVIDIA GPU measures it, and needs torch and CuPy for that.
GPU := $(shell command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -c GPU)
EXTRAS := $(if $(filter-out 0,$(GPU)),[torch$(comma)cupy],)
comma := ,

.PHONY: demo test lint check binder clean

demo: $(VENV)/.demo
	@$(BIN)/python -m tradeoff.demo --out $(OUT)

test: $(VENV)/.test
	$(BIN)/python -m tests.chromium
	$(MAKE) --no-print-directory lint
	binder/verify
	$(BIN)/python -m pytest --durations=15

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "tradeoff needs Python 3.11 or newer with venv: install it, or say make PYTHON=/path/to/python"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Installing tradeoff$(EXTRAS) (about a minute)"
	@$(PIP) install -e ".$(EXTRAS)"
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	@echo "Installing $(TORCH) and tradeoff[dev] (a few minutes)"
	@$(PIP) install "$(TORCH)"
	@$(PIP) install -e ".[dev]"
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) results .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
