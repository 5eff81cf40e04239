# Everything that is done with this project by hand or in CI. `make help` lists it.
# Needs Python 3.11 or newer and nothing else; each target makes what it lacks.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# The scanners want other versions of what the service uses, so they live apart.
SCANNERS := .venv-security
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Where it is set, every start would compile all imports anew, which makes a suite of real processes several times slower.
unexport PYTHONDONTWRITEBYTECODE
PAGE := $(shell git ls-files frontend 2>/dev/null || find frontend -type f -not -path "*/node_modules/*" -not -path "*/.generated/*") hatch_build.py
PYTEST_OPTIONS ?= -n 2 --dist loadfile

.PHONY: help run test check bench security docs lock clean browser

help: ## List these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 14

run: $(VENV)/.ready-run ## Start the API, the page and the worker; prints where to look
	@exec $(BIN)/btcforecast run

test: $(VENV)/.ready-dev browser ## Run the whole suite, on SQLite and PostgreSQL, in real processes and a real browser
	@$(BIN)/python -m pytest $(PYTEST_OPTIONS) tests

check: $(VENV)/.ready-dev ## Check format, lint, types, layers, dead code and the page's sources
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/vulture
	@$(BIN)/python hatch_build.py check

bench: $(VENV)/.ready-dev ## Measure speed, memory and every promised limit; takes a quarter of an hour
	@failed=0; for bench in benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || failed=1; done; exit $$failed

security: $(VENV)/.ready-dev $(SCANNERS)/.ready ## Attack a running service with public scanners, audit dependencies, look for secrets
	@$(BIN)/python security/run.py

docs: $(VENV)/.ready-dev ## Write docs/reference and frontend/openapi.json anew from the code
	@$(BIN)/python docs/build_reference.py

lock: $(VENV)/.ready-dev ## Compile requirements/*.txt anew from pyproject.toml, with hashes and without addresses
	@for extra in worker dev; do $(BIN)/uv pip compile pyproject.toml --extra $$extra --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements/$$extra.txt; done
	@printf 'editables\nhatchling\nnodejs-wheel-binaries\n' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements/build.txt
	@printf 'bandit\ndetect-secrets\npip-audit\nsqlmap\nwapiti3\n' | $(BIN)/uv pip compile - --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements/security.txt

clean: ## Remove everything that these targets made, but not var/, which holds your data
	rm -rf $(VENV) $(SCANNERS) dist build frontend/node_modules frontend/dist src/btcforecast/web/static
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@echo "Making the Python environment in $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

# The build tools come first because the package builds its page while it is installed, with the Node that they bring.
$(VENV)/.ready-%: $(VENV)/bin/python requirements/worker.txt requirements/dev.txt requirements/build.txt pyproject.toml $(PAGE)
	@echo "Installing what $* needs; the first time takes a minute or two …"
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/$(if $(filter run,$*),worker,dev).txt
	@echo "Building the page …"
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(SCANNERS)/.ready: requirements/security.txt
	@echo "Installing the scanners …"
	@$(PYTHON) -m venv $(SCANNERS)
	@$(SCANNERS)/bin/pip --disable-pip-version-check --quiet install --require-hashes -r requirements/security.txt
	@touch $@

browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { \
	  echo "Installing Chromium for the tests of the page …"; apt-get update -qq && apt-get install -y -qq chromium >/dev/null; }; } \
	  || echo "Chromium is missing: the tests of the page will be skipped. Install it with: apt-get install chromium"
