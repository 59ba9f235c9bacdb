# `make demo` and `make test` need Python >= 3.11 and git, nothing else. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
BENCHMARKS := journey alternatives sizes reading text codecs scan audit watching layouts drafting start definitions \
	matrix idle_tick burst backfill growth

.PHONY: help setup demo test lint types check clients bench guard lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, e.g. make setup PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: .venv/installed ## make .venv with the locked dependencies and pharma-assets in it

demo: setup ## the whole main job, on an embedded PostgreSQL, with the real daemon and sensor
	$(BIN)/pharma-assets demo

test: setup ## every test tier
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

check: lint types test guard ## what CI runs before the demo

clients: setup ## check every layout and run every golden example
	$(BIN)/pharma-assets client check

bench: setup ## measure everything against its floor and target, renew docs/performance.md; two hours and 45 GB
	missed=; for part in $(BENCHMARKS); do BENCHMARK_KEEP=$$part $(BIN)/python -m benchmarks.$$part || missed="$$missed $$part"; done; \
		$(BIN)/python -m benchmarks.page; test -z "$$missed" || { echo "missed:$$missed"; exit 1; }

guard: setup ## the benchmarks' short form, beside the committed baseline
	$(BIN)/python -m benchmarks.guard

lock: setup ## resolve requirements.lock anew (needs `pip install uv`)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--python-version 3.11 --extra dev --output-file requirements.lock pyproject.toml

clean: ## remove what the targets above made (not a PHARMA_HOME elsewhere)
	-$(BIN)/pharma-assets demo --remove
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
