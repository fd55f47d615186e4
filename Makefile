# `make` alone shows what there is. Everything Python lives in .venv; ministack pins botocore, so it has a venv of its own.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Some images turn off the caches of compiled code; without them every process compiles all its libraries anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
T ?= tests
# Most of the tests' time is waiting for leases and for Terraform, so there are more workers than cores.
WORKERS ?= 4

##@ Use

.PHONY: up
up: setup  ## Set up what is missing and start everything; prints the address. Repeating it is harmless.
	@$(PY) -m infra.local up

.PHONY: down
down: setup  ## Stop everything and reset store and cloud.
	@$(PY) -m infra.local down

.PHONY: demo
demo: setup  ## Deploy a model, use it, break it, delete it; starts the platform if it is not up.
	@$(PY) -m infra.local.demo

.PHONY: status
status: setup  ## One line for each process.
	@$(PY) -m infra.local status

.PHONY: logs
logs: setup  ## Follow the logs; S=agent for one process.
	@$(PY) -m infra.local logs $(S)

.PHONY: dead-letters
dead-letters: setup  ## Show dead-lettered messages with their reasons; Q=queue for one queue.
	@$(PY) -m infra.local run -- $(PY) -m services.chassis.queues dead-letters $(if $(Q),--queue $(Q))

.PHONY: redrive
redrive: setup  ## Send dead-lettered messages again; Q=queue for one queue.
	@$(PY) -m infra.local run -- $(PY) -m services.chassis.queues redrive $(if $(Q),--queue $(Q))

##@ Develop

.PHONY: dev
dev: up  ## As up, then follow the logs; edit, and `make restart S=agent` runs the new code.
	@$(PY) -m infra.local logs

.PHONY: restart
restart: setup  ## Restart one process with the code as it is now: S=agent.
	@$(PY) -m infra.local restart $(S)

.PHONY: test
test: setup .venv-scan/.ready  ## Run the tests side by side; T=tests/unit/auth runs just these, one after the other.
	@$(PY) -m pytest $(if $(filter tests,$(T)),-n $(WORKERS)) $(T)

.PHONY: check
check: setup  ## Everything CI runs: format, lint, types, import rules, contract files, unit tests.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PY) -m docs.generate --check
	$(PY) -m docs.research --check
	$(PY) -m pytest -q tests/unit tests/contracts

.PHONY: scan
scan: setup .venv-scan/.ready  ## Judge every written stack and its policies: checkov, parliament, cloudsplaining, terraform validate.
	@$(PY) -m pytest -q tests/infra/scan

.PHONY: fmt
fmt: setup  ## Format and fix what can be fixed.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: setup  ## Time what we promise, beside a baseline each; B="selection http" picks parts.
	@$(PY) -m tests.bench $(B)

.PHONY: bench-peers
bench-peers: setup .venv-peers/.ready  ## Compare answers and times with SkyPilot and gpuhunt on the same prices.
	@$(PY) -m tests.bench.peers

.PHONY: contracts
contracts: setup  ## Write the JSON Schema, OpenAPI and documentation files anew.
	@$(PY) -m docs.generate

.PHONY: stack-pages
stack-pages: setup  ## Write anew what the pages on infrastructure show of the stacks.
	@$(PY) -m docs.stacks

.PHONY: research
research: setup  ## Write the pages, tables and plots on models, hardware and prices anew from the catalogue.
	@$(PY) -m docs.research

.PHONY: prices
prices: setup  ## Write the price snapshot anew, from the clouds that there are credentials for.
	@$(PY) -m services.pricing prices refresh --out services/pricing/facts/data

.PHONY: synth
synth: setup  ## Write one stack of each kind as Terraform JSON to cdktf.out, and all modules.
	@$(PY) -m infra.cdktf synth --out cdktf.out
	@$(PY) -m infra.modules --out cdktf.out/modules

.PHONY: modules
modules: setup  ## Write the Terraform modules anew from the constructs, to terraform/modules.
	@$(PY) -m infra.modules

##@ Set up

.PHONY: setup
setup: .venv/.ready .venv-ministack/.ready  ## Build the virtual environments from the hashed lock files.
	@:

# uv is the one package pip installs, at the version and with the hashes of the lock file.
.venv/.ready: requirements/dev.lock
	@$(PYTHON) -m infra.local.machine
	@echo "Setting up .venv (once; later starts skip this)"
	@$(PYTHON) -m venv .venv
	@awk '/^uv==/ { on = 1 } on { print } on && !/\\$$/ { exit }' $< > .venv/uv.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(PY) --require-hashes $<
	@touch $@

.venv-ministack/.ready: requirements/ministack.lock .venv/.ready
	@$(BIN)/uv venv --quiet --allow-existing --python $(PYTHON) .venv-ministack
	@$(BIN)/uv pip sync --quiet --python .venv-ministack/bin/python --require-hashes $<
	@touch $@

.venv-scan/.ready: requirements/scan.lock .venv/.ready
	@$(BIN)/uv venv --quiet --allow-existing --python $(PYTHON) .venv-scan
	@$(BIN)/uv pip sync --quiet --python .venv-scan/bin/python --require-hashes $<
	@touch $@

.venv-peers/.ready: requirements/peers.lock .venv/.ready
	@$(BIN)/uv venv --quiet --allow-existing --python $(PYTHON) .venv-peers
	@$(BIN)/uv pip sync --quiet --python .venv-peers/bin/python --require-hashes $<
	@touch $@

.PHONY: lock
lock: setup  ## Resolve requirements/*.in anew into lock files with hashes and without addresses.
	@for name in runtime dev ministack peers scan; do \
		$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header \
			--no-emit-index-url --no-emit-find-links -o requirements/$$name.lock requirements/$$name.in; \
	done

.PHONY: help
help:  ## Show this.
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
