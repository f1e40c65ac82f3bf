# Every target sets up what it needs: Python 3.11 or newer, pip and make are enough.
.DEFAULT_GOAL := help
SHELL := /bin/bash

MANIFEST ?= examples/manifest.csv
AS_OF ?= 2026-11-16T06:00:00Z
SERVE ?= 1
OUT ?= out

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := .venv/bin/
export UV_PYTHON_DOWNLOADS ?= never

.PHONY: help setup run test check format docs bench bench-training bench-ledgers soak wheel clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.uv/bin/uv:
	@echo "fetching uv with pip …"
	@python3 -m pip install --quiet --disable-pip-version-check --target .uv uv

.venv/ready: pyproject.toml uv.lock | $(UV)
	@$(UV) sync --frozen --quiet
	@touch .venv/ready

setup: .venv/ready ## install everything into .venv, as locked

run: .venv/ready ## score the example manifest, write the report, then serve on 127.0.0.1:8000 (SERVE=0: do not)
	@mkdir -p $(OUT)
	@$(RUN)riskscore score $(MANIFEST) --as-of $(AS_OF) -o $(OUT)/scored.parquet --report $(OUT)/report.html
	@if [ "$(SERVE)" != 0 ]; then $(RUN)riskscore serve --host 127.0.0.1 --port 8000; fi

test: .venv/ready ## run all tests
	@$(RUN)python -m pytest

check: .venv/ready ## ruff, mypy --strict, and every test inside packs and lexicons
	@$(RUN)ruff check .
	@$(RUN)ruff format --check --quiet . || (echo "run: make format"; exit 1)
	@$(RUN)mypy
	@$(RUN)riskscore check

format: .venv/ready ## let ruff put the code in order
	@$(RUN)ruff check --fix --quiet . ; $(RUN)ruff format --quiet .

docs: .venv/ready ## write the pages that are made from the schema
	@$(RUN)python -m riskscore.documents

bench: .venv/ready ## one million simulated parcels to explained Parquet, against a polars pass and bare predict_proba
	@$(RUN)python -m benchmarks.throughput

bench-training: .venv/ready ## both axes on a million rows of 150 inputs, and how long simulating a million parcels takes
	@$(RUN)python -m benchmarks.training

bench-ledgers: .venv/ready ## a million ledgers add up, and no batch size or number of threads shows in the bytes
	@$(RUN)python -m benchmarks.ledgers

soak: .venv/ready ## score for ten minutes and watch that memory stays where it is
	@$(RUN)python -m benchmarks.soak

wheel: .venv/ready ## build the wheel into dist/
	@$(UV) build --quiet --wheel

clean: ## remove what the targets made
	rm -rf .venv .uv out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
