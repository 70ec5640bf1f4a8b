# One command for each thing one does with the project; `make help` lists them. Running one again is quick and harmless.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 5000
PYTEST_ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
VENDOR := portal/static/vendor
GOVUK := node_modules/govuk-frontend/dist/govuk
UV := build/lock/bin/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# Thousands of throw-away databases: in memory where there is room for them, which halves the time of the tests.
SCRATCH := $(shell [ "$$(df --output=avail -m /dev/shm 2>/dev/null | tail -1)" -gt 4000 ] 2>/dev/null && [ -w /dev/shm ] \
	&& echo /dev/shm || echo "$${TMPDIR:-/tmp}")

# What WeasyPrint loads, and the fonts that its pages name.
LIBRARIES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation2

.PHONY: help
help: ## say what each command does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 18

.PHONY: install
install: system $(VENV)/.installed $(VENDOR)/.installed ## set everything up: libraries, .venv, styles
	@echo "Installed. Next: make demo"

.PHONY: demo
demo: install ## play every part with invented children (PORT=5000)
	@$(VENV)/bin/portal demo --port $(PORT)

.PHONY: test
test: dev system-dev build/pdf-check/.installed ## run all tests, on SQLite and on PostgreSQL (PYTEST_ARGS=...)
	@TMPDIR=$(SCRATCH) $(PY) -m pytest -n auto $(PYTEST_ARGS)

.PHONY: check
check: dev ## format, lint, types
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

.PHONY: bench
bench: dev system-dev ## measure imports and packs (docs/performance.md)
	@$(PY) -m tests.bench

.PHONY: format
format: dev ## put the code in shape
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

.PHONY: lock
lock: $(UV) ## write the lock files from pyproject.toml (UPGRADE=1 takes newer versions)
	echo 'setuptools>=77' | $(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml - -o requirements.lock
	$(COMPILE) $(if $(UPGRADE),--upgrade) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	echo 'outloud==0.2.1' | $(COMPILE) $(if $(UPGRADE),--upgrade) - -o requirements-pdf-check.lock
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund

# System packages. SKIP_SYSTEM=1 where they come from elsewhere.
.PHONY: system
system:
ifndef SKIP_SYSTEM
	@.ci/need $(LIBRARIES)
endif

.PHONY: system-dev
system-dev:
ifndef SKIP_SYSTEM
	@.ci/need postgresql
	@.ci/need --command chromium chromium
endif

.PHONY: dev
dev: install $(VENV)/.installed-dev

$(PY):
	@.ci/python >/dev/null || .ci/need python3-venv
	@"$$(.ci/python)" -m venv $(VENV)

# The lock pins every package with its hash; setuptools is among them, so that nothing unpinned builds our own.
$(VENV)/.installed: requirements.lock pyproject.toml | $(PY)
	@echo "Installing the locked packages into $(VENV)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing the tools of developers into $(VENV)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# The stricter PDF/UA checker brings a library under the AGPL: it lives apart, and nothing of ours imports it.
build/pdf-check/.installed: requirements-pdf-check.lock | $(PY)
	@echo "Installing the PDF/UA checker into build/pdf-check"
	@"$$(.ci/python)" -m venv build/pdf-check
	@build/pdf-check/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-pdf-check.lock
	@touch $@

node_modules/.installed: package.json package-lock.json
	@.ci/need --command npm npm
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The government's typeface is not ours to use (its licence is for GOV.UK only): its name and files are left out.
$(VENDOR)/.installed: node_modules/.installed
	@mkdir -p $(VENDOR)
	@sed -E 's/@font-face\{[^}]*\}//g; s/GDS Transport,//g; s/\/\*# sourceMappingURL.*\*\///' \
		$(GOVUK)/govuk-frontend.min.css > $(VENDOR)/govuk-frontend.min.css
	@sed -E 's/^\/\/# sourceMappingURL.*//' $(GOVUK)/govuk-frontend.min.js > $(VENDOR)/govuk-frontend.min.js
	@! grep -q 'GDS Transport' $(VENDOR)/govuk-frontend.min.css
	@touch $@

$(UV):
	@"$$(.ci/python)" -m venv build/lock
	@build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==0.9.30
