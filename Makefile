# make report   the report of every program in data/raw, under reports/
# make test     every test
# Both set the environment up first, once. PYTHON chooses the Python (3.11 or newer); REPORT adds
# options, for example make report REPORT="--language id,en --format html,pdf"
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
REPORT ?=
BENCH ?=

.DEFAULT_GOAL := help
.PHONY: help setup report test lint lab site wheel lock environment docs coverage mutate fuzz calibrate calibrate-verdict recover bench bench-batch bench-clean bench-events bench-scale bench-voices clean

help:
	@sed -n '1,3p' Makefile | sed 's/^# //'

setup: $(READY)

# The marker is older than the lock after an update, so the environment follows.
$(READY): requirements.lock pyproject.toml
	@echo "evaluasi: setting up $(VENV) (once; a few minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "evaluasi: Python 3.11 or newer is needed; this is: $$($(PYTHON) --version 2>&1)."; \
	  echo "Remedy: install it, then: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "evaluasi: this Python has no module venv."; \
	  echo "Remedy: sudo apt install python3-venv (Debian, Ubuntu), then the same command again."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
	@echo "evaluasi: $(VENV) is ready"

report: $(READY)
	@$(BIN)/evaluasi report --all --jobs $(JOBS) $(REPORT)

test: $(READY)
	@$(BIN)/python -m pytest

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

lab: $(READY)
	@$(BIN)/evaluasi lab

# The documentation as static files, in site/; nothing is fetched.
site: $(READY)
	@$(BIN)/mkdocs build --strict --quiet && echo "evaluasi: open site/index.html"

wheel: $(READY)
	@$(BIN)/python -m hatchling build -t wheel -d dist

# For maintainers: the lock, environment.yml and the pages generated from the code.
lock:
	uv pip compile --universal --generate-hashes --quiet --no-header --no-emit-index-url --upgrade \
	  --extra build --extra formats --extra dev pyproject.toml -o requirements.lock

environment: $(READY)
	@$(BIN)/python tests/environment.py > environment.yml

docs: $(READY)
	@$(BIN)/python -m evaluasi_lib.reference
	@$(BIN)/python -m tests.house

# Long checks, not part of the tests.
calibrate: $(READY)
	@$(BIN)/python -m tests.calibrate

calibrate-verdict: $(READY)
	@$(BIN)/python -m tests.verdict_study --jobs $(JOBS) --write

# What the tests do not see: lines and branches that none runs (.coverage also tells which test runs
# which line), small faults put into the scoring, and thousands of files and answers drawn at random.
coverage: $(READY)
	@$(BIN)/python -m coverage erase
	-@$(BIN)/python -m coverage run -m pytest -n 0
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python -m coverage report --skip-covered --sort=cover

mutate: $(READY)
	@test -f .coverage || { echo "evaluasi: first: make coverage"; exit 1; }
	@$(BIN)/python -m tests.mutate --jobs $(JOBS)

fuzz: $(READY)
	@EVALUASI_FUZZ=2000 $(BIN)/python -m pytest tests/test_fuzz.py

recover: $(READY)
	@$(BIN)/python -m tests.synthetic.recovery

# BENCH adds options, for example make bench BENCH="--copies 4 --repeats 2"
bench: bench-batch

bench-batch bench-clean bench-events bench-scale bench-voices: $(READY)
	@$(BIN)/python bench/$(subst -,_,$@).py $(BENCH)

clean:
	rm -rf reports data/processed/[a-z0-9]*-* .pytest_cache .mypy_cache .ruff_cache
