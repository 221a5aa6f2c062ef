# Two commands matter: `make demo` and `make test`. Each makes its own .venv from hash-pinned lock files.
# `make e2e` deploys all of it into an emulated organization on this machine.
.DELETE_ON_ERROR:
.PHONY: demo test check types imports unit e2e bench fix lock clean

VENV := .venv
BIN := $(VENV)/bin
EMULATORS := .venv-emulators
PIP := -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps

$(BIN)/python:
	@python=$$(requirements/find-python.sh) && "$$python" -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python requirements/demo.txt pyproject.toml
	@echo "installing what the demo needs into $(VENV)"
	@$(BIN)/python $(PIP) -r requirements/demo.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.demo requirements/dev.txt
	@echo "installing what the tests need into $(VENV)"
	@$(BIN)/python $(PIP) -r requirements/dev.txt
	@touch $@

$(EMULATORS)/.ready: $(BIN)/python requirements/emulators.txt
	@echo "installing the emulators into $(EMULATORS)"
	@$(BIN)/python -m venv $(EMULATORS)
	@$(EMULATORS)/bin/python $(PIP) -r requirements/emulators.txt
	@touch $@

demo: $(VENV)/.demo
	@$(BIN)/prooftrail demo --out demo

test: check types imports unit

check: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .

types: $(VENV)/.dev
	@$(BIN)/mypy

imports: $(VENV)/.dev
	@PYTHONPATH=functions $(BIN)/lint-imports --no-cache

unit: $(VENV)/.dev $(EMULATORS)/.ready
	@$(BIN)/pytest
	@which chromium chromium-browser google-chrome 2>/dev/null | grep -q . || printf '\n%s\n%s\n' \
	  '*** LEFT OUT: no Chromium here, so nobody looked at the report in a browser (tests/browser).' \
	  '*** Debian: apt-get install chromium. PROOFTRAIL_REQUIRE_BROWSER=1 makes its absence a failure.'

node_modules/.ready: package.json package-lock.json
	@echo "installing the CDK command line into node_modules"
	@npm ci --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error
	@touch $@

e2e: $(VENV)/.dev $(EMULATORS)/.ready node_modules/.ready
	@$(BIN)/python -m e2e.run

bench: $(VENV)/.dev
	@$(BIN)/python benchmarks/run.py

fix: $(VENV)/.dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock:
	@requirements/lock.sh

clean:
	rm -rf $(VENV) $(EMULATORS) node_modules cdk.out demo/evidence demo/home demo/pack build .mypy_cache .ruff_cache .pytest_cache
