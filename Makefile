# make demo   measure this machine, answer one objective, leave a page with sliders
# make test   run every check there is
# Both need Python 3.11 or newer, git and make, and leave their environment in .venv.

# The first of these that is new enough and can make an environment is taken; or say: make PYTHON=/path/to/python
PYTHON ?= python3 python3.13 python3.12 python3.11 python
TORCH ?= torch==2.13.0
OUT ?= results/demo
OBJECTIVE ?= maximize throughput subject to p99 <= 0.25 ms

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check install
# A machine with an NVIDIA GPU measures it, and needs torch and CuPy for that.
comma := ,
GPU := $(shell nvidia-smi -L 2>/dev/null | grep -c '^GPU')
DEMO := .$(if $(filter-out 0,$(GPU)),[torch$(comma)cupy])

.PHONY: demo test lint clean
.DELETE_ON_ERROR:

# A second demo goes on with the Run of the first: points that are there are not measured again.
demo: $(VENV)/.demo
	@echo
	$(BIN)/tradeoff sweep softmax --batch-size 1,2,4,8,16,32 --concurrency 1,2,4 --out "$(OUT)" --resume
	@echo
	$(BIN)/tradeoff decide "$(OUT)" "$(OBJECTIVE)" || test $$? -eq 1
	@echo
	$(BIN)/tradeoff explore "$(OUT)" --out "$(OUT)/explorer.html"
	@echo "To measure anew, remove $(OUT) or say: make demo OUT=results/another"

test: $(VENV)/.test
	$(BIN)/python -m tests.browser
	$(MAKE) --no-print-directory lint
	$(BIN)/python binder/verify
	$(BIN)/python -m tests.compile
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(BIN)/python:
	@for python in $(PYTHON); do \
	  if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$($$python --version)"; \
	    exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "tradeoff needs Python 3.11 or newer with its venv module; tried: $(PYTHON)."; \
	echo "Install it (on Debian: apt-get install python3 python3-venv), or say make PYTHON=/path/to/python"; \
	exit 1

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	@echo "Installing tradeoff and what it needs into $(VENV): $(DEMO) (a minute or two)"
	@$(PIP) -e '$(DEMO)'
	@touch $@

# The mark says which torch is there: another one is installed anew.
ifneq ($(shell cat $(VENV)/.test 2>/dev/null),$(TORCH))
.PHONY: $(VENV)/.test
endif
$(VENV)/.test: pyproject.toml | $(BIN)/python
	@echo "Installing $(TORCH) into $(VENV) (a few minutes)"
	@$(PIP) '$(TORCH)'
	@echo "Installing tradeoff and its developers' tools into $(VENV) (a few minutes)"
	@$(PIP) -e '.[dev]'
	@echo '$(TORCH)' > $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
