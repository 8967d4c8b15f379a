# Crisis Liaison. `make` alone lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
# Shared by all recipes: unit tests must not depend on the caller's settings
export PYTHONDONTWRITEBYTECODE := 1
ifeq ($(CI),true)
export LIAISON_REQUIRE_KAFKA := 1
endif

# Runs a ring. One without tests yet says so and passes; pytest's code 5 (nothing collected) is the same case.
define ring
@echo "== $(1)"
@folders=$$(for folder in $(2); do [ ! -d $$folder ] || echo $$folder; done); \
if [ -z "$$folders" ]; then echo "   no tests in this ring yet"; exit 0; fi; \
$(BIN)/python -m pytest -q $(3) $$folders || { code=$$?; [ $$code = 5 ] && echo "   no tests in this ring yet"; }
endef

.PHONY: help setup demo test alarms lint house types imports unit integration faults browser bench lock supply clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

$(STAMP)-runtime: deploy/python/try.lock pyproject.toml
	@echo "== Python packages (runtime)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --require-hashes -r deploy/python/try.lock
	@$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@

$(STAMP)-test: deploy/python/test.lock $(STAMP)-runtime
	@echo "== Python packages (tests)"
	@$(BIN)/python -m pip install -q --require-hashes -r deploy/python/test.lock
	@touch $@

$(STAMP)-chromium:
	@echo "== Chromium (Debian)"
	@bash deploy/chromium/install
	@touch $@

$(STAMP)-typescript: deploy/typescript/package-lock.json deploy/typescript/install $(STAMP)-runtime
	@echo "== TypeScript (npm)"
	@bash deploy/typescript/install
	@touch $@

$(STAMP)-kafka: deploy/kafka/pom.xml deploy/kafka/install $(STAMP)-runtime
	@echo "== Apache Kafka (Maven Central)"
	@bash deploy/kafka/install
	@if compgen -G '.cache/kafka/libs/kafka_2.13-*.jar' >/dev/null; then touch $@; fi

setup: $(STAMP)-test $(STAMP)-typescript $(STAMP)-chromium $(STAMP)-kafka ## Install all that the tests need (quick the second time)

demo: $(STAMP)-runtime ## A day of London on this machine, with the console's address
	@$(BIN)/liaison demo

test: setup lint types imports unit integration faults browser ## Every check and every test
	@echo "== all rings passed"

lint: $(STAMP)-test ## Style, and names that nobody uses
	@echo "== lint"; $(BIN)/ruff check .; $(BIN)/ruff format --check .
	@$(BIN)/python -m tests.dead_names

house: $(STAMP)-test ## How the code reads, measured; with WORST=20 where to begin
	@$(BIN)/python -m tests.house --worst $(or $(WORST),0)

types: $(STAMP)-test $(STAMP)-typescript ## Types, strict: Python, and the console's scripts
	@echo "== types"; $(BIN)/mypy
	@deploy/typescript/node_modules/.bin/tsc -p deploy/typescript

imports: $(STAMP)-test ## Imports point inward
	@echo "== imports"; PYTHONPATH=. $(BIN)/lint-imports

unit: $(STAMP)-test ## Unit and property tests; no sockets
	$(call ring,unit and property,tests/unit tests/property,-n logical)

integration: setup ## Real PostgreSQL and Kafka
	$(call ring,integration,tests/integration,-n 2 --dist loadfile)

faults: setup ## Kills and cuts
	$(call ring,faults,tests/faults,-n 2 --dist worksteal)

browser: setup ## Real Chromium, axe
	$(call ring,browser,tests/browser,-n 2 --dist loadfile)

alarms: ## Fire the alarms' rules: needs promtool (Debian: package prometheus), or PROMTOOL=…
	@echo "== alarms"
	@$(or $(PROMTOOL),promtool) check rules deploy/prometheus/liaison.rules.yml
	@$(or $(PROMTOOL),promtool) test rules deploy/prometheus/liaison.tests.yml

bench: setup ## Timed; never part of `make test`
	$(call ring,bench,tests/benchmarks,-s)

COMPILE = $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
lock: ## Make the lock files anew from pyproject.toml
	@$(BIN)/python -m pip install -q uv
	@$(COMPILE) pyproject.toml -o deploy/python/runtime.lock
	@$(COMPILE) --extra try pyproject.toml -o deploy/python/try.lock
	@$(COMPILE) --extra try --extra train pyproject.toml -o deploy/python/train.lock
	@$(COMPILE) --extra try --extra test pyproject.toml -o deploy/python/test.lock
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["supply"], sep="\n")' \
	  | $(COMPILE) - -o deploy/python/supply.lock

supply: ## What the production image is made of: bill of materials, licences, known vulnerabilities
	@bash deploy/python/supply

clean: ## Remove what setup installed
	@rm -rf $(VENV) .cache *.egg-info
