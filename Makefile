# What is done to and with this project; `make` lists it. Only Python and make are needed: the rest goes into .venv.
#   PYTHON=python3.12 chooses the interpreter, ARGS="…" is handed on to the command.

PYTHON ?= python3
UV     ?= uv
DOCKER ?= docker
ARGS   ?=

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.installed

# The quick tests first, so that a fault shows soon; then the longest, lest it be alone at the end; then all others.
QUICK := tests/unit tests/corpus
FIRST := $(QUICK) tests/soak
TESTS := $(FIRST) $(filter-out $(FIRST) tests/fakes tests/__pycache__,$(patsubst %/,%,$(wildcard tests/*/)))

.DEFAULT_GOAL := help
.PHONY: help setup run demo check test bench docs image lock clean

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with everything that is needed (instant when nothing changed)

run: $(STAMP) ## watch config/watchlist.yaml; pages at http://127.0.0.1:11102
	@$(BIN)/watcher run --config config/watcher.yaml $(ARGS)

demo: $(STAMP) ## play the eleven minutes of 2 November 2017 (ARGS="--speed 600 --once")
	@$(BIN)/watcher demo $(ARGS)

test: $(STAMP) ## run all tests
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(TESTS) $(ARGS)

check: $(STAMP) ## lint, formats, types, the directions of imports, the YAML files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict config watcher/platforms .pre-commit-config.yaml .yamllint
	$(BIN)/watcher check --config config/watcher.yaml
	$(BIN)/hadolint Dockerfile

bench: $(STAMP) ## measure the speed of what must be fast
	$(BIN)/python -m bench $(ARGS)

docs: $(STAMP) ## write what is made from the program (pages, config/schema/), and build the site: build/site
	$(BIN)/python -m watcher.settings.platformdocs > docs/platforms.md.new
	mv docs/platforms.md.new docs/platforms.md
	$(BIN)/python -m watcher.cli.reference > docs/reference/cli.md.new
	mv docs/reference/cli.md.new docs/reference/cli.md
	for file in watcher watchlist; do \
	  $(BIN)/python -m watcher.settings.editorschema $$file docs/configuration.md > $$file.new \
	  && cp $$file.new watcher/schemas/$$file.schema.json && mv $$file.new config/schema/$$file.schema.json || exit 1; \
	done
	$(BIN)/mkdocs build --strict --config-file docs/site/mkdocs.yml

image: ## build the container image `watcher` (DOCKER=podman)
	$(DOCKER) build --tag watcher .

# The other two are parts of the first, for the image: what a run needs, and what makes the wheel.
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links --no-strip-extras
lock: ## write requirements*.txt anew from pyproject.toml (needs uv)
	$(UV) $(LOCK) --upgrade --extra demo --extra browser --extra fast --extra apprise --group dev pyproject.toml -o requirements.txt
	$(UV) $(LOCK) --no-annotate -c requirements.txt --extra fast pyproject.toml -o requirements-run.txt
	$(UV) $(LOCK) --no-annotate -c requirements.txt --group build -o requirements-build.txt

clean: ## remove .venv, builds and caches; what was observed (var/) stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "watcher needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version 2>&1 || true)." >&2; \
	  echo "Name another one: make $(firstword $(MAKECMDGOALS) setup) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: its venv module is missing." >&2; \
	  echo "On Debian and Ubuntu: apt-get install python3-venv. Or name another one: PYTHON=/path/to/python3" >&2; \
	  exit 1; }
	@echo "Installing into $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
