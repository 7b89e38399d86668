# Everything a person does with this repository. `make help` lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test test-shuffled test-ray check format lint types floors docs sdk-suite clients mirror bench lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "suffice needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/.dev: $(BIN)/.run requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(BIN)/.run ## Set everything up and run the main job offline, on recorded answers
	$(BIN)/suffice demo

# Tests of real processes wait most of their time: they run beside the others, and are shown after them.
PROCESSES := tests/gateway tests/gateway_faults tests/gateway_account tests/journeys tests/clients

test: $(BIN)/.dev ## Set everything up and run the tests; their result depends on the change alone
	@$(BIN)/python -m tools.run_tests $(PROCESSES)

# Order, examples and hashes stay the same in `make test`: chance fails no change it has nothing to do with.
test-shuffled: $(BIN)/.dev ## The tests in a new order with new examples (SEED=... as one that failed)
	@$(BIN)/python -m tools.run_tests --shuffled $(if $(SEED),--seed $(SEED)) $(PROCESSES)

.venv-ray/.ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv-ray
	.venv-ray/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt -r requirements/run.txt
	.venv-ray/bin/python -m pip install -q --disable-pip-version-check --no-build-isolation -e '.[ray]'
	@touch $@

test-ray: .venv-ray/.ready ## Set Ray up in an environment of its own and kill its workers
	.venv-ray/bin/python -m pytest tests/adapters/workers/test_ray.py -p no:randomly -W ignore::pytest.PytestUnraisableExceptionWarning

check: $(BIN)/.dev lint types floors test docs ## All that CI checks: format, lint, types, floors, tests, docs

format: $(BIN)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

lint: $(BIN)/.dev ## Format, lint, spelling, unused code and dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell src tests docs bench tools README.md CONTRIBUTING.md
	$(BIN)/vulture
	$(BIN)/deptry src

types: $(BIN)/.dev ## Strict types, tests included
	$(BIN)/mypy

floors: $(BIN)/.dev ## The import contracts
	$(BIN)/lint-imports

docs: $(BIN)/.dev ## Documentation that states facts is regenerated and must not differ
	$(BIN)/python tools/check_docs.py

sdk-suite: $(BIN)/.dev ## The provider's own tests of its Python SDK, through the gateway
	$(BIN)/python -m tools.sdk_suite

clients: $(BIN)/.dev ## Clients of other makers through the gateway (on demand, 2 GB; node 20 for some)
	$(BIN)/python -m tools.client_zoo

mirror: $(BIN)/.dev ## The tail of the house: largest file, longest function, circles, start-up time
	$(BIN)/python tools/mirror.py

bench: $(BIN)/.dev ## The benchmarks, as ratios beside the plain alternative
	$(BIN)/python -m bench

lock: ## Refresh requirements/*.txt (needs uv)
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --group build pyproject.toml -o requirements/run.txt
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --group dev pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 requirements/sdk-suite.in -o requirements/sdk-suite.txt

clean: ## Remove the environment and caches
	rm -rf $(VENV) .venv-ray .mypy_cache .ruff_cache .hypothesis build dist
