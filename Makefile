# ACM: every target sets up what it needs; nothing is done twice. `make` alone lists the targets.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# Other processes of the test run; browser tests drive one browser and run alone.
WORKERS ?= 2
CHECKED := acm $(wildcard plugins)
SOURCES := $(CHECKED) tests tools frontend/build.py frontend/npm.py frontend/onest.py $(wildcard benchmarks migrations)

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-core test-browser check format bench lock clean

help:
	@echo "make run     set up, migrate, load the demo company, serve on http://127.0.0.1:$(PORT)"
	@echo "make test    everything, with the browser; on PostgreSQL too if ACM_TEST_DATABASE_URL is set"
	@echo "make check   format, lint, types, layers, sizes"
	@echo "make bench   measure against the budgets"
	@echo "make format  put the code into shape; make lock: resolve the dependencies anew; make clean"

setup:
	@$(PYTHON) tools/setup.py

setup-dev:
	@$(PYTHON) tools/setup.py --dev

run: setup
	@exec $(BIN)/acm run --port $(PORT)

test: setup-dev
	@$(BIN)/python tools/run_tests.py --workers $(WORKERS)

test-core: setup-dev
	@$(BIN)/python tools/run_tests.py --workers $(WORKERS) --only core

test-browser: setup-dev
	@$(BIN)/python tools/run_tests.py --workers $(WORKERS) --only browser

check: setup-dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy --strict $(CHECKED)
	$(BIN)/lint-imports
	$(BIN)/python tools/budgets.py

format: setup-dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: setup-dev
	@$(BIN)/python -m benchmarks

lock:
	@$(PYTHON) tools/lock.py

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis acm/web/static frontend/node_modules
