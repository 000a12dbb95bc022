# Every target works in a fresh clone: it makes .venv (script/setup) and the programs it needs (script/tools) by itself.
BIN := .venv/bin
READY := .venv/.ready
.DEFAULT_GOAL := help
.PHONY: help demo test check format bench docs tools setup

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(READY) ## the story of one repository, really done: plan, deploy, approve, fail, undo, drift
	@script/demo

test: ## everything, the slow tests on real tools too; what CI runs
	@script/setup && touch $(READY)
	@script/tools
	@$(BIN)/pytest -n auto --dist worksteal

check: $(READY) ## format, lint, types, layers, fast tests: seconds
	@$(BIN)/ruff format --check --output-format concise --quiet || { echo "make format mends this" >&2; exit 1; }
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports >$(BIN)/../lint.log || { cat $(BIN)/../lint.log; exit 1; }
	@$(BIN)/python script/docs.py --check
	@$(BIN)/pytest -q -n auto --hypothesis-profile quick -m "not tools and not slow"

format: $(READY) ## what a program can mend of format and lint
	@$(BIN)/ruff format --quiet
	@$(BIN)/ruff check --fix --quiet

docs: $(READY) ## write the reference pages that are made from code
	@$(BIN)/python script/docs.py

bench: $(READY) ## ratios against the bare tools, with their noise
	@script/tools
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/deploy.py
	@$(BIN)/python benchmarks/drift.py

tools: ## OpenTofu and the lab provider, built once per user
	@script/tools

setup: ## .venv with all dependencies
	@script/setup && touch $(READY)

$(READY): uv.lock pyproject.toml script/setup
	@script/setup && touch $(READY)
