.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SERVE ?= 1
PORT ?= 8000
WORKERS ?= 3
# Where it is set, each of hundreds of processes compiles every module for itself.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test test-all test-platforms check format migration openapi openapi-lint numbers requirements wheels bench-run bench-machines bench-run-before bench-startup bench-forecast bench-totals bench-segments bench-changes bench-campaigns bench-search bench-bounds bench-serve bench-pages pictures bench-fresh clean

help: ## List the commands.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-16s %s\n", $$1, $$2}'

setup: $(READY) ## Make .venv with all that running, testing and benchmarking need.

$(READY): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make setup PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(READY)

demo: $(READY) ## Cluster a real shop in SQLite, print its segments, serve them (PORT=8000, SERVE=0: do not).
	$(BIN)/python -m backend demo --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(READY) ## Run the tests, against real PostgreSQL, MariaDB, Redis and Chromium (WORKERS=3).
	$(BIN)/python -m pytest -n $(WORKERS) -m "not long"

test-all: $(READY) ## Run all tests, those that take long too.
	$(BIN)/python -m pytest -n $(WORKERS)

test-platforms: $(READY) ## Let Medusa itself sell, and read what it wrote (needs Node 20 or newer and npm's registry).
	$(BIN)/python -m pytest -n 0 --log-cli-level=INFO tests/platforms/medusa_as_installed.py

check: $(READY) ## Lint, format check, types, layers.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Format the code and fix what can be fixed.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migration: $(READY) ## Write the migration that our tables lack (NAME="What it is for").
	@test -n "$(NAME)" || { echo 'Say what it is for: make migration NAME="How often customers order"'; exit 2; }
	$(BIN)/python -m tests.store.new_migration "$(NAME)"
	$(BIN)/ruff check --quiet --fix migrations
	$(BIN)/ruff format --quiet migrations

openapi: $(READY) ## Write the OpenAPI snapshot anew.
	$(BIN)/python -m tests.api.renew_snapshot

openapi-lint: ## Hold the OpenAPI snapshot against Spectral's rules (needs npx).
	npx --yes @stoplight/spectral-cli lint tests/api/openapi.json --ruleset .spectral.yaml --fail-severity error

numbers: $(READY) ## Write the docs' table of a customer's numbers anew.
	$(BIN)/python -m tests.results.table_of_numbers

requirements: $(READY) ## Compile the pinned requirements anew.
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header -c requirements-dev.txt examples/requirements.in -o examples/requirements.txt
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header -c requirements-dev.txt requirements-dask.in -o requirements-dask.txt

wheels: $(READY) ## See that requirements.txt installs without a compiler, on every Python and both processors.
	@for python in 3.11 3.12 3.13 3.14; do for processor in x86_64 aarch64; do \
		$(BIN)/uv pip install --quiet --dry-run --only-binary :all: --require-hashes --target $(VENV)/.wheels \
			--python-version $$python --python-platform $$processor-manylinux_2_28 -r requirements.txt \
			&& echo "Python $$python, $$processor: every package has a wheel" || exit 1; \
	done; done

bench-run: $(READY) ## Time runs beside their floors, 100,000 and 1,000,000 customers (BIG=1: 5,000,000; ARGS=postgresql).
	$(BIN)/python -m bench.run_sizes $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m bench.run_machines)

bench-machines: $(READY) ## Time a run in one process and two, over one Dask worker and two (ARGS="--customers 100000").
	$(BIN)/python -m bench.run_machines $(ARGS)

bench-run-before: $(READY) ## Time a whole run over CDNOW's 24,000 customers (ARGS="--before CHECKOUT").
	$(BIN)/python -m bench.run $(ARGS)

bench-startup: $(READY) ## Weigh a web process and its start beside a bare FastAPI app.
	$(BIN)/python -m bench.startup

bench-forecast: $(READY) ## Score the forecasts beside their peers (ARGS="--peers --speed").
	$(BIN)/python -m bench.forecast $(ARGS)

bench-totals: $(READY) ## Judge totals of whole shops beside rules and peers (ARGS="--peers --seeds 0 1 --essec ORDERS.parquet").
	$(BIN)/python -m bench.totals $(ARGS)

bench-segments: $(READY) ## Judge the segments beside RFM groups, on real, planted and noise shops.
	$(BIN)/python -m bench.segments $(ARGS)

bench-changes: $(READY) ## Count the rows a follower copies after a night without orders.
	$(BIN)/python -m bench.changes $(ARGS)

bench-campaigns: $(READY) ## See whether campaigns keep their word, made up on real shops (ARGS="--draws 1000").
	$(BIN)/python -m bench.campaigns $(ARGS)

bench-search: $(READY) ## Time searches beside profiles, a million customers (ARGS="--customers 100000 mariadb sqlite").
	$(BIN)/python -m bench.search $(ARGS)

bench-bounds: $(READY) ## Print what bounds, headers, ids and limits cost beside a bare route.
	$(BIN)/python -m bench.bounds_cost

bench-serve: $(READY) ## Measure answers beside floors of the same call (CUSTOMERS=100000; ARGS=--others).
	$(BIN)/python -m bench.serve $(ARGS)

bench-pages: $(READY) ## Measure pages beside the API answers that say the same (CUSTOMERS=100000).
	$(BIN)/python -m bench.pages

pictures: $(READY) ## Take the README's pictures of the pages anew, in Chromium.
	$(BIN)/python -m tests.web.pictures
bench-fresh: $(READY) ## Measure scores of this minute beside a SELECT of the orders (CUSTOMERS=1000000).
	$(BIN)/python -m bench.fresh

clean: ## Remove what the commands made.
	rm -rf $(VENV) intelligence-demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
