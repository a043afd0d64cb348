# Two commands: `make demo` shows the whole main job, `make test` proves it. Each does all the set-up it needs.

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
            $(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
VENV := .venv
BIN := $(VENV)/bin
PINS := segocr/environments
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
DEFAULT_ENVIRONMENTS := open openvino validate

# Not whole unless the marker is there; SEGOCR_HOME may have them elsewhere.
ENVIRONMENTS := $(if $(SEGOCR_HOME),$(SEGOCR_HOME)/environments,$(VENV)/share/segocr/environments)
MARKERS := $(foreach name,$(DEFAULT_ENVIRONMENTS),$(ENVIRONMENTS)/$(name)/segocr-environment.json)
ABSENT := $(filter-out $(wildcard $(MARKERS)),$(MARKERS))

.DELETE_ON_ERROR:
.PHONY: setup demo test lint chaos clean force

setup: $(VENV)/.environments  ## everything that demo and test need

demo: setup  ## sample documents in, rows out
	@$(BIN)/python -m flows.demo demo

test: setup  ## all tests; lists what was skipped and why
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.core  ## style, types, who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

chaos: setup  ## 2,000 files dropped in every bad manner, 50 faults meanwhile; CHAOS_ARGS="--files 200 --kills 16"
	@$(BIN)/python -m bench.chaos $(CHAOS_ARGS)

clean:  ## what set-up and demo made
	rm -rf $(VENV) demo build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# pip is told to resolve nothing: the pins are complete.
$(VENV)/.core: $(PINS)/core.txt $(PINS)/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "segocr needs Python 3.11 or newer: apt-get install -y python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "segocr needs the venv module of $(PYTHON): apt-get install -y python3-venv" >&2; exit 1; }
	@echo "setup: the environment of segocr itself, $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -r $(PINS)/core.txt -r $(PINS)/dev.txt
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/.environments: $(VENV)/.core $(DEFAULT_ENVIRONMENTS:%=$(PINS)/%.txt) $(if $(ABSENT),force)
	@echo "setup: the environments of the steps, $(ENVIRONMENTS)"
	@$(BIN)/segocr env create $(DEFAULT_ENVIRONMENTS)
	@touch $@
