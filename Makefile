# Everything that one types: `make run` starts Etappe, `make test` runs all tests.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
           --no-emit-index-url --no-emit-find-links

.PHONY: setup run test fuzz torture lint format bench demo demo-olist lock clean chromium tracker dashboard-vendor

setup: $(VENV)/.run.stamp

$(VENV)/.run.stamp: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Etappe needs $(PYTHON): install it, or say make PYTHON=/path/to/python"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.dev.stamp: requirements-dev.lock $(VENV)/.run.stamp
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

run: setup
	$(BIN)/etappe up

# The SDKs of Node and of browsers, for the tests that point them at the collector.
NODE_STAMPS := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard tests/*/node*/package-lock.json))

%/node_modules/.package-lock.json: %/package-lock.json
	@command -v npm >/dev/null || { echo "The tests of the SDKs need npm (Node 20): install it"; exit 1; }
	cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The browsers' tests need Chromium; without it they are skipped.
chromium:
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }

# What pages load is made of ingest/tracker/etappe.js; a test says whether that was done.
tracker: tests/browser/node/node_modules/.package-lock.json
	cd tests/browser/node && npm run --silent minify > ../../../ingest/tracker/etappe.min.js

# What the dashboard has from others, with versions and licences: its charts (made of query_api/dashboard/charts.mjs)
# and its font. `npm update` in tests/browser/node before it takes newer ones.
STATIC := query_api/dashboard/static
FROM_NPM := tests/browser/node/node_modules

dashboard-vendor: tests/browser/node/node_modules/.package-lock.json
	cd tests/browser/node && npm run --silent charts > ../../../$(STATIC)/vendor/echarts.js
	cp $(FROM_NPM)/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2 $(STATIC)/fonts/inter-latin.woff2
	cat $(FROM_NPM)/echarts/LICENSE $(FROM_NPM)/echarts/NOTICE > $(STATIC)/vendor/echarts-licence.txt
	cp $(FROM_NPM)/zrender/LICENSE $(STATIC)/vendor/zrender-licence.txt
	cp $(FROM_NPM)/tslib/LICENSE.txt $(STATIC)/vendor/tslib-licence.txt
	cp $(FROM_NPM)/@fontsource-variable/inter/LICENSE $(STATIC)/fonts/inter-licence.txt
	cd tests/browser/node && npm ls --all echarts zrender tslib @fontsource-variable/inter --parseable --long \
	  | sed -n 's/^.*:\(@\{0,1\}[^:@]*@[0-9][^:]*\).*$$/\1/p' | sort -u > ../../../$(STATIC)/vendor/versions.txt

# Twice as many files of tests at a time as there are cores, since many of them wait for services that they started.
# Pass options to pytest as in `make test TESTS="tests/unit -k funnel"`.
WORKERS ?= $(shell echo $$(( 2 * $$(getconf _NPROCESSORS_ONLN) )))

test: $(VENV)/.dev.stamp $(NODE_STAMPS)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

# Hostile input at length: every case by hand, and this many examples of each operation of the OpenAPI documents.
EXAMPLES ?= 1000

fuzz: $(VENV)/.dev.stamp
	ETAPPE_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -s tests/fuzz

# Every fault in full, at this load: prints the table of docs/reliability.md, or writes it there with
# TORTURE="--write docs/reliability.md". Some of it with TORTURE="--only broker", what is left with TORTURE=--go-on.
torture: $(VENV)/.dev.stamp
	cd tests && PYTHONPATH=.:acceptance ../$(BIN)/python -m torture $(TORTURE)

lint: $(VENV)/.dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev.stamp
	$(BIN)/python -m bench

demo: setup
	$(BIN)/etappe demo

# Where the two files of the data set lie: make demo-olist DATA=/some/folder
DATA ?= $(or $(ETAPPE_TEST_DATA),../shared/data)

demo-olist: setup
	ETAPPE=$(CURDIR)/$(BIN)/etappe docs/examples/olist/run.sh $(DATA)

# The run-time lock is a part of the development lock, so that both install the same versions.
lock: $(VENV)/.dev.stamp
	$(COMPILE) --upgrade --group pyproject.toml:dev pyproject.toml -o requirements-dev.lock
	$(COMPILE) --upgrade -c requirements-dev.lock pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/*/node*/node_modules
