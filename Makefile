# Two commands matter: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := .venv-demo
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet
SPREAD := --numprocesses logical --dist worksteal # over all cores

.PHONY: help demo test coverage lint test-lowest test-lowest-part nightly mutation golden docs pictures year lock audit-dependencies dist bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: $(DEMO)/bin/scimaudit ## audit a fictional company whose apps are real SCIM services on this machine
	@$(DEMO)/bin/scimaudit demo --output scimaudit-demo

# Coverage makes a test half as slow again: those run under it that must cover the parts where a false clean could hide.
COVERED := cli/test_providers.py contracts correlate demo faults/test_scenarios.py golden live/test_five_rosters.py policy \
	renderers rules snapshot sources transport view
test: $(VENV)/.ready ## run the whole suite with lint, types and coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest $(COVERED:%=tests/%) $(SPREAD) $(PYTEST_ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python tests/coverage_floor.py listing correlation rules encoders
	$(BIN)/python -m pytest $(COVERED:%=--ignore=tests/%) $(SPREAD) $(PYTEST_ARGS)

coverage: $(VENV)/.ready ## the whole suite under coverage, and all floors
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

# What tells little about versions of libraries: pages and sources that are read as text, the tests' own tools, real
# servers that stand in for others, how often something is tried, and what became of findings over many audits, each of
# which uses libraries as the demonstration does, whose files are compared byte by byte. The main run has all of it, and
# so has the target above. A folder that is new runs here until it is named.
ELSEWHERE := cli/test_answers.py crash demo drill evidence/test_kill.py evidence/test_pack.py \
	evidence/test_replay.py evidence/test_replay_sources.py evidence/test_retention.py evidence/test_seal.py faults \
	history live remediation renderers/test_browser.py review supply test_audit.py test_docs.py test_figures.py \
	test_layering.py test_packaging.py test_review.py test_safety_gates.py test_static.py year
test-lowest-part: .venv-lowest/.ready ## of that what versions of libraries can change
	.venv-lowest/bin/python -m pytest -m "not needs and not reliability" $(ELSEWHERE:%=--ignore=tests/%) $(SPREAD) $(PYTEST_ARGS)

golden: $(VENV)/.ready ## write sample-data/expected anew
	$(BIN)/python -m pytest tests/golden --update-golden

docs: $(VENV)/.ready ## write the generated pages anew
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.faults.table --write
	$(BIN)/python -m scimaudit.renderers._schema > docs/report-schema.json

pictures: demo $(VENV)/.ready ## take the pictures of the README anew
	$(BIN)/python docs/pictures.py scimaudit-demo

year: $(VENV)/.ready ## play a company's year on real servers: joiners, movers, leavers, four reviews
	$(BIN)/python -m pytest tests/year

nightly: $(VENV)/.ready ## every fault, kill, flip and hostile string at full size; writes docs/reliability.md
	SCIMAUDIT_NIGHTLY=1 $(BIN)/python -m pytest -m reliability --write-reliability $(SPREAD) $(PYTEST_ARGS)

mutation: $(VENV)/.ready ## break what a false clean could hide in, one change at a time: does a test fail each time?
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mutmut run
	$(BIN)/python -m tests.mutation.report --write-reliability

bench: $(VENV)/.ready ## measure; see docs/performance.md
	$(BIN)/python -m benchmarks

lock: ## resolve the pinned dependencies anew (needs uv)
	$(COMPILE) --group dev --output-file requirements/dev.lock
	$(COMPILE) --group dev --resolution lowest-direct --upgrade --output-file requirements/lowest.lock
	$(COMPILE) --constraint requirements/dev.lock --output-file requirements/run.lock
	$(COMPILE) --constraint requirements/dev.lock --all-extras --output-file requirements/extras.lock

audit-dependencies: $(VENV)/.ready ## ask an advisory service about every pin; fails where it cannot be asked
	$(BIN)/python -m requirements.audit $(AUDIT_ARGS)

dist: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
dist: $(VENV)/.ready ## build the wheel, the sdist and a CycloneDX bill of materials
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python -m requirements.sbom dist

clean: ## remove environments and caches
	rm -rf .venv .venv-demo .venv-lowest .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis mutants scimaudit-demo

# Compiled is what is imported, when it is: that is a small part of what is installed.
# Its script comes last: it is there only when everything is.
$(DEMO)/bin/scimaudit:
	@$(PYTHON) -m venv $(DEMO)
	@$(DEMO)/bin/python -m pip install --quiet --no-compile --require-hashes --requirement requirements/run.lock
	@$(DEMO)/bin/python -m pip install --quiet --no-compile --no-deps .

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes --requirement requirements/dev.lock
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	touch $@

.venv-lowest/.ready: requirements/lowest.lock pyproject.toml
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --no-compile --no-deps --require-hashes --requirement requirements/lowest.lock
	.venv-lowest/bin/python -m pip install --quiet --no-compile --no-deps --no-build-isolation --editable .
	.venv-lowest/bin/python -m pip check
	touch $@
