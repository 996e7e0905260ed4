# Two commands do all the set-up: `make solve` and `make test`.
SHELL := bash
.DEFAULT_GOAL := help
VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --progress-bar off --constraint constraints.txt
ARGS ?=
# Which torch to install, for instance TORCH_ARGS="torch==2.13.0 --index-url ..."; an installed one is kept.
TORCH_ARGS ?= torch==2.13.0
export RAY_USAGE_STATS_ENABLED := 0
export PYTHONUNBUFFERED := 1

.PHONY: help install solve serve train torch test cluster-test check format bench cluster-install clean

help:  ## Show what make can do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(VENV)/.run  ## Install what solving needs into .venv (0.6 GB; no torch, no Chromium)

solve: $(VENV)/.run  ## Solve a handful of WebArena-Verified tasks on the embedded forum; ARGS="--help" for more
	@$(PY) -m scripts.solve $(ARGS)

serve: $(VENV)/.run  ## Look at the embedded sites in your own browser
	@$(PY) -m scripts.serve_sites $(ARGS)

train: $(VENV)/.run  ## Train agents, plan policy, both in turns (ten minutes); ARGS="--help" for more
	@$(MAKE) --no-print-directory torch
	@$(PY) -c 'import scipy, matplotlib, tensorboardX' 2>/dev/null || $(PIP) scipy matplotlib tensorboardX
	@OPENBLAS_NUM_THREADS=1 $(PY) -m scripts.train $(ARGS)

torch: $(VENV)/.run
	@$(PY) -c 'import torch' 2>/dev/null || { echo "· installing torch for the learners"; $(PIP) $(TORCH_ARGS); }

test: $(VENV)/.dev  ## Run all tests but those that need a key, a local model or a cluster
	@$(MAKE) --no-print-directory torch
	@scripts/ensure_chromium.sh $(PY)
	@$(PY) -m pytest -m "not key and not local_llm and not cluster" --durations=10 $(ARGS)

cluster-test: $(VENV)/.dev $(VENV)/.cluster  ## Build a cluster of hosts on this machine, use it, break it (needs root)
	@$(PY) -m scripts.cluster_test $(ARGS)

check: $(VENV)/.dev  ## Check format, lint, types and the arrows between rooms
	@echo "· ruff format"; $(PY) -m ruff format --check .
	@echo "· ruff check"; $(PY) -m ruff check .
	@echo "· arrows between rooms"; $(VENV)/bin/lint-imports --cache-dir .import_linter_cache
	@echo "· mypy --strict"; $(PY) -m mypy

format: $(VENV)/.dev  ## Format and fix what can be fixed
	@$(PY) -m ruff format . && $(PY) -m ruff check --fix .

bench: $(VENV)/.dev  ## Measure and write docs/benchmarks.md
	@$(MAKE) --no-print-directory torch
	@scripts/ensure_chromium.sh $(PY)
	@$(PY) -m scripts.bench $(ARGS)

cluster-install: $(VENV)/.cluster

clean:  ## Remove .venv, caches and run folders
	rm -rf $(VENV) runs build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.run: pyproject.toml constraints.txt
	@scripts/ensure_venv.sh $(VENV)
	@echo "· installing what solving needs (about a minute)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "· installing what tests and checks need"
	@$(PIP) --editable ".[dev,browser,bench]"
	@touch $@

$(VENV)/.cluster: $(VENV)/.run
	@echo "· installing what a node of a cluster needs"
	@$(PIP) --editable ".[browser,cluster]"
	@touch $@
