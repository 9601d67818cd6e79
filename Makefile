# Two commands matter: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := .venv-demo
SPREAD := --numprocesses logical --dist worksteal # over all cores

.PHONY: help demo test lint test-lowest nightly mutation golden docs pictures year lock bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: ## audit a fictional company whose apps are real SCIM services on this machine
	@test -x $(DEMO)/bin/scimaudit || { $(PYTHON) -m venv $(DEMO) && $(DEMO)/bin/python -m pip install --quiet .; }
	@$(DEMO)/bin/scimaudit demo --output scimaudit-demo

test: $(VENV)/.ready ## run the whole suite with lint, types and coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(SPREAD) $(PYTEST_ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python tests/coverage_floor.py

lint: $(VENV)/.ready ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test-lowest: .venv-lowest/.ready ## the suite with the lowest versions that pyproject.toml allows
	.venv-lowest/bin/python -m pytest -m "not needs" $(SPREAD) $(PYTEST_ARGS)

golden: $(VENV)/.ready ## write sample-data/expected anew
	$(BIN)/python -m pytest tests/golden --update-golden

docs: $(VENV)/.ready ## write the generated pages anew
	$(BIN)/python docs/generate.py
	$(BIN)/python -m scimaudit.renderers._schema > docs/report-schema.json

pictures: demo $(VENV)/.ready ## take the pictures of the README anew
	$(BIN)/python docs/pictures.py scimaudit-demo

year: $(VENV)/.ready ## play a company's year on real servers: joiners, movers, leavers, four reviews
	$(BIN)/python -m pytest tests/year

nightly: $(VENV)/.ready ## every fault, kill, flip and hostile string at full size; writes docs/reliability.md
	SCIMAUDIT_NIGHTLY=1 $(BIN)/python -m pytest -m reliability --write-reliability $(SPREAD) $(PYTEST_ARGS)

mutation: $(VENV)/.ready ## break what a false clean could hide in, one change at a time: does a test fail each time?
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mutmut run
	$(BIN)/python tests/mutation/report.py

bench: $(VENV)/.ready ## measure; see docs/performance.md
	$(BIN)/python -m benchmarks

lock: ## resolve the pinned dependencies anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements/dev.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --resolution lowest-direct --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet --output-file requirements/lowest.lock

clean: ## remove environments and caches
	rm -rf .venv .venv-demo .venv-lowest .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis mutants scimaudit-demo

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv-lowest/.ready: requirements/lowest.lock pyproject.toml
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --no-deps --require-hashes --requirement requirements/lowest.lock
	.venv-lowest/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
