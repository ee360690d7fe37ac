# Everything that is run, is run from here; CI calls the same targets. `make` alone lists them.
# Variables are passed on: STICKY_MODE=on HTTP_PORT=8081 make up

BIN := .venv/bin
BUILT_FROM := setup.py pyproject.toml $(wildcard constraints.txt) deploy/local/bootstrap.sh
FAST := not chaos and not soak

.DEFAULT_GOAL := help
.PHONY: help up down status logs seed test chaos soak compare bench-cache dashboards lint types format lock screenshots clean tools

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

up: .venv/.stack ## start everything, show where to browse, follow the logs; Ctrl-C stops it all
	@exec $(BIN)/hotseat up

down: .venv/.stack ## stop everything, whatever happened before; data stays
	@$(BIN)/hotseat down

status: .venv/.stack ## show each process of the stack
	@$(BIN)/hotseat status

logs: .venv/.stack ## follow the logs of the running stack
	@exec $(BIN)/hotseat logs --follow

seed: .venv/.stack ## fill the running stack with people and cards
	@$(BIN)/hotseat seed

test: .venv/.dev tools ## run the first tier of tests: unit, integration, browser (minutes)
	@$(BIN)/python -m pytest tests -m "$(FAST)" --cov=cache --cov=webapp --cov=dashboards --cov=deploy --cov=lab --cov-report=term --durations=40

chaos: .venv/.dev tools ## run the tests that break things on purpose
	@$(BIN)/python -m pytest tests -m chaos || [ $$? -eq 5 ]

soak: .venv/.dev tools ## run the tests that take long
	@$(BIN)/python -m pytest tests -m soak --timeout=7200 || [ $$? -eq 5 ]

compare: .venv/.lab ## measure the ladder to stickiness on stacks of its own, and say what it is worth (minutes)
	@$(BIN)/hotseat compare --quick

bench-cache: .venv/.dev ## measure the cache beside others, write docs/benchmarks-cache.md (minutes; TRACES=folder: real traces too)
	@$(BIN)/python -m benchmarks --markdown docs/benchmarks-cache.md $(if $(TRACES),--traces "$(TRACES)")

dashboards: .venv/.dev ## write Grafana's dashboards, Prometheus's rules and alerts anew into dashboards/generated
	@$(BIN)/python -m dashboards

lint: .venv/.dev ## check style, and who imports whom
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "run: make format"; exit 1; }
	@$(BIN)/lint-imports --no-logo

types: .venv/.dev ## check types
	@$(BIN)/mypy

format: .venv/.dev ## put the code into its form
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet

lock: ## write constraints.txt anew: the newest versions that setup.py allows
	@rm -rf .tools/lock && python3 -m venv .tools/lock
	@.tools/lock/bin/pip install --quiet --upgrade pip && .tools/lock/bin/pip install --quiet -e '.[dev]'
	@.tools/lock/bin/pip freeze --all --exclude-editable --exclude pip > constraints.txt && rm -rf .tools/lock

screenshots: .venv/.dev tools ## take the pictures of docs/images anew (minutes)
	@PYTHONPATH=tests/support $(BIN)/python tests/browser/screenshots.py
	@PYTHONPATH=tests/support $(BIN)/python tests/dashboards/pictures.py

clean: ## stop the stack; remove .venv, .tools and caches (data in .run stays)
	@[ ! -x $(BIN)/hotseat ] || $(BIN)/hotseat down
	@rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What the tests run beside Python packages, chromium included.
tools: .venv/.dev
	@$(BIN)/python -m deploy.local haproxy redis-server prometheus promtool chromium > /dev/null

.venv/.stack: $(BUILT_FROM)
	@sh deploy/local/bootstrap.sh stack

.venv/.lab: $(BUILT_FROM)
	@sh deploy/local/bootstrap.sh lab

.venv/.dev: $(BUILT_FROM)
	@sh deploy/local/bootstrap.sh dev
