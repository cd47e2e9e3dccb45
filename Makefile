# What can be done here, and how. `make` alone lists it.
#
# Nothing has to be installed before but Python 3.11 or newer and make: the tools live in .venv, in the very versions
# that requirements/*.txt pin by hash, and are installed when a command first needs them.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes --requirement

# The default tests talk to no cloud, and could not: these are nobody's credentials.
OFFLINE := AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_SESSION_TOKEN=testing \
    AWS_DEFAULT_REGION=us-east-1 AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
    AWS_EC2_METADATA_DISABLED=true

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# ── The stack on this machine ─────────────────────────────────────────────────────────────────────────────────────────

.PHONY: demo
demo: $(VENV)/installed $(VENV)/stack/installed ## see it work: start the stack, deliver sample logs, ask questions, stop
	@$(RUN) -m tests.local demo

.PHONY: up
up: $(VENV)/installed $(VENV)/stack/installed ## start the stack and keep it running here (Ctrl-C stops it, data stays)
	@$(RUN) -m tests.local up

.PHONY: down
down: $(VENV)/installed ## stop the stack that `make up` runs elsewhere
	@$(RUN) -m tests.local down

.PHONY: env
env: $(VENV)/installed ## print where the running stack is, as exports for a shell
	@$(RUN) -m tests.local env

.PHONY: invoke
invoke: $(VENV)/installed ## call a function of the running stack: make invoke FUNCTION=<LogicalId> EVENT=<file>
	@$(RUN) -m tests.local invoke --function "$(FUNCTION)" --event "$(EVENT)"

# ── Quality ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# In the order of their folders: what waits for stacks and servers begins first, and what takes milliseconds fills up.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

.PHONY: test
test: $(VENV)/installed $(VENV)/stack/installed ## run the tests (some only: make test TESTS="tests/unit -k mask")
	$(OFFLINE) $(RUN) -m pytest $(PARALLEL) $(TESTS)

.PHONY: test-thorough
test-thorough: $(VENV)/installed $(VENV)/stack/installed ## run those that try everything: each fault at each call, kills, any request
	$(OFFLINE) $(RUN) -m pytest -m thorough $(PARALLEL) $(TESTS)

.PHONY: test-heavy
test-heavy: $(VENV)/installed ## run the tests that take minutes: a million events are exported in every format
	$(OFFLINE) $(RUN) -m pytest -m heavy $(TESTS)

.PHONY: check
check: $(VENV)/installed ## check format, style, types and the template
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/cfn-lint --append-rules cfn_lint_serverless.rules -- template.yaml
	$(OFFLINE) $(RUN) -m pytest --quiet tests/template

# ── Benchmarks ────────────────────────────────────────────────────────────────────────────────────────────────────────

# Lakes are kept in build/bench and used again. Some sections only: make bench BENCH_ONLY=read,insights (others: start,
# delivery, compaction, search).
# Sizes: BENCH_DAYS, BENCH_LONG_DAYS (0: none), BENCH_EVENTS_PER_DAY, BENCH_SMALL_OBJECTS, BENCH_RUNS. BENCH_QUICK=1: all
# small. BENCH_TRACE=1: prints each request of ours.
.PHONY: bench
bench: $(VENV)/installed $(VENV)/bench/installed ## measure against DuckDB, Polars and pyarrow, into docs/benchmarks.md
	@PYTHONPATH=layers/core:. $(RUN) -m tests.benchmarks

# ── Packages ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# The layers' Makefiles take python3 from PATH, for its pip.
.PHONY: build
build: $(VENV)/installed $(VENV)/sam/installed ## make the package for AWS in .aws-sam/build, and weigh it
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" SAM_CLI_TELEMETRY=0 $(VENV)/sam/bin/sam build --template template.yaml
	@$(RUN) -m tests.local.build

.PHONY: lock
lock: $(VENV)/lock/installed ## pin the newest versions of all packages anew
	$(VENV)/lock/bin/python requirements/lock.py

.PHONY: clean
clean: ## remove what the commands above installed and made (the data of `make up` stays)
	rm -rf $(VENV) .aws-sam build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ── Environments ──────────────────────────────────────────────────────────────────────────────────────────────────────
# Four, because their pins exclude each other: development and tests, the emulator, the SAM CLI, the peers of the
# benchmarks. Each has a stamp, newer than the pins that it was made from.

$(VENV)/installed: requirements/dev.txt
$(VENV)/stack/installed: requirements/stack.txt
$(VENV)/sam/installed: requirements/sam.txt
$(VENV)/bench/installed: requirements/bench.txt

$(VENV)/installed $(VENV)/stack/installed $(VENV)/sam/installed $(VENV)/bench/installed: | python
	@echo "Installing $< into $(@D), once"
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python $(PIP_INSTALL) $<
	@touch $@

$(VENV)/lock/installed: | python
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Trailkeep needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1 | tail -1)." >&2; \
	    echo "Name another: make PYTHON=/path/to/python3.13 …" >&2; exit 1; }
